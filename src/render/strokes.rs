//! Spots cut at the edges of tiles, and sorted into them.

use std::ops::Range;

use super::block::ROW_GROUP;
use super::lanes::LANE;
use super::product::SLICES;

/// How a spot is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// From factors for the lanes, rows and slices that it touches.
    Narrow,
    /// Fit for a product: from factors, 0 outside its box, for the whole width of the tiles and every group of rows and
    /// slices that it reaches.
    Wide,
    /// Voxel by voxel.
    Dense,
}

/// One spot's box within a tile, and where its factors lie.
#[derive(Debug, Clone, Copy)]
#[repr(align(32))]
pub struct Stroke {
    /// The number of the spot.
    pub id: u32,
    tile: u32,
    /// First and end voxel of a row, first and end row, first and end slice; within the tile.
    pub x: (u8, u8),
    pub y: (u16, u16),
    pub z: (u16, u16),
    pub kind: Kind,
    /// Indices of the factors of the first lane, row and slice; z factors are times the amplitude.
    pub factors: [u32; 3],
}

impl Stroke {
    /// Where its factors begin, along x y z: a lane, a row and a slice.
    #[inline(always)]
    pub fn first(&self) -> [usize; 3] {
        [self.first_lane(), self.y.0 as usize, self.z.0 as usize]
    }

    #[inline(always)]
    pub fn end(&self) -> [usize; 3] {
        [self.x.1 as usize, self.y.1 as usize, self.z.1 as usize]
    }

    /// The first voxel of its first lane.
    #[inline(always)]
    pub fn first_lane(&self) -> usize {
        self.x.0 as usize / LANE * LANE
    }

    #[inline(always)]
    pub fn lanes(&self) -> usize {
        (self.x.1 as usize).div_ceil(LANE) - self.x.0 as usize / LANE
    }

    /// Voxels that a product works on at most, whatever columns it skips, in a tile of which `extent` is wanted.
    pub fn product_voxels(&self, extent: [usize; 3]) -> usize {
        let around = |a: usize, (start, end): (u16, u16), step: usize| {
            (end as usize).next_multiple_of(step).min(extent[a]) - start as usize / step * step
        };
        extent[0] * around(1, self.y, ROW_GROUP) * around(2, self.z, SLICES)
    }

    /// Voxels that drawing by rows works on.
    pub fn voxels(&self) -> usize {
        self.lanes() * LANE * (self.y.1 - self.y.0) as usize * (self.z.1 - self.z.0) as usize
    }
}

/// The strokes of a batch of spots.
#[derive(Default)]
pub struct Strokes {
    /// Voxels of a tile along x y z, as powers of two.
    bits: [u32; 3],
    /// Tiles along x y z.
    count: [usize; 3],
    /// In the order of the spots.
    added: Vec<Stroke>,
    /// Tile by tile, those of each in the order of the spots; and where those of each tile begin.
    sorted: Vec<Stroke>,
    starts: Vec<usize>,
}

impl Strokes {
    /// Forgets all strokes; there are `count` tiles of `size` voxels along x y z, a power of two each.
    #[inline(always)]
    pub fn begin(&mut self, size: [usize; 3], count: [usize; 3]) {
        self.bits = size.map(usize::trailing_zeros);
        self.count = count;
        self.added.clear();
        self.starts.clear();
        // One more for the end of the last, and one for `sort`, which counts ahead.
        self.starts.resize(self.tiles() + 2, 0);
    }

    pub fn len(&self) -> usize {
        self.added.len()
    }

    pub fn tiles(&self) -> usize {
        self.count.iter().product()
    }

    /// Adds spot `id`: its box, counted from the first voxel of all tiles, and its factors from the first lane, row and
    /// slice of the box.
    #[inline(always)]
    pub fn add(&mut self, id: u32, voxels: &[Range<u32>; 3], factors: [u32; 3], kind: Kind) {
        let tiles = |a: usize| voxels[a].start >> self.bits[a]..((voxels[a].end - 1) >> self.bits[a]) + 1;
        // The part of the box in a tile, within that, and where it begins within all tiles.
        let part = |a: usize, tile: u32| {
            let first = tile << self.bits[a];
            let start = voxels[a].start.max(first);
            let end = voxels[a].end.min(first + (1 << self.bits[a]));
            ((start - first, end - first), start)
        };
        let lane = |voxel: u32| voxel / LANE as u32 * LANE as u32;
        for tile_z in tiles(2) {
            let (z, start_z) = part(2, tile_z);
            for tile_y in tiles(1) {
                let (y, start_y) = part(1, tile_y);
                for tile_x in tiles(0) {
                    let (x, start_x) = part(0, tile_x);
                    let row = tile_z as usize * self.count[1] + tile_y as usize;
                    let tile = row * self.count[0] + tile_x as usize;
                    self.starts[tile + 2] += 1;
                    let factors = [
                        factors[0] + lane(start_x) - lane(voxels[0].start),
                        factors[1] + start_y - voxels[1].start,
                        factors[2] + start_z - voxels[2].start,
                    ];
                    let short = |(start, end): (u32, u32)| (start as u16, end as u16);
                    self.added.push(Stroke {
                        id,
                        tile: tile as u32,
                        x: (x.0 as u8, x.1 as u8),
                        y: short(y),
                        z: short(z),
                        kind,
                        factors,
                    });
                }
            }
        }
    }

