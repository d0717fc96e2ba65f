//! Sums -> numbers of the file: little-endian, C order, a slice at a time.

use std::ops::Range;

use crate::render::{Block, Real};
use crate::scene::Dtype;
use crate::simd::for_every_width;

/// What was seen while numbers were converted.
#[derive(Default)]
pub struct Seen {
    /// Voxels that a whole-number type cannot hold.
    pub saturated: u64,
    /// The largest magnitude before rounding.
    pub highest: f64,
}

for_every_width! {
    /// [`convert_slice`] for one set of instructions.
    fn convert_lit<T: Real>(block: &Block<T>, z: usize, dtype: Dtype, out: &mut [u8], seen: &mut Told) =
        convert_slice_body;
}

/// `Seen`, and the rows that may hold light.
struct Told<'a> {
    seen: &'a mut Seen,
    lit: Range<usize>,
}

/// Puts slice `z` of the block into `out`, which has room for it, and gives the rows that may hold light.
pub fn convert_slice<T: Real>(
    block: &Block<T>,
    z: usize,
    dtype: Dtype,
    out: &mut [u8],
    seen: &mut Seen,
) -> Range<usize> {
    let mut told = Told { seen, lit: 0..0 };
    convert_lit(block, z, dtype, out, &mut told);
    told.lit
}

#[inline(always)]
fn convert_slice_body<T: Real>(
    block: &Block<T>,
    z: usize,
    dtype: Dtype,
    out: &mut [u8],
    told: &mut Told<'_>,
) {
    let ([width, height, _], bytes) = (block.extent(), dtype.bytes());
    let lit: usize = block.tiles_of_slice(z).map(|tile| tile.extent[0] * tile.extent[1]).sum();
    if lit < width * height {
        out.fill(0);
    }
    for tile in block.tiles_of_slice(z) {
        let rows = tile.first[1]..tile.first[1] + tile.extent[1];
        told.lit = match told.lit.is_empty() {
            true => rows,
            false => told.lit.start.min(rows.start)..told.lit.end.max(rows.end),
        };
        for y in 0..tile.extent[1] {
            let row = &tile.row(y, z - tile.first[2])[..tile.extent[0]];
            let at = (tile.first[1] + y) * width + tile.first[0];
            convert_row(row, dtype, &mut out[at * bytes..(at + row.len()) * bytes], told.seen);
        }
    }
}

#[inline(always)]
fn convert_row<T: Real>(row: &[T], dtype: Dtype, out: &mut [u8], seen: &mut Seen) {
    match (T::as_single(row), dtype) {
        (Some(row), Dtype::Float32 | Dtype::Uint8 | Dtype::Uint16) => single(row, dtype, out, seen),
        _ => double(row, dtype, out, seen),
    }
}

/// Converts numbers of one type; whole numbers are rounded to nearest, ties to even, and saturate.
macro_rules! conversion {
    ($name:ident $(<$generic:ident: $bound:ident>)?, $from:ty, $type:ty, $bits:ty, $read:expr) => {
        #[inline(always)]
        fn $name $(<$generic: $bound>)? (row: &[$from], dtype: Dtype, out: &mut [u8], seen: &mut Seen) {
            // Magnitudes are in the order of their bits, which unlike numbers have a maximum that is quickly found.
            let highest = row.iter().map(|value| $read(value).abs().to_bits()).fold(0, <$bits>::max);
            seen.highest = f64::from(<$type>::from_bits(highest)).max(seen.highest);
            // Adding 0 turns -0 into 0, so that voxels without light have one form only.
            match dtype {
                Dtype::Float32 => {
                    for (out, value) in out.as_chunks_mut::<4>().0.iter_mut().zip(row) {
                        *out = ($read(value) as f32 + 0.0).to_le_bytes();
                    }
                }
                Dtype::Float64 => {
                    for (out, value) in out.as_chunks_mut::<8>().0.iter_mut().zip(row) {
                        *out = (f64::from($read(value)) + 0.0).to_le_bytes();
                    }
                }
                Dtype::Uint8 => {
                    let put = |out: &mut [u8; 1], bits: $bits| *out = [bits as u8];
                    whole(row, u8::MAX as $type, out, put, seen);
                }
                Dtype::Uint16 => {
                    let put = |out: &mut [u8; 2], bits: $bits| *out = (bits as u16).to_le_bytes();
                    whole(row, u16::MAX as $type, out, put, seen);
                }
                Dtype::Uint32 => {
                    let put = |out: &mut [u8; 4], bits: $bits| *out = (bits as u32).to_le_bytes();
                    whole(row, u32::MAX as $type, out, put, seen);
                }
            }

            #[inline(always)]
            fn whole<$($generic: $bound,)? const BYTES: usize>(
                row: &[$from],
                most: $type,
                out: &mut [u8],
                put: impl Fn(&mut [u8; BYTES], $bits),
                seen: &mut Seen,
            ) {
                // As wide as the numbers, which keeps the lanes together; a row is short.
                let mut saturated: $bits = 0;
                for (out, value) in out.as_chunks_mut::<BYTES>().0.iter_mut().zip(row) {
                    let rounded = $read(value).round_ties_even();
                    let kept = rounded.clamp(0.0, most);
                    saturated += <$bits>::from(rounded != kept);
                    // From 2^23 (2^52) on the lowest bits are the whole number: quicker than a conversion with all its
                    // special cases.
                    const LOWEST: $type = ((1 as $bits) << (<$type>::MANTISSA_DIGITS - 1)) as $type;
                    put(out, (kept + LOWEST).to_bits());
                }
                seen.saturated += u64::from(saturated);
            }
        }
    };
}
conversion!(single, f32, f32, u32, |value: &f32| *value);
conversion!(double<T: Real>, T, f64, u64, |value: &T| value.to_f64());

#[cfg(test)]
mod tests {
    use super::*;

    fn whole_numbers<T: Real>() {
        let mut seen = Seen::default();
        let mut out = [0; 14];
        let row = [0.5, 1.5, 2.5, -0.4, -0.6, 65_535.4, 65_535.5].map(T::from_f64);
        convert_row(&row, Dtype::Uint16, &mut out, &mut seen);
        let got: Vec<u16> = out.as_chunks().0.iter().map(|b| u16::from_le_bytes(*b)).collect();
        assert_eq!(got, [0, 2, 2, 0, 0, 65_535, 65_535]);
        assert_eq!(seen.saturated, 2);
        assert_eq!(seen.highest, 65_535.5);
        convert_row(&[-3.0, 4_294_967_296.0].map(T::from_f64), Dtype::Uint32, &mut out[..8], &mut seen);
        assert_eq!(out[..8], [0, 0, 0, 0, 255, 255, 255, 255]);
        assert_eq!(seen.saturated, 4);
    }

    #[test]
    fn whole_numbers_round_to_even_and_saturate() {
        whole_numbers::<f32>();
        whole_numbers::<f64>();
    }
}
