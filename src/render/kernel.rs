//! The inner loops: many spots into one tile.
//!
//! A tile is a box of voxels that stays in the first-level cache. Its rows, and the spots' factors along x, lie
//! in lanes of 16 voxels that start at fixed voxels, so that loads are aligned; a factor is 0 outside its
//! spot's box, and adding 0 changes nothing.

use crate::simd::for_every_width;

/// Voxels of a lane.
pub const LANE: usize = 16;

/// Lanes of a row of a tile.
pub const TILE_LANES: usize = 4;

/// 16 voxels, or 16 factors, along x.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct Lane<T>(pub [T; LANE]);

/// A number in which spots are summed: f32 or f64.
pub trait Real: Copy + Send + Sync + PartialEq + 'static {
    const ZERO: Self;
    fn from_f64(x: f64) -> Self;
    fn to_f64(self) -> f64;
    fn mul(self, factor: Self) -> Self;
    fn add(self, other: Self) -> Self;
    /// self * factor + other, rounded once.
    fn mul_add(self, factor: Self, other: Self) -> Self;
    fn floor(self) -> Self;
    /// Adds the spots of `strokes` to the tile, in their order.
    fn draw(tile: &mut TileRows<'_, Self>, strokes: &[Stroke], tables: Factors<'_, Self>);
    /// The same, each spot's value rounded down.
    fn draw_floored(tile: &mut TileRows<'_, Self>, strokes: &[Stroke], tables: Factors<'_, Self>);
}

/// The rows of one tile: `rows[(z * height + y) * TILE_LANES ..]`.
pub struct TileRows<'a, T> {
    pub rows: &'a mut [Lane<T>],
    pub height: usize,
}

/// One spot's box within a tile, and where its factors lie.
#[derive(Debug, Clone, Copy)]
pub struct Stroke {
    /// First lane within a row, and how many.
    pub lane: u32,
    pub lanes: u32,
    /// First and end row and slice within the tile.
    pub y: (u32, u32),
    pub z: (u32, u32),
    /// Indices of the factors of that first lane, row and slice.
    pub xs: u32,
    pub ys: u32,
    pub zs: u32,
}

/// Factors of many spots: x in lanes, y, and z times the amplitude.
#[derive(Clone, Copy)]
pub struct Factors<'a, T> {
    pub x: &'a [Lane<T>],
    pub y: &'a [T],
    pub z: &'a [T],
}

/// V[z, y, x] = fma(y factor, (z factor * x factor), V): one rounding of the product, one of the sum.
#[inline(always)]
fn draw<T: Real>(tile: &mut TileRows<'_, T>, strokes: &[Stroke], factors: Factors<'_, T>) {
    for stroke in strokes {
        match stroke.lanes {
            1 => sweep::<T, 1>(tile, stroke, factors),
            2 => sweep::<T, 2>(tile, stroke, factors),
            3 => sweep::<T, 3>(tile, stroke, factors),
            _ => sweep::<T, 4>(tile, stroke, factors),
        }
    }
}

#[inline(always)]
fn sweep<T: Real, const LANES: usize>(tile: &mut TileRows<'_, T>, stroke: &Stroke, factors: Factors<'_, T>) {
    let x = &factors.x[stroke.xs as usize..][..LANES];
    let (rows, first) = ((stroke.y.1 - stroke.y.0) as usize, stroke.lane as usize);
    let ys = &factors.y[stroke.ys as usize..][..rows];
    let slices = (stroke.z.1 - stroke.z.0) as usize;
    for (slice, &z) in factors.z[stroke.zs as usize..][..slices].iter().enumerate() {
        let mut scaled = [Lane([T::ZERO; LANE]); LANES];
        for (scaled, x) in scaled.iter_mut().zip(x) {
            for (scaled, &x) in scaled.0.iter_mut().zip(&x.0) {
                *scaled = z.mul(x);
            }
        }
        let row = (stroke.z.0 as usize + slice) * tile.height + stroke.y.0 as usize;
        let block = &mut tile.rows[row * TILE_LANES..(row + rows) * TILE_LANES];
        for (row, &y) in block.chunks_exact_mut(TILE_LANES).zip(ys) {
            let row = &mut row[first..first + LANES];
            for (voxels, scaled) in row.iter_mut().zip(&scaled) {
                for (voxel, &scaled) in voxels.0.iter_mut().zip(&scaled.0) {
                    *voxel = y.mul_add(scaled, *voxel);
                }
            }
        }
    }
}

/// V[z, y, x] += floor((z factor * y factor) * x factor).
#[inline(always)]
fn draw_floored<T: Real>(tile: &mut TileRows<'_, T>, strokes: &[Stroke], factors: Factors<'_, T>) {
    for stroke in strokes {
        for z in stroke.z.0..stroke.z.1 {
            for y in stroke.y.0..stroke.y.1 {
                let zy = factors.z[(stroke.zs + z - stroke.z.0) as usize]
                    .mul(factors.y[(stroke.ys + y - stroke.y.0) as usize]);
                let row = (z as usize * tile.height + y as usize) * TILE_LANES + stroke.lane as usize;
                let lanes = &mut tile.rows[row..row + stroke.lanes as usize];
                for (voxels, x) in lanes.iter_mut().zip(&factors.x[stroke.xs as usize..]) {
                    for (voxel, &x) in voxels.0.iter_mut().zip(&x.0) {
                        *voxel = voxel.add(zy.mul(x).floor());
                    }
                }
            }
        }
    }
}

for_every_width! {
    fn draw_f32(tile: &mut TileRows<'_, f32>, strokes: &[Stroke], factors: Factors<'_, f32>) = draw;
}
for_every_width! {
    fn draw_f64(tile: &mut TileRows<'_, f64>, strokes: &[Stroke], factors: Factors<'_, f64>) = draw;
}
for_every_width! {
    fn draw_floored_f32(tile: &mut TileRows<'_, f32>, strokes: &[Stroke], factors: Factors<'_, f32>) = draw_floored;
}
for_every_width! {
    fn draw_floored_f64(tile: &mut TileRows<'_, f64>, strokes: &[Stroke], factors: Factors<'_, f64>) = draw_floored;
}

macro_rules! real {
    ($type:ty, $draw:ident, $draw_floored:ident) => {
        impl Real for $type {
            const ZERO: $type = 0.0;

            #[inline(always)]
            fn from_f64(x: f64) -> $type {
                x as $type
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn mul(self, factor: $type) -> $type {
                self * factor
            }
            #[inline(always)]
            fn add(self, other: $type) -> $type {
                self + other
            }
            #[inline(always)]
            fn mul_add(self, factor: $type, other: $type) -> $type {
                <$type>::mul_add(self, factor, other)
            }
            #[inline(always)]
            fn floor(self) -> $type {
                <$type>::floor(self)
            }
            fn draw(tile: &mut TileRows<'_, $type>, strokes: &[Stroke], factors: Factors<'_, $type>) {
                $draw(tile, strokes, factors)
            }
            fn draw_floored(tile: &mut TileRows<'_, $type>, strokes: &[Stroke], factors: Factors<'_, $type>) {
                $draw_floored(tile, strokes, factors)
            }
        }
    };
}
real!(f32, draw_f32, draw_floored_f32);
real!(f64, draw_f64, draw_floored_f64);
