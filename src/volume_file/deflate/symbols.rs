//! The symbols of deflate: literals, lengths and distances (RFC 1951, 3.2.5).

/// Literals 0 ..= 255, the end of the block, and codes for lengths.
pub const SYMBOLS: usize = 286;
pub const END: usize = 256;
/// Codes for distances.
pub const DISTANCES: usize = 30;
/// The longest match, and the shortest.
pub const LONGEST: u32 = 258;
pub const SHORTEST: u32 = 3;

/// A symbol with the bits that tell it from its like.
pub struct Symbol {
    pub symbol: usize,
    pub bits: u32,
    pub value: u32,
}

/// RFC 1951, 3.2.5: above the first few, a symbol for every quarter of a power of two.
pub fn length_symbol(length: u32) -> Symbol {
    let above = length - SHORTEST;
    match above {
        0..8 => Symbol { symbol: 257 + above as usize, bits: 0, value: 0 },
        // The longest has a symbol of its own.
        255 => Symbol { symbol: 285, bits: 0, value: 0 },
        _ => {
            let bits = above.ilog2() - 2;
            let symbol = (257 + 4 * bits + (above >> bits)) as usize;
            Symbol { symbol, bits, value: above & ((1 << bits) - 1) }
        }
    }
}

/// The same with a symbol for every half of a power of two.
pub fn distance_symbol(distance: u32) -> Symbol {
    let above = distance - 1;
    if above < 4 {
        return Symbol { symbol: above as usize, bits: 0, value: 0 };
    }
    let bits = above.ilog2() - 1;
    let symbol = (2 * bits + (above >> bits)) as usize;
    Symbol { symbol, bits, value: above & ((1 << bits) - 1) }
}

/// Cuts a length into parts that have symbols.
#[inline(always)]
pub fn for_parts(mut length: u32, mut each: impl FnMut(u32)) {
    while length > LONGEST {
        // What remains must not be too short.
        let part = LONGEST.min(length - SHORTEST);
        each(part);
        length -= part;
    }
    each(length);
}
