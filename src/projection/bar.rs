//! A round length for the scale bar.

use crate::grid::Unit;

#[derive(Debug, Clone, PartialEq)]
pub struct Length {
    /// 1, 2 or 5 times a power of ten, in the grid's unit.
    pub length: f64,
    pub label: String,
    /// Its length in the picture.
    pub pixels: usize,
}

/// The longest round length of at most `most` pixels, whose edge is `pixel_size`.
pub fn round_length(most: usize, pixel_size: f64, unit: Unit) -> Length {
    // Printed in full, a number tells its power of ten exactly; no logarithm has to be rounded.
    let text = format!("{:e}", most as f64 * pixel_size);
    let (mantissa, exponent) = text.split_once('e').unwrap_or(("1", "0"));
    let mantissa: f64 = mantissa.parse().unwrap_or(1.0);
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digit = [5, 2, 1].into_iter().find(|&digit| f64::from(digit) <= mantissa).unwrap_or(1);
    let short = format!("{digit}e{exponent}");
    let length: f64 = short.parse().unwrap_or(pixel_size);
    let number = if (-3..=5).contains(&exponent) { length.to_string() } else { short };
    Length {
        length,
        label: format!("{number} {}", unit.name()),
        pixels: (length / pixel_size).round().max(1.0) as usize,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_round_and_fit() {
        for (most, pixel_size, label, pixels) in [
            (100, 0.1, "10 um", 100),
            (99, 0.1, "5 um", 50),
            (100, 0.001, "0.1 um", 100),
            (100, 0.3, "20 um", 67),
            (60, 1e9, "5e10 um", 50),
            (60, 1e-9, "5e-8 um", 50),
        ] {
            let got = round_length(most, pixel_size, Unit::Micrometre);
            assert_eq!((got.label.as_str(), got.pixels), (label, pixels));
        }
    }
}
