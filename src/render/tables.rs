//! Factors of the spots of a block, evaluated once for all its tiles.

use std::ops::Range;

use super::Renderer;
use super::gather::{self, Gathered, SPOTS};
use super::kernel::Real;
use super::lanes::{LANE, Numbers};
use super::lattice::Window;
use crate::grid::Box3;
use crate::math::{GROUP, Ramp};
use crate::profiles::Shape;

/// One spot within a block; voxels count from the block's first.
pub struct Drawn {
    /// x y z.
    pub voxels: [Range<u32>; 3],
    pub form: Form,
}

pub enum Form {
    Separable {
        /// Indices of the factors of the first lane that the spot touches, its first row and its first slice.
        factors: [u32; 3],
        /// Whether there are factors, 0, for the whole of every box of a product that the spot reaches.
        wide: bool,
    },
    /// Evaluated voxel by voxel: the number of the spot.
    Dense(u32),
}

/// Bytes that the factors of a batch of spots should take at most: they stay in the second-level cache.
pub const TABLE_BYTES: usize = 3 << 18;

/// A spot is wide where so many times its box is more than all voxels that a product would work on for it: wide spots in
/// a row are what makes a product worth its while, even where some hardly reach the tile.
const WORTHWHILE: usize = 6;

/// Spots of a batch at most; those that are evaluated voxel by voxel have no factors.
const MOST_SPOTS: usize = 1 << 14;

/// Factors of a batch of spots, in the order of their numbers.
pub struct Tables<T> {
    pub factors: Numbers<T>,
    pub drawn: Vec<Drawn>,
    /// Factors in use.
    used: usize,
    gathered: Box<Gathered>,
    /// Spots whose factors have their places, but no values yet: all of one profile.
    places: Vec<[Place; 3]>,
    amplitudes: Vec<f64>,
    ramps: Vec<Ramp>,
}

/// Where the factors of a spot along one axis lie: the spot's own from `start` to `end`, and as many 0 as there are around.
#[derive(Clone, Copy)]
struct Place {
    first: usize,
    start: usize,
    end: usize,
    last: usize,
}

impl<T: Real> Tables<T> {
    pub fn new() -> Tables<T> {
        Tables {
            factors: Numbers::new(),
            drawn: Vec::new(),
            used: 0,
            gathered: Box::new(Gathered::new()),
            places: Vec::new(),
            amplitudes: Vec::new(),
            ramps: Vec::new(),
        }
    }

