//! A radial function as a table that fits into registers: for sums in f32.
//!
//! The square of the distance is a fixed-point number, a share of the support's square: the sum of one number for the
//! voxel's column and one for its row. Its upper bits are the piece, the lower ones say where in it. One instruction
//! looks up a coefficient for sixteen voxels; all other operations are exactly rounded or on whole numbers, so that every
//! width gives the same bits.

use super::light::AtRadii;
use super::table::{RadialTable, TERMS};
use crate::diagnostic::Diagnostic;
use crate::profiles::Sums;
use crate::simd::{Simd, for_every_width};

/// Pieces that two registers hold.
pub const PIECES: usize = 32;

/// The fixed-point number of the square of the support. A sum of two parts may exceed it, but not the range.
const WHOLE: u32 = 1 << 31;
const PIECE_SHIFT: u32 = WHOLE.trailing_zeros() - PIECES.trailing_zeros();

/// Where in a piece, from -1 to 1.
const TO_UNIT: f32 = 1.0 / 2_147_483_648.0;

pub struct FixedTable {
    square: f64,
    /// For each power the coefficients of all pieces.
    coefficients: Coefficients,
    /// What the table is off by, and with the rounding of f32, as shares of the peak.
    pub table_error: f64,
    pub error: f64,
}

impl FixedTable {
    /// Samples `function` from 0 to `support`.
    ///
    /// # Errors
    /// What the function gives.
    pub fn sample(support: f64, function: &mut AtRadii<'_>) -> Result<FixedTable, Diagnostic> {
        let table = RadialTable::with(support, false, PIECES, function)?;
        let coefficients =
            std::array::from_fn(|power| std::array::from_fn(|piece| table.pieces[piece][power] as f32));
        // Half a unit for each coefficient, product and sum of a term, and for the place in the piece, which every power
        // carries on.
        let size = |piece: &[f64; TERMS]| {
            piece.iter().zip(0..).map(|(c, power)| c.abs() * f64::from(3 + 2 * power)).sum::<f64>()
        };
        let largest = table.pieces.iter().map(size).fold(0.0, |a: f64, b| if b > a { b } else { a });
        Ok(FixedTable {
            square: support * support,
            coefficients,
            table_error: table.error,
            error: table.error + largest * f64::from(f32::EPSILON) / 2.0 / table.peak,
        })
    }

    /// Adds `amplitude` times the function to `sums`, whose voxels have the offsets `offsets` from the centre.
    pub fn add(&self, amplitude: f32, offsets: [&[f64]; 3], sums: &mut Sums<'_>) {
        let scale = f64::from(WHOLE) / self.square;
        let column = |dx: &f64| ((dx * dx * scale) as u32).min(WHOLE);
        let columns: Vec<u32> = offsets[0].iter().map(column).collect();
        let rows = Rows { square: self.square, scale, offsets, columns: &columns };
        #[cfg(target_arch = "x86_64")]
        if Simd::best() == Simd::Avx512 {
            // SAFETY: `best` has seen that the processor has these instructions.
            return unsafe { add_in_registers(&self.coefficients, amplitude, &rows, sums) };
        }
        add_rows(&self.coefficients, amplitude, &rows, sums);
    }
}

/// The rows of a box around a spot.
struct Rows<'a> {
    /// Of the support.
    square: f64,
    scale: f64,
    offsets: [&'a [f64]; 3],
    /// Fixed-point numbers of the columns.
    columns: &'a [u32],
}

impl Rows<'_> {
    /// Hands out each row's part within the support, with the fixed-point number of the row.
    #[inline(always)]
    fn each(&self, sums: &mut Sums<'_>, mut row: impl FnMut(u32, &[u32], &mut [f32])) {
        let [dx, dy, dz] = self.offsets;
        let (Some(first), Some(last)) = (dx.first(), dx.last()) else { return };
        let per_length = if last > first { (dx.len() - 1) as f64 / (last - first) } else { 0.0 };
        for (z, dz) in dz.iter().enumerate() {
            for (y, dy) in dy.iter().enumerate() {
                let rest = dy * dy + dz * dz;
                let limit = self.square - rest;
                if limit < 0.0 {
                    continue;
                }
                // One more on either side: which voxels are within the support the fixed-point numbers tell.
                let half = limit.sqrt();
                let start = (((-half - first) * per_length) as usize).saturating_sub(1);
                let end = dx.len().min(((half - first) * per_length) as usize + 3);
                if start < end {
                    row(
                        (rest * self.scale) as u32,
                        &self.columns[start..end],
                        &mut sums.row(y, z)[start..end],
                    );
                }
            }
        }
    }
}

/// The coefficients of all pieces, for each power.
type Coefficients = [[f32; PIECES]; TERMS];

#[inline(always)]
fn add_rows_body(table: &Coefficients, amplitude: f32, rows: &Rows<'_>, sums: &mut Sums<'_>) {
    rows.each(sums, |rest, columns, row| {
        for (sum, column) in row.iter_mut().zip(columns) {
            let at = column.wrapping_add(rest);
            let piece = ((at >> PIECE_SHIFT) as usize).min(PIECES - 1);
            let place = (at << (32 - PIECE_SHIFT)) ^ 0x8000_0000;
            let s = place.cast_signed() as f32 * TO_UNIT;
            let mut value = table[TERMS - 1][piece];
            for power in (0..TERMS - 1).rev() {
                value = value.mul_add(s, table[power][piece]);
            }
            *sum = if at < WHOLE { value.mul_add(amplitude, *sum) } else { *sum };
        }
    });
}

