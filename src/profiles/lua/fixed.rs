//! A radial function as a table that fits into registers: for sums in f32.
//!
//! The square of the distance is a fixed-point number, a share of the support's square: the sum of one number for the
//! voxel's column and one for its row. Its upper bits are the piece, the lower ones say where in it. One instruction
//! looks up a coefficient for sixteen voxels, in one register where sixteen pieces are enough, else in two; all other
//! operations are exactly rounded or on whole numbers, so that every width gives the same bits.

use super::light::AtRadii;
use super::table::{RadialTable, TERMS};
use crate::diagnostic::Diagnostic;
use crate::profiles::Sums;
#[cfg(target_arch = "x86_64")]
use crate::simd::Simd;
use crate::simd::for_every_width;

/// Pieces that one register holds, and two.
const PIECES: [usize; 2] = [16, 32];

/// What a table in one register may be off by, as a share of the peak; if it is more, two are taken.
const GOOD: f64 = 5e-9;

/// The fixed-point number of the square of the support. A sum of two parts may exceed it, but not the range.
const WHOLE: u32 = 1 << 31;

/// Where in a piece, from -1 to 1.
const TO_UNIT: f32 = 1.0 / 2_147_483_648.0;

pub struct FixedTable {
    square: f64,
    pieces: usize,
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
        let [few, more] = PIECES;
        let mut table = RadialTable::with(support, false, few, function)?;
        if table.error > GOOD {
            table = RadialTable::with(support, false, more, function)?;
        }
        let number =
            |piece: Option<&[f64; TERMS]>, power: usize| piece.map_or(0.0, |piece| piece[power] as f32);
        let coefficients =
            std::array::from_fn(|power| std::array::from_fn(|piece| number(table.pieces.get(piece), power)));
        // Half a unit for each coefficient, product and sum of a term, and for the place in the piece, which every power
        // carries on.
        let size = |piece: &[f64; TERMS]| {
            piece.iter().zip(0..).map(|(c, power)| c.abs() * f64::from(3 + 2 * power)).sum::<f64>()
        };
        let largest = table.pieces.iter().map(size).fold(0.0, |a: f64, b| if b > a { b } else { a });
        Ok(FixedTable {
            square: support * support,
            pieces: table.pieces.len(),
            coefficients,
            table_error: table.error,
            error: table.error + largest * f64::from(f32::EPSILON) / 2.0 / table.peak,
        })
    }

    /// How far the piece's bits lie above the lowest one.
    #[inline(always)]
    fn shift(&self) -> u32 {
        WHOLE.trailing_zeros() - self.pieces.trailing_zeros()
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
            return unsafe {
                if self.pieces == PIECES[0] {
                    add_in_registers::<true>(self, amplitude, &rows, sums);
                } else {
                    add_in_registers::<false>(self, amplitude, &rows, sums);
                }
            };
        }
        add_rows(self, amplitude, &rows, sums);
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
type Coefficients = [[f32; PIECES[1]]; TERMS];

#[inline(always)]
fn add_rows_body(table: &FixedTable, amplitude: f32, rows: &Rows<'_>, sums: &mut Sums<'_>) {
    let shift = table.shift();
    rows.each(sums, |rest, columns, row| {
        for (sum, column) in row.iter_mut().zip(columns) {
            let at = column.wrapping_add(rest);
            let piece = (at >> shift) as usize & (table.pieces - 1);
            let place = (at << (32 - shift)) ^ 0x8000_0000;
            let s = place.cast_signed() as f32 * TO_UNIT;
            let mut value = table.coefficients[TERMS - 1][piece];
            for power in (0..TERMS - 1).rev() {
                value = value.mul_add(s, table.coefficients[power][piece]);
            }
            *sum = if at < WHOLE { value.mul_add(amplitude, *sum) } else { *sum };
        }
    });
}

for_every_width! {
    /// Adds `amplitude` times the function to every row.
    fn add_rows(table: &FixedTable, amplitude: f32, rows: &Rows<'_>, sums: &mut Sums<'_>) = add_rows_body;
}

