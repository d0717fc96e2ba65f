//! Which spots of a batch reach a tile.
//!
//! Each spot is compared with each strip of tiles, many at once and without a branch; of strips there are few. Those that
//! are left are sorted into the tiles of the strip by counting.

use super::tables::Drawn;

/// Spots that are compared at once.
const AT_ONCE: usize = 64;

#[derive(Default)]
pub struct Sieve {
    /// The first and the last tile of each spot along x y z.
    first: [Vec<u16>; 3],
    last: [Vec<u16>; 3],
    count: usize,
    /// The spots that reach the strip at hand; behind them lies what means nothing.
    strip: Vec<u32>,
    /// The spots of one tile of the strip behind those of the other, and where those of each tile begin.
    tiles: Vec<u32>,
    starts: Vec<usize>,
}

impl Sieve {
    /// Takes a batch of spots; tiles have `size` voxels along x y z, a power of two each.
    #[inline(always)]
    pub fn fill(&mut self, spots: &[Drawn], size: [usize; 3]) {
        self.count = spots.len();
        let room = self.count.next_multiple_of(AT_ONCE);
        let tiles =
            spots.iter().map(|spot| (0..3).map(|a| spot.voxels[a].end >> size[a].trailing_zeros()).max());
        debug_assert!(tiles.flatten().all(|tiles| tiles <= u32::from(u16::MAX)), "tiles have 16-bit numbers");
        for a in 0..3 {
            let bits = size[a].trailing_zeros();
            // What has no spot is in no tile.
            self.first[a].clear();
            self.first[a].extend(spots.iter().map(|spot| (spot.voxels[a].start >> bits) as u16));
            self.first[a].resize(room, u16::MAX);
            self.last[a].clear();
            self.last[a].extend(spots.iter().map(|spot| ((spot.voxels[a].end - 1) >> bits) as u16));
            self.last[a].resize(room, 0);
        }
        // Room for one more: what is written last may not count.
        if self.strip.len() <= room {
            self.strip.resize(room + 1, 0);
        }
    }

    /// Goes to the strip of row `y` and layer `z` of tiles, of which it has `columns`.
    #[inline(always)]
    pub fn strip(&mut self, y: usize, z: usize, columns: usize) {
        let (y, z) = (y as u16, z as u16);
        let (strip, mut count) = (&mut self.strip[..], 0);
        for part in 0..self.count.div_ceil(AT_ONCE) {
            let [[first_y, first_z], [last_y, last_z]] =
                [&self.first, &self.last].map(|all| [1, 2].map(|a| &all[a].as_chunks::<AT_ONCE>().0[part]));
            let mut reached = [0_u16; AT_ONCE];
            for i in 0..AT_ONCE {
                let inside = (first_y[i] <= y) & (y <= last_y[i]) & (first_z[i] <= z) & (z <= last_z[i]);
                reached[i] = u16::from(inside);
            }
            for (i, reached) in reached.into_iter().enumerate() {
                strip[count] = (part * AT_ONCE + i) as u32;
                count += usize::from(reached);
            }
        }
        self.sort(count, columns);
    }

    /// Sorts the first `count` spots of the strip into its tiles.
    #[inline(always)]
    fn sort(&mut self, count: usize, columns: usize) {
        let Sieve { first: [first, ..], last: [last, ..], strip, tiles, starts, .. } = self;
        let strip = &strip[..count];
        let span = |spot: u32| first[spot as usize] as usize..last[spot as usize] as usize + 1;
        starts.clear();
        starts.resize(columns + 2, 0);
        for &spot in strip {
            for x in span(spot) {
                starts[x + 2] += 1;
            }
        }
        for x in 2..starts.len() {
            starts[x] += starts[x - 1];
        }
        tiles.resize(starts[columns + 1], 0);
        for &spot in strip {
            for x in span(spot) {
                tiles[starts[x + 1]] = spot;
                starts[x + 1] += 1;
            }
        }
    }

    /// The numbers within the batch, in ascending order, of the spots that reach tile `x` of the strip.
    #[inline(always)]
    pub fn tile(&self, x: usize) -> &[u32] {
        &self.tiles[self.starts[x]..self.starts[x + 1]]
    }
}

#[cfg(test)]
mod tests {
    use super::super::tables::Form;
    use super::*;
    use crate::random::Streams;

    #[test]
    fn every_tile_has_its_spots_in_order() {
        let mut draws = Streams::new(8, 0, "sieve").field("place").at(0);
        let size = [32, 8, 4];
        for count in [0, 1, 63, 64, 65, 500] {
            let spots: Vec<Drawn> = (0..count)
                .map(|i| {
                    let voxels = [100, 50, 20].map(|edge| {
                        let start = draws.below(edge);
                        start as u32..(start + 1 + draws.below(edge - start)) as u32
                    });
                    Drawn { voxels, form: Form::Dense(i) }
                })
                .collect();
            let mut sieve = Sieve::default();
            sieve.fill(&spots, size);
            for z in 0..5 {
                for y in 0..7 {
                    sieve.strip(y, z, 4);
                    for x in 0..4 {
                        let tile = [x, y, z];
                        let reaches = |spot: &Drawn| {
                            (0..3).all(|a| {
                                let (first, range) = ((tile[a] * size[a]) as u32, &spot.voxels[a]);
                                range.start < first + size[a] as u32 && first < range.end
                            })
                        };
                        let expected: Vec<u32> =
                            (0..).zip(&spots).filter(|(_, spot)| reaches(spot)).map(|(i, _)| i).collect();
                        assert_eq!(sieve.tile(x), expected, "{count} {tile:?}");
                    }
                }
            }
        }
    }
}