    /// Sorts the strokes into their tiles.
    #[inline(always)]
    pub fn sort(&mut self) {
        for i in 2..self.starts.len() {
            self.starts[i] += self.starts[i - 1];
        }
        assert_eq!(self.starts.last(), Some(&self.added.len()), "sorted once");
        self.sorted.clear();
        self.sorted.reserve(self.added.len());
        let places = self.sorted.as_mut_ptr();
        for stroke in &self.added {
            let next = &mut self.starts[stroke.tile as usize + 1];
            // SAFETY: there is room for as many as were added, and each has a place of its own among them.
            unsafe { places.add(*next).write(*stroke) };
            *next += 1;
        }
        // SAFETY: so many were written.
        unsafe { self.sorted.set_len(self.added.len()) };
    }

    /// The strokes within a tile, in the order of the spots.
    #[inline(always)]
    pub fn of(&self, tile: usize) -> &[Stroke] {
        &self.sorted[self.starts[tile]..self.starts[tile + 1]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    /// Each voxel of each spot is in one stroke, with the factors that belong to it; the spots keep their order.
    #[test]
    fn strokes_cover_each_voxel_of_a_spot_once() {
        let (size, count) = ([32, 8, 4], [4, 7, 5]);
        let mut draws = Streams::new(8, 0, "strokes").field("place").at(0);
        let spots: Vec<[Range<u32>; 3]> = (0..300)
            .map(|_| {
                [100, 50, 20].map(|edge| {
                    let start = draws.below(edge);
                    start as u32..(start + 1 + draws.below(edge - start)) as u32
                })
            })
            .collect();
        let mut strokes = Strokes::default();
        // Once more, with what is left from the first time.
        for spots in [&spots[..], &spots[..40]] {
            strokes.begin(size, count);
            for (id, voxels) in (0..).zip(spots) {
                strokes.add(id, voxels, [1000, 2000, 3000], Kind::Narrow);
            }
            strokes.sort();
            let mut seen = vec![0; spots.len()];
            for tile in 0..count.iter().product() {
                let at = [tile % count[0], tile / count[0] % count[1], tile / count[0] / count[1]];
                let first = [0, 1, 2].map(|a| (at[a] * size[a]) as u32);
                let reaches = |voxels: &[Range<u32>; 3]| {
                    (0..3).all(|a| voxels[a].start < first[a] + size[a] as u32 && first[a] < voxels[a].end)
                };
                let expected = (0..).zip(spots).filter(|(_, voxels)| reaches(voxels)).map(|(id, _)| id);
                let own = strokes.of(tile);
                assert!(own.iter().map(|stroke| stroke.id).eq(expected), "{at:?}");
                for stroke in own {
                    let voxels = &spots[stroke.id as usize];
                    let part: [(u32, u32); 3] = [
                        (stroke.x.0.into(), stroke.x.1.into()),
                        (stroke.y.0.into(), stroke.y.1.into()),
                        (stroke.z.0.into(), stroke.z.1.into()),
                    ];
                    let part: [Range<u32>; 3] = [0, 1, 2].map(|a| first[a] + part[a].0..first[a] + part[a].1);
                    assert!((0..3).all(|a| voxels[a].start <= part[a].start && part[a].end <= voxels[a].end));
                    assert_eq!(stroke.factors[0], 1000 + part[0].start / 8 * 8 - voxels[0].start / 8 * 8);
                    assert_eq!(stroke.factors[1], 2000 + part[1].start - voxels[1].start);
                    assert_eq!(stroke.factors[2], 3000 + part[2].start - voxels[2].start);
                    seen[stroke.id as usize] += part.map(|range| range.len()).iter().product::<usize>();
                }
            }
            for (voxels, seen) in spots.iter().zip(seen) {
                assert_eq!(seen, voxels.clone().map(|range| range.len()).iter().product::<usize>());
            }
        }
    }
}
