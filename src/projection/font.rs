//! A bitmap font of the few characters that labels need.

/// Pixels of a character; between two of them there is one more.
pub const WIDTH: usize = 5;
pub const HEIGHT: usize = 7;

/// Rows from the top, the leftmost pixel in the highest of five bits.
const GLYPHS: &[(char, [u8; HEIGHT])] = &[
    ('0', [0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110]),
    ('1', [0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110]),
    ('2', [0b01110, 0b10001, 0b00001, 0b00010, 0b00100, 0b01000, 0b11111]),
    ('3', [0b11111, 0b00010, 0b00100, 0b00010, 0b00001, 0b10001, 0b01110]),
    ('4', [0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010]),
    ('5', [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110]),
    ('6', [0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110]),
    ('7', [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000]),
    ('8', [0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110]),
    ('9', [0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100]),
    ('.', [0b00000, 0b00000, 0b00000, 0b00000, 0b00000, 0b01100, 0b01100]),
    ('-', [0b00000, 0b00000, 0b00000, 0b11111, 0b00000, 0b00000, 0b00000]),
    ('e', [0b00000, 0b00000, 0b01110, 0b10001, 0b11111, 0b10000, 0b01110]),
    ('m', [0b00000, 0b00000, 0b11010, 0b10101, 0b10101, 0b10101, 0b10101]),
    ('n', [0b00000, 0b00000, 0b10110, 0b11001, 0b10001, 0b10001, 0b10001]),
    ('p', [0b00000, 0b00000, 0b11110, 0b10001, 0b11110, 0b10000, 0b10000]),
    ('u', [0b00000, 0b00000, 0b10001, 0b10001, 0b10001, 0b10011, 0b01101]),
    ('x', [0b00000, 0b00000, 0b10001, 0b01010, 0b00100, 0b01010, 0b10001]),
    ('y', [0b00000, 0b00000, 0b10001, 0b10001, 0b01111, 0b00001, 0b01110]),
    ('z', [0b00000, 0b00000, 0b11111, 0b00010, 0b00100, 0b01000, 0b11111]),
];

/// Pixels that `text` is wide.
pub fn width(text: &str) -> usize {
    (text.chars().count() * (WIDTH + 1)).saturating_sub(1)
}

/// The pixels of `text` that are set, from its upper left corner; an unknown character is a space.
pub fn pixels(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    text.chars().enumerate().flat_map(|(i, character)| {
        let rows =
            GLYPHS.iter().find(|(known, _)| *known == character).map_or([0; HEIGHT], |(_, rows)| *rows);
        (0..HEIGHT * WIDTH)
            .map(|at| (at % WIDTH, at / WIDTH))
            .filter(move |(x, y)| rows[*y] >> (WIDTH - 1 - x) & 1 == 1)
            .map(move |(x, y)| (i * (WIDTH + 1) + x, y))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Unit;

    #[test]
    fn every_character_of_a_label_has_a_shape() {
        let units = Unit::NAMES.concat();
        for character in format!("0123456789.-exyz{units}").chars() {
            assert!(pixels(&character.to_string()).count() > 3, "{character}");
        }
        assert_eq!(width("5 um"), 23);
    }
}
