//! Factors of the spots of a block, evaluated once for all its tiles.

use std::ops::Range;

use super::Renderer;
use super::kernel::Real;
use super::lanes::{LANE, Numbers};
use super::lattice::Window;
use crate::grid::Box3;
use crate::math::{GROUP, Ramp};
use crate::profiles::{Separable, Shape};
use crate::simd::prefetch;
use crate::spot::Spot;

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

/// How many spots ahead memory is asked for: a block's spots lie scattered over the list of all.
const AHEAD: usize = 16;

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
    /// Factors of one spot.
    own: Vec<T>,
}

impl<T: Real> Tables<T> {
    pub fn new() -> Tables<T> {
        Tables { factors: Numbers::new(), drawn: Vec::new(), used: 0, own: Vec::new() }
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
        let mut group = 0;
        for (i, &id) in ids.iter().enumerate() {
            if self.used * size_of::<T>() >= TABLE_BYTES || i == MOST_SPOTS {
                return &ids[i..];
            }
            if let Some(&ahead) = ids.get(i + AHEAD) {
                prefetch(&spots.list[ahead as usize]);
                prefetch(&renderer.accuracy.reach[ahead as usize]);
            }
            let (id, spot) = (id as usize, &spots.list[id as usize]);
            let reach = &renderer.accuracy.reach[id];
            let Some(part) = renderer.lattice.footprint(&spot.centre, reach, &window) else {
                continue;
            };
            // The numbers ascend, and with them the groups.
            while spots.groups[group].end <= id {
                group += 1;
            }
            let mut within = [0..0, 0..0, 0..0];
            for a in 0..3 {
                let first = voxels[a].start;
                within[a] = (part[a].start - first) as u32..(part[a].end - first) as u32;
            }
            let form = match scene.groups[group].profile.shape() {
                Shape::Separable(profile) => self.add(renderer, spot, profile, &part, &within, whole),
                Shape::Dense(_) => Form::Dense(id as u32),
            };
            self.drawn.push(Drawn { voxels: within, form });
        }
        &[]
    }

    /// Adds the factors of a spot for the voxels `part` of the whole grid, `within` the block.
    #[inline(always)]
    fn add(
        &mut self,
        renderer: &Renderer<'_>,
        spot: &Spot,
        profile: &dyn Separable,
        part: &Box3,
        within: &[Range<u32>; 3],
        whole: [usize; 3],
    ) -> Form {
        // In a plane there is no factor along z; the voxel's own is the amplitude.
        let mut ramps = [Ramp { first: 0.0, step: 0.0, start: 0.0, count: 0 }; 3];
        let mut room = [GROUP; 3];
        let per_width = spot.size.width.map(|width| 1.0 / width);
        let grid = renderer.grid();
        for a in grid.axes() {
            ramps[a] = renderer.lattice.frame(a, spot.centre[a], per_width[a]).ramp(&part[a]);
            room[a] = ramps[a].room();
        }
        let all = room[0] + room[1] + room[2];
        if self.own.len() < all {
            self.own.resize(all, T::default());
        }
        if grid.flat {
            T::factors(profile, &ramps[..2], &mut self.own[..room[0] + room[1]]);
            self.own[room[0] + room[1]] = T::from_f64(1.0);
        } else {
            T::factors(profile, &ramps, &mut self.own[..all]);
        }

        let around = |a: usize, step: usize| {
            let range = &within[a];
            range.start as usize / step * step..(range.end as usize).next_multiple_of(step)
        };
        let (mut boxes, mut own, mut all) = ([around(0, LANE), around(1, 1), around(2, 1)], 1, 1);
        let wider = [around(0, whole[0]), around(1, whole[1]), around(2, whole[2])];
        for a in 0..3 {
            own *= within[a].len();
            all *= wider[a].len();
        }
        let wide = WORTHWHILE * own > all;
        if wide {
            boxes = wider;
        }
        // Registers load their factors from one line of the cache.
        let mut at = self.used.next_multiple_of(if wide { 2 * LANE } else { LANE });
        let end = at + boxes[0].len() + boxes[1].len() + boxes[2].len() + GROUP;
        if self.factors.len() < end {
            self.factors.resize(2 * end);
        }
        let (mut first, mut rest) = ([0; 3], &self.own[..]);
        let amplitude = T::from_f64(spot.amplitude);
        let one = T::from_f64(1.0);
        for a in 0..3 {
            let start = within[a].start as usize - boxes[a].start;
            let (own, more) = rest.split_at(room[a]);
            rest = more;
            let out = &mut self.factors[at..at + boxes[a].len() + GROUP];
            place(out, start, own, if a == 2 { amplitude } else { one }, within[a].len());
            // The first lane begins before the spot does.
            first[a] = (at + if a == 0 { start / LANE * LANE } else { start }) as u32;
            at += boxes[a].len();
        }
        self.used = at;
        Form::Separable { factors: first, wide }
    }
}

/// Writes `count` factors to `out[start..]`, and 0 elsewhere but into the last group, which is there to be written over.
/// All of it in whole groups: what a group has too much is corrected by the next.
#[inline(always)]
fn place<T: Real>(out: &mut [T], start: usize, own: &[T], amplitude: T, count: usize) {
    let end = out.len() - GROUP;
    let mut write = |at: usize, group: &[T; GROUP]| {
        if let Some(out) = out[at..].first_chunk_mut::<GROUP>() {
            for (out, factor) in out.iter_mut().zip(group) {
                *out = amplitude.mul(*factor);
            }
        }
    };
    for at in (0..start).step_by(GROUP) {
        write(at, &[T::default(); GROUP]);
    }
    for (group, at) in own.as_chunks::<GROUP>().0.iter().zip((start..).step_by(GROUP)) {
        write(at, group);
    }
    for at in (start + count..end).step_by(GROUP) {
        write(at, &[T::default(); GROUP]);
    }
}