/// The same, sixteen voxels at a time, with the coefficients of a power in `ONE` register or two; eight at a time where a
/// row has no more left.
///
/// # Safety
/// The processor has AVX-512.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
unsafe fn add_in_registers<const ONE: bool>(
    table: &FixedTable,
    amplitude: f32,
    rows: &Rows<'_>,
    sums: &mut Sums<'_>,
) {
    use std::arch::x86_64::*;
    let shift = table.shift();
    let (down, up) = (_mm_cvtsi32_si128(shift as i32), _mm_cvtsi32_si128(32 - shift as i32));
    // SAFETY: a power has the numbers of two registers.
    let halves: [(__m512, __m512); TERMS] = std::array::from_fn(|power| unsafe {
        let numbers = table.coefficients[power].as_ptr();
        (_mm512_loadu_ps(numbers), _mm512_loadu_ps(numbers.add(16)))
    });
    let (unit, sign, amplitudes) =
        (_mm512_set1_ps(TO_UNIT), _mm512_set1_epi32(i32::MIN), _mm512_set1_ps(amplitude));
    let sixteen = |rest: __m512i, mask: __mmask16, columns: *const u32, sums: *mut f32| {
        // SAFETY: the mask keeps within the row; this function has the instructions.
        unsafe {
            let at = _mm512_add_epi32(_mm512_maskz_loadu_epi32(mask, columns.cast()), rest);
            // The instruction that looks up takes no notice of bits beyond the piece's.
            let piece = _mm512_srl_epi32(at, down);
            let s = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_xor_si512(_mm512_sll_epi32(at, up), sign)), unit);
            let coefficient = |power: usize| match ONE {
                true => _mm512_permutexvar_ps(piece, halves[power].0),
                false => _mm512_permutex2var_ps(halves[power].0, piece, halves[power].1),
            };
            let mut value = coefficient(TERMS - 1);
            for power in (0..TERMS - 1).rev() {
                value = _mm512_fmadd_ps(value, s, coefficient(power));
            }
            let sum = _mm512_maskz_loadu_ps(mask, sums);
            // Of a number beyond the support the highest bit is set.
            let within = mask & !_mm512_movepi32_mask(at);
            _mm512_mask_storeu_ps(sums, within, _mm512_fmadd_ps(value, amplitudes, sum));
        }
    };
    let eight = |rest: __m512i, mask: __mmask8, columns: *const u32, sums: *mut f32| {
        // SAFETY: as above.
        unsafe {
            let at = _mm256_maskz_loadu_epi32(mask, columns.cast());
            let at = _mm256_add_epi32(at, _mm512_castsi512_si256(rest));
            let piece = _mm256_srl_epi32(at, down);
            let place = _mm256_xor_si256(_mm256_sll_epi32(at, up), _mm512_castsi512_si256(sign));
            let s = _mm256_mul_ps(_mm256_cvtepi32_ps(place), _mm512_castps512_ps256(unit));
            let coefficient = |power: usize| {
                let (low, high) =
                    (_mm512_castps512_ps256(halves[power].0), _mm512_extractf32x8_ps::<1>(halves[power].0));
                _mm256_permutex2var_ps(low, piece, high)
            };
            let mut value = coefficient(TERMS - 1);
            for power in (0..TERMS - 1).rev() {
                value = _mm256_fmadd_ps(value, s, coefficient(power));
            }
            let sum = _mm256_maskz_loadu_ps(mask, sums);
            let within = mask & !_mm256_movepi32_mask(at);
            let sum = _mm256_fmadd_ps(value, _mm512_castps512_ps256(amplitudes), sum);
            _mm256_mask_storeu_ps(sums, within, sum);
        }
    };
    rows.each(sums, |rest, columns, row| {
        let rest = _mm512_set1_epi32(rest.cast_signed());
        let mut at = 0;
        while at < row.len() {
            let left = row.len() - at;
            // SAFETY: `at` lies within both slices, which are equally long.
            let (columns, sums) = unsafe { (columns.as_ptr().add(at), row.as_mut_ptr().add(at)) };
            if ONE && left <= 8 {
                eight(rest, ((1_u32 << left) - 1) as u8, columns, sums);
            } else {
                sixteen(rest, ((1_u32 << left.min(16)) - 1) as u16, columns, sums);
            }
            at += 16;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A box of sums, 2 wherever nothing was added.
    fn added(
        table: &FixedTable,
        function: impl Fn(f64) -> f64,
        add: impl Fn(&FixedTable, f32, &Rows<'_>, &mut Sums<'_>),
    ) -> Vec<f32> {
        let axis =
            |n: i32, step: f64| -> Vec<f64> { (-n..=n).map(|i| f64::from(i) * step + 0.013).collect() };
        let (dx, dy, dz) = (axis(41, 0.17), axis(30, 0.2), axis(12, 0.5));
        let scale = f64::from(WHOLE) / table.square;
        let columns: Vec<u32> = dx.iter().map(|dx| ((dx * dx * scale) as u32).min(WHOLE)).collect();
        let rows = Rows { square: table.square, scale, offsets: [&dx, &dy, &dz], columns: &columns };
        let mut numbers = vec![2.0; dx.len() * dy.len() * dz.len()];
        let steps = [dx.len(), dx.len() * dy.len()];
        let mut sums = Sums { numbers: &mut numbers, first: 0, steps, width: dx.len() };
        add(table, 3.0, &rows, &mut sums);
        for (z, dz) in dz.iter().enumerate() {
            for (y, dy) in dy.iter().enumerate() {
                for (x, dx) in dx.iter().enumerate() {
                    let inside = dx * dx + dy * dy + dz * dz <= table.square;
                    let exact =
                        2.0 + if inside { 3.0 * function((dx * dx + dy * dy + dz * dz).sqrt()) } else { 0.0 };
                    let got = f64::from(numbers[z * steps[1] + y * steps[0] + x]);
                    assert!((got - exact).abs() <= 3.0 * table.error + 2e-7, "{dx} {dy} {dz}: {got} {exact}");
                }
            }
        }
        numbers
    }

    #[test]
    fn every_width_adds_the_same_bits_and_they_are_those_of_the_function() {
        let gaussian: fn(f64) -> f64 = |r| libm::exp(-r * r / 2.0);
        let donut: fn(f64) -> f64 = |r| libm::exp(-(r - 2.0) * (r - 2.0) * 6.0);
        for (function, pieces) in [(gaussian, 16), (donut, 32)] {
            let table = FixedTable::sample(5.9, &mut |radii, out| {
                out.iter_mut().zip(radii).for_each(|(out, r)| *out = function(*r));
                Ok(())
            })
            .unwrap();
            assert_eq!(table.pieces, pieces);
            assert!(table.table_error < 1e-3 && table.error < 1e-3, "{} {}", table.table_error, table.error);
            let portable = added(&table, function, add_rows_body);
            assert_eq!(portable, added(&table, function, add_rows));
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512dq") {
                // SAFETY: the processor has just been asked.
                let wide = added(&table, function, |t, a, rows, sums| unsafe {
                    if t.pieces == PIECES[0] {
                        add_in_registers::<true>(t, a, rows, sums);
                    } else {
                        add_in_registers::<false>(t, a, rows, sums);
                    }
                });
                assert_eq!(portable, wide);
            }
        }
    }
}
