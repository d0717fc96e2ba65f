//! Spots side by side: a few at a time, each of their numbers in an array of its own, so that what is the same for all
//! of them is worked out for several at once.

use super::Renderer;
use super::lattice::Window;
use crate::math::Ramp;
use crate::simd::prefetch;

/// Spots side by side.
pub const SPOTS: usize = 32;

/// One number of each spot.
type Each = [f64; SPOTS];

pub struct Gathered {
    /// Spots in use.
    pub count: usize,
    centre: [Each; 3],
    reach: [Each; 3],
    width: [Each; 3],
    pub amplitude: Each,
    /// First and end voxel along x y z, counted from the first of the window; none where the end is not behind the first.
    pub first: [Each; 3],
    pub end: [Each; 3],
    /// The same as whole numbers, for windows of the size of a block.
    pub first_voxel: [[u32; SPOTS]; 3],
    pub end_voxel: [[u32; SPOTS]; 3],
    /// The numbers of a [`Ramp`] along x y z: `first`, `start` and `step`.
    from: [Each; 3],
    start: [Each; 3],
    step: [Each; 3],
}

impl Gathered {
    pub fn new() -> Gathered {
        let none = [[0.0; SPOTS]; 3];
        Gathered {
            count: 0,
            centre: none,
            reach: none,
            width: none,
            amplitude: [0.0; SPOTS],
            first: none,
            end: none,
            first_voxel: [[0; SPOTS]; 3],
            end_voxel: [[0; SPOTS]; 3],
            from: none,
            start: none,
            step: none,
        }
    }

    /// Takes the first of the spots `ids`, at most [`SPOTS`].
    #[inline(always)]
    pub fn take(&mut self, renderer: &Renderer<'_>, ids: &mut impl Iterator<Item = usize>) {
        let (list, reaches) = (&renderer.spots.list, &renderer.accuracy.reach);
        self.count = 0;
        for id in ids.take(SPOTS) {
            let (i, spot, reach) = (self.count, &list[id], &reaches[id]);
            for a in 0..3 {
                self.centre[a][i] = spot.centre[a];
                self.reach[a][i] = f64::from(reach[a]);
                self.width[a][i] = spot.size.width[a];
            }
            self.amplitude[i] = spot.amplitude;
            self.count += 1;
        }
    }

    /// The voxels of `window` that each spot reaches.
    #[inline(always)]
    pub fn footprints(&mut self, renderer: &Renderer<'_>, window: &Window) {
        for a in 0..3 {
            for i in 0..SPOTS {
                (self.first[a][i], self.end[a][i]) =
                    renderer.lattice.span(a, self.centre[a][i], self.reach[a][i], window);
            }
        }
    }

    /// Makes whole numbers of the footprints, which must be those within a block.
    #[inline(always)]
    pub fn whole_voxels(&mut self) {
        for a in 0..3 {
            for i in 0..SPOTS {
                // The lowest bits of the sum; all processors can do that for several numbers at once.
                let whole = |x: f64| (x + 4_503_599_627_370_496.0).to_bits() as u32;
                self.first_voxel[a][i] = whole(self.first[a][i]);
                self.end_voxel[a][i] = whole(self.end[a][i]);
            }
        }
    }

    /// Whether spot `i` has voxels.
    #[inline(always)]
    pub fn visible(&self, i: usize) -> bool {
        // Without a branch.
        (0..3).fold(true, |visible, a| visible & (self.first[a][i] < self.end[a][i]))
    }

    /// How far the voxels of its footprint along an axis are from spot `i`; the factors go to `place`.
    #[inline(always)]
    pub fn ramp(&self, a: usize, i: usize, place: usize) -> Ramp {
        let count = (self.end_voxel[a][i] - self.first_voxel[a][i]) as usize;
        Ramp { first: self.from[a][i], step: self.step[a][i], start: self.start[a][i], count, place }
    }

    /// Makes the ramps.
    #[inline(always)]
    pub fn ramps(&mut self, renderer: &Renderer<'_>, window: &Window) {
        for a in 0..3 {
            for i in 0..SPOTS {
                let frame = renderer.lattice.frame(a, self.centre[a][i], 1.0 / self.width[a][i]);
                // Whole numbers, and exact.
                self.from[a][i] = window.first[a] + self.first[a][i] - frame.anchor;
                (self.start[a][i], self.step[a][i]) = (frame.start, frame.step);
            }
        }
    }
}

/// Asks for spot `id`, which is to be taken soon.
#[inline(always)]
pub fn expect(renderer: &Renderer<'_>, id: usize) {
    prefetch(&renderer.spots.list[id]);
    prefetch(&renderer.accuracy.reach[id]);
}
