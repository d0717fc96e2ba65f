//! The maximum projections of a volume, or of a box of it.

use std::ops::Range;

use super::scale::Scale;
use crate::grid::{Box3, Grid};
use crate::scene::Dtype;

/// The axes to the right and down of the projections along x, y and z.
pub const PLANES: [(usize, usize); 3] = [(2, 1), (0, 2), (0, 1)];

/// Maxima over the bins of a box; of a bin that nothing fell into yet, minus infinity.
#[derive(Debug, Clone, PartialEq)]
pub struct Maxima {
    /// The bins of the box along x y z.
    bins: [Range<usize>; 3],
    /// Along x, y, z; C order, the axes as in [`PLANES`].
    planes: [Vec<f64>; 3],
}

/// Voxels as they lie in a chunk or a block.
pub struct Voxels<'a> {
    /// Little-endian, C order.
    pub bytes: &'a [u8],
    pub dtype: Dtype,
    /// Voxels of the array along x and y; it may reach beyond `part`.
    pub stride: [usize; 2],
    /// Where they lie in the volume.
    pub part: &'a Box3,
}

impl Maxima {
    /// For a whole volume.
    pub fn new(grid: &Grid, scale: &Scale) -> Maxima {
        Maxima::of(scale, &grid.whole())
    }

    fn of(scale: &Scale, voxels: &Box3) -> Maxima {
        let bins = [0, 1, 2].map(|a| scale.axes[a].bins_of(&voxels[a]));
        let planes =
            PLANES.map(|(right, down)| vec![f64::NEG_INFINITY; bins[right].len() * bins[down].len()]);
        Maxima { bins, planes }
    }

    /// Of some voxels.
    pub fn of_voxels(scale: &Scale, voxels: &Voxels<'_>) -> Maxima {
        let mut maxima = Maxima::of(scale, voxels.part);
        let [xs, ys, zs] = voxels.part;
        let width = (xs.end - xs.start) as usize;
        let bin = |a: usize, voxel: u64| scale.axes[a].bin(voxel) - maxima.bins[a].start;
        let pooled: Vec<usize> =
            if scale.axes[0].pools() { xs.clone().map(|x| bin(0, x)).collect() } else { Vec::new() };
        let (columns, depth) = (maxima.bins[0].len(), maxima.bins[2].len());
        let (ys, zs): (Vec<usize>, Vec<usize>) =
            (ys.clone().map(|y| bin(1, y)).collect(), zs.clone().map(|z| bin(2, z)).collect());
        let [along_x, along_y, along_z] = &mut maxima.planes;
        let (mut row, mut binned) = (Vec::new(), Vec::new());
        let bytes = voxels.dtype.bytes();
        for (z, &z_bin) in zs.iter().enumerate() {
            for (y, &y_bin) in ys.iter().enumerate() {
                let at = (z * voxels.stride[1] + y) * voxels.stride[0] * bytes;
                decode(&voxels.bytes[at..at + width * bytes], voxels.dtype, &mut row);
                if scale.axes[0].pools() {
                    binned.clear();
                    binned.resize(columns, f64::NEG_INFINITY);
                    for (&value, &x) in row.iter().zip(&pooled) {
                        raise(&mut binned[x], value);
                    }
                    std::mem::swap(&mut row, &mut binned);
                }
                raise_all(&mut along_z[y_bin * columns..][..columns], &row);
                raise_all(&mut along_y[z_bin * columns..][..columns], &row);
                let highest = row.iter().copied().fold(f64::NEG_INFINITY, higher);
                raise(&mut along_x[y_bin * depth + z_bin], highest);
            }
        }
        maxima
    }

    /// Takes in the maxima of a part.
    pub fn absorb(&mut self, part: &Maxima) {
        self.raise_from(&part.bins, |plane, row| &part.planes[plane][row]);
    }

    /// Takes in a part without light.
    pub fn absorb_dark(&mut self, scale: &Scale, part: &Box3) {
        let bins = [0, 1, 2].map(|a| scale.axes[a].bins_of(&part[a]));
        let zeros = vec![0.0; bins.iter().map(Range::len).max().unwrap_or(0)];
        self.raise_from(&bins, |_, row| &zeros[..row.len()]);
    }

    /// Raises the bins of a part, row by row; `row` is asked for a plane's values at a stretch of the part.
    fn raise_from<'a>(&mut self, part: &[Range<usize>; 3], row: impl Fn(usize, Range<usize>) -> &'a [f64]) {
        for (plane, (right, down)) in PLANES.into_iter().enumerate() {
            let (width, whole) = (part[right].len(), self.bins[right].len());
            for (i, line) in part[down].clone().enumerate() {
                let at = (line - self.bins[down].start) * whole + part[right].start - self.bins[right].start;
                raise_all(&mut self.planes[plane][at..at + width], row(plane, i * width..(i + 1) * width));
            }
        }
    }

    /// The maximum at a bin of the projection along `axis`.
    pub fn at(&self, axis: usize, right: usize, down: usize) -> f64 {
        self.planes[axis][down * self.bins[PLANES[axis].0].len() + right]
    }

    /// The values that are black and white.
    pub fn range(&self, flat: bool) -> (f64, f64) {
        let planes = if flat { &self.planes[2..] } else { &self.planes[..] };
        let values = || planes.iter().flatten().copied().filter(|value| value.is_finite());
        let low = values().fold(0.0, f64::min);
        let high = values().fold(f64::NEG_INFINITY, f64::max);
        (low, high.max(low))
    }
}

/// The greater of two values; a NaN is no value.
fn higher(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}

fn raise(maximum: &mut f64, value: f64) {
    *maximum = higher(*maximum, value);
}

fn raise_all(maxima: &mut [f64], values: &[f64]) {
    for (maximum, &value) in maxima.iter_mut().zip(values) {
        raise(maximum, value);
    }
}

fn decode(bytes: &[u8], dtype: Dtype, out: &mut Vec<f64>) {
    out.clear();
    match dtype {
        Dtype::Float32 => {
            out.extend(bytes.as_chunks().0.iter().map(|&bytes| f64::from(f32::from_le_bytes(bytes))));
        }
        Dtype::Float64 => out.extend(bytes.as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes))),
        Dtype::Uint8 => out.extend(bytes.iter().map(|&byte| f64::from(byte))),
        Dtype::Uint16 => {
            out.extend(bytes.as_chunks().0.iter().map(|&bytes| f64::from(u16::from_le_bytes(bytes))));
        }
        Dtype::Uint32 => {
            out.extend(bytes.as_chunks().0.iter().map(|&bytes| f64::from(u32::from_le_bytes(bytes))));
        }
    }
}