    /// Replaces the factors by those of the first of the spots `ids` within the block `voxels` (indices of the whole
    /// grid), and returns the spots that are left. Where a product is drawn, it works on boxes of `whole` voxels.
    #[inline(always)]
    pub fn fill<'a>(
        &mut self,
        renderer: &Renderer<'_>,
        voxels: &Box3,
        whole: [usize; 3],
        ids: &'a [u32],
    ) -> &'a [u32] {
        let (scene, spots) = (renderer.scene, renderer.spots);
        self.used = 0;
        self.drawn.clear();
        let window = Window::new(voxels);
        let (mut group, mut rest, flat) = (0, ids, renderer.grid().flat);
        let mut shape = scene.groups[group].profile.shape();
        let reach =
            (0..3).map(|a| (voxels[a].end - voxels[a].start) as usize + 2 * whole[a] + GROUP).sum::<usize>();
        while !rest.is_empty() && self.used * size_of::<T>() < TABLE_BYTES && self.drawn.len() < MOST_SPOTS {
            // As many as have room even if they reach over the whole of the block.
            let most = (TABLE_BYTES / size_of::<T>() - self.used) / reach;
            let (chunk, more) = rest.split_at(rest.len().min(most.clamp(1, SPOTS)));
            rest = more;
            self.gathered.take(renderer, &mut chunk.iter().map(|&id| id as usize));
            self.gathered.footprints(renderer, &window);
            self.gathered.whole_voxels();
            self.gathered.frames(renderer);
            for (i, &id) in chunk.iter().enumerate() {
                // A block's spots lie scattered over the list of all.
                if let Some(&next) = rest.get(i) {
                    gather::expect(renderer, next as usize);
                }
                if !self.gathered.visible(i) {
                    continue;
                }
                // The numbers ascend, and with them the groups.
                if spots.groups[group].end <= id as usize {
                    self.evaluate(&shape, flat);
                    while spots.groups[group].end <= id as usize {
                        group += 1;
                    }
                    shape = scene.groups[group].profile.shape();
                }
                let form = match shape {
                    Shape::Separable(_) => self.place(i, voxels, whole, flat),
                    Shape::Dense(_) => Form::Dense(id),
                };
                let along = |a: usize| self.gathered.first_voxel[a][i]..self.gathered.end_voxel[a][i];
                self.drawn.push(Drawn { voxels: [along(0), along(1), along(2)], form });
            }
            self.evaluate(&shape, flat);
        }
        rest
    }

    /// Finds places for the factors of spot `i` of those at hand.
    #[inline(always)]
    fn place(&mut self, i: usize, voxels: &Box3, whole: [usize; 3], flat: bool) -> Form {
        let spots = &*self.gathered;
        let within = |a: usize| spots.first_voxel[a][i] as usize..spots.end_voxel[a][i] as usize;
        let within = [within(0), within(1), within(2)];
        let around = |a: usize, step: usize| {
            // Steps are powers of two.
            let range = &within[a];
            range.start & !(step - 1)..(range.end + step - 1) & !(step - 1)
        };
        let mut boxes = [around(0, LANE), around(1, 1), around(2, 1)];
        let wider = [around(0, whole[0]), around(1, whole[1]), around(2, whole[2])];
        let volume = |sides: &[Range<usize>; 3]| sides[0].len() * sides[1].len() * sides[2].len();
        let wide = WORTHWHILE * volume(&within) > volume(&wider);
        if wide {
            boxes = wider;
        }
        // Registers load their factors from one line of the cache.
        let mut at = self.used.next_multiple_of(if wide { 2 * LANE } else { LANE });
        let mut first = [0; 3];
        let mut places = [Place { first: 0, start: 0, end: 0, last: 0 }; 3];
        for a in 0..3 {
            let skipped = within[a].start - boxes[a].start;
            let start = at + skipped;
            places[a] = Place { first: at, start, end: start + within[a].len(), last: at + boxes[a].len() };
            // The first lane begins before the spot does.
            first[a] = (at + if a == 0 { skipped / LANE * LANE } else { skipped }) as u32;
            // In a plane there is no factor along z; the voxel's own is the amplitude.
            if a < 2 || !flat {
                let first = voxels[a].start + within[a].start as u64;
                let own = first..first + within[a].len() as u64;
                self.ramps.push(Ramp { place: start, ..spots.frame(a, i).ramp(&own) });
            }
            // All is written in whole groups.
            at = places[a].last + GROUP;
        }
        self.used = at;
        self.places.push(places);
        self.amplitudes.push(spots.amplitude[i]);
        Form::Separable { factors: first, wide }
    }

    /// Evaluates the factors that have places.
    #[inline(always)]
    fn evaluate(&mut self, shape: &Shape<'_>, flat: bool) {
        let Shape::Separable(profile) = shape else { return };
        if self.factors.len() < self.used {
            self.factors.resize(self.used + self.used / 4);
        }
        for place in self.places.as_flattened() {
            clear(&mut self.factors, place.first, place.start);
        }
        T::factors(*profile, &self.ramps, &mut self.factors);
        for (places, &amplitude) in self.places.iter().zip(&self.amplitudes) {
            let amplitude = T::from_f64(amplitude);
            let [.., z] = places;
            if flat {
                self.factors[z.start] = T::from_f64(1.0);
            }
            let room = (z.end - z.start).next_multiple_of(GROUP);
            for group in self.factors[z.start..z.start + room].as_chunks_mut::<GROUP>().0 {
                *group = group.map(|factor| amplitude.mul(factor));
            }
            for place in places {
                clear(&mut self.factors, place.end, place.last);
            }
        }
        self.places.clear();
        self.amplitudes.clear();
        self.ramps.clear();
    }
}

/// Writes 0 to the factors from `start` to `end`, in whole groups.
#[inline(always)]
fn clear<T: Real>(factors: &mut [T], start: usize, end: usize) {
    for at in (start..end).step_by(GROUP) {
        if let Some(group) = factors[at..].first_chunk_mut::<GROUP>() {
            *group = [T::default(); GROUP];
        }
    }
}