for_every_width! {
    /// Adds `amplitude` times the function to every row.
    fn add_rows(table: &Coefficients, amplitude: f32, rows: &Rows<'_>, sums: &mut Sums<'_>) = add_rows_body;
}

/// The same, sixteen voxels at a time; the coefficients stay in registers.
///
/// # Safety
/// The processor has AVX-512.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
unsafe fn add_in_registers(table: &Coefficients, amplitude: f32, rows: &Rows<'_>, sums: &mut Sums<'_>) {
    use std::arch::x86_64::*;
    let (unit, sign) = (_mm512_set1_ps(TO_UNIT), _mm512_set1_epi32(i32::MIN));
    let amplitude = _mm512_set1_ps(amplitude);
    // SAFETY: a power has the numbers of two registers.
    let table: [(__m512, __m512); TERMS] = std::array::from_fn(|power| unsafe {
        let numbers = table[power].as_ptr();
        (_mm512_loadu_ps(numbers), _mm512_loadu_ps(numbers.add(16)))
    });
    rows.each(sums, |rest, columns, row| {
        let rest = _mm512_set1_epi32(rest.cast_signed());
        for (sums, columns) in row.chunks_mut(16).zip(columns.chunks(16)) {
            let mask = ((1_u32 << sums.len()) - 1) as u16;
            // SAFETY: the mask keeps within the slices; this function has the instructions.
            unsafe {
                let at = _mm512_add_epi32(_mm512_maskz_loadu_epi32(mask, columns.as_ptr().cast()), rest);
                // The instruction that looks up takes no notice of bits beyond the piece's.
                let piece = _mm512_srli_epi32::<PIECE_SHIFT>(at);
                let place = _mm512_xor_si512(_mm512_slli_epi32::<{ 32 - PIECE_SHIFT }>(at), sign);
                let s = _mm512_mul_ps(_mm512_cvtepi32_ps(place), unit);
                let coefficient =
                    |power: usize| _mm512_permutex2var_ps(table[power].0, piece, table[power].1);
                let mut value = coefficient(TERMS - 1);
                for power in (0..TERMS - 1).rev() {
                    value = _mm512_fmadd_ps(value, s, coefficient(power));
                }
                let sum = _mm512_maskz_loadu_ps(mask, sums.as_ptr());
                // Of a number beyond the support the highest bit is set.
                let within = mask & !_mm512_movepi32_mask(at);
                _mm512_mask_storeu_ps(sums.as_mut_ptr(), within, _mm512_fmadd_ps(value, amplitude, sum));
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A box of sums, 2 wherever nothing was added.
    fn added(table: &FixedTable, add: impl Fn(&Coefficients, f32, &Rows<'_>, &mut Sums<'_>)) -> Vec<f32> {
        let axis =
            |n: i32, step: f64| -> Vec<f64> { (-n..=n).map(|i| f64::from(i) * step + 0.013).collect() };
        let (dx, dy, dz) = (axis(41, 0.17), axis(30, 0.2), axis(12, 0.5));
        let scale = f64::from(WHOLE) / table.square;
        let columns: Vec<u32> = dx.iter().map(|dx| ((dx * dx * scale) as u32).min(WHOLE)).collect();
        let rows = Rows { square: table.square, scale, offsets: [&dx, &dy, &dz], columns: &columns };
        let mut numbers = vec![2.0; dx.len() * dy.len() * dz.len()];
        let steps = [dx.len(), dx.len() * dy.len()];
        let mut sums = Sums { numbers: &mut numbers, first: 0, steps, width: dx.len() };
        add(&table.coefficients, 3.0, &rows, &mut sums);
        let function = |x: f64, y: f64, z: f64| libm::exp(-(x * x + y * y + z * z) / 2.0);
        for (z, dz) in dz.iter().enumerate() {
            for (y, dy) in dy.iter().enumerate() {
                for (x, dx) in dx.iter().enumerate() {
                    let inside = dx * dx + dy * dy + dz * dz <= table.square;
                    let exact = 2.0 + if inside { 3.0 * function(*dx, *dy, *dz) } else { 0.0 };
                    let got = f64::from(numbers[z * steps[1] + y * steps[0] + x]);
                    assert!((got - exact).abs() <= 3.0 * table.error + 2e-7, "{dx} {dy} {dz}: {got} {exact}");
                }
            }
        }
        numbers
    }

    #[test]
    fn every_width_adds_the_same_bits_and_they_are_those_of_the_function() {
        let table = FixedTable::sample(5.9, &mut |radii, out| {
            out.iter_mut().zip(radii).for_each(|(out, r)| *out = libm::exp(-r * r / 2.0));
            Ok(())
        })
        .unwrap();
        assert!(table.table_error < 1e-9 && table.error < 5e-6, "{} {}", table.table_error, table.error);
        let portable = added(&table, add_rows_body);
        assert_eq!(portable, added(&table, add_rows));
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512dq") {
            // SAFETY: the processor has just been asked.
            let wide = added(&table, |t, a, rows, sums| unsafe { add_in_registers(t, a, rows, sums) });
            assert_eq!(portable, wide);
        }
    }
}
