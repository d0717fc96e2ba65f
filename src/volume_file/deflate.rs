//! Deflate (RFC 1951) in the zlib frame (RFC 1950), made for the shuffled bytes of volumes.
//!
//! A volume's bytes come plane by plane: nearly constant planes of exponents, planes of mantissas that nothing
//! makes smaller, and both full of long runs of zeros. A compressor that knows this is several times faster than a
//! general one at the same ratio: runs are looked for first, a plane without repetitions is not searched for them,
//! and each plane has Huffman codes of its own. The bytes depend on the input alone.

mod bits;
mod header;
mod huffman;
mod search;
mod symbols;

use bits::Bits;
use header::Header;
use huffman::Code;
use search::{Search, Step};
use symbols::{DISTANCES, END, LONGEST, SHORTEST, SYMBOLS, distance_symbol, for_parts, length_symbol};

/// The most bytes that a block holds as they are.
const MOST_STORED: usize = 65_535;
/// Planes shorter than this share their Huffman codes with the next ones.
const LONG_PLANE: usize = 1 << 15;

/// A compressor; kept for the sake of its memory, it carries nothing from one input to the next.
#[derive(Default)]
pub struct Deflater {
    search: Search,
    bits: Bits,
}

impl Deflater {
    /// Compresses `input`, which is made of planes of `plane` bytes each, to a zlib stream.
    pub fn zlib(&mut self, input: &[u8], plane: usize) -> &[u8] {
        self.bits.begin();
        // Method 8, window of 32 KiB; fastest compression.
        self.bits.bytes(&[0x78, 0x01]);
        self.search.begin();
        let plane = if plane < LONG_PLANE { input.len().max(1) } else { plane };
        let mut at = 0;
        loop {
            let end = ((at / plane + 1) * plane).min(input.len());
            if at.is_multiple_of(plane) {
                self.search.new_plane();
            }
            let next = self.search.block(input, at, end);
            self.block(&input[at..next], next == input.len());
            at = next;
            if at == input.len() {
                break;
            }
        }
        self.bits.align();
        self.bits.bytes(&libdeflater::adler32(input).to_be_bytes());
        self.bits.written()
    }

    /// Writes one block, in whichever of two forms is shorter: with Huffman codes of its own, or as it is.
    fn block(&mut self, input: &[u8], last: bool) {
        let Deflater { search, bits } = self;
        let counts = Counts::new(input, &search.steps);
        let (main, far) = (Code::new(&counts.main, 15), Code::new(&counts.far, 15));
        let header = Header::new(&main.lengths, &far.lengths);
        let cost = header.cost() + counts.cost(&main, &far);
        let blocks = input.len().div_ceil(MOST_STORED).max(1);
        if cost >= 8 * (input.len() + 5 * blocks) as u64 {
            return stored(input, last, bits);
        }
        bits.room(cost as usize / 8 + 16);
        bits.put(u64::from(last) | 2 << 1, 3);
        header.write(bits);
        body(input, &search.steps, &main, &far, bits);
    }
}

/// How often each symbol occurs.
struct Counts {
    main: [u32; SYMBOLS],
    far: [u32; DISTANCES],
    /// Bits beside the symbols.
    extra: u64,
}

impl Counts {
    fn new(input: &[u8], steps: &[Step]) -> Counts {
        let mut counts = Counts { main: [0; SYMBOLS], far: [0; DISTANCES], extra: 0 };
        // Neighbours are often equal: two tables let them be counted at once.
        let mut odd = [0_u32; 256];
        let mut rest = input;
        for step in steps {
            let (literals, after) = rest.split_at(step.literals as usize);
            rest = &after[step.length as usize..];
            let (pairs, single) = literals.as_chunks::<2>();
            for [a, b] in pairs {
                counts.main[usize::from(*a)] += 1;
                odd[usize::from(*b)] += 1;
            }
            single.iter().for_each(|&byte| counts.main[usize::from(byte)] += 1);
            if step.length > 0 {
                let far = distance_symbol(step.distance);
                for_parts(step.length, |part| {
                    let length = length_symbol(part);
                    counts.main[length.symbol] += 1;
                    counts.far[far.symbol] += 1;
                    counts.extra += u64::from(length.bits + far.bits);
                });
            }
        }
        counts.main.iter_mut().zip(odd).for_each(|(count, odd)| *count += odd);
        counts.main[END] += 1;
        counts
    }

    /// Bits that the symbols take.
    fn cost(&self, main: &Code<SYMBOLS>, far: &Code<DISTANCES>) -> u64 {
        let bits = |counts: &[u32], lengths: &[u8]| {
            counts.iter().zip(lengths).map(|(&n, &bits)| u64::from(n) * u64::from(bits)).sum::<u64>()
        };
        bits(&self.main, &main.lengths) + bits(&self.far, &far.lengths) + self.extra
    }
}

/// Writes bytes as they are: nearly always one piece, since a block is longer only where it repeats itself.
fn stored(input: &[u8], last: bool, bits: &mut Bits) {
    let mut rest = input;
    loop {
        let (part, after) = rest.split_at(rest.len().min(MOST_STORED));
        rest = after;
        let size = part.len() as u16;
        bits.room(16);
        bits.put(u64::from(last && rest.is_empty()), 3);
        bits.align();
        bits.bytes(&size.to_le_bytes());
        bits.bytes(&(!size).to_le_bytes());
        bits.bytes(part);
        if rest.is_empty() {
            break;
        }
    }
}

/// Writes the symbols; there is room for them.
fn body(input: &[u8], steps: &[Step], main: &Code<SYMBOLS>, far: &Code<DISTANCES>, bits: &mut Bits) {
    let code = |symbol: usize| (u64::from(main.bits[symbol]), u32::from(main.lengths[symbol]));
    let literals: [(u64, u32); 256] = std::array::from_fn(code);
    let lengths: [(u64, u32); LONGEST as usize + 1] = std::array::from_fn(|length| {
        let length = length_symbol((length as u32).max(SHORTEST));
        let (bits, size) = code(length.symbol);
        (bits | u64::from(length.value) << size, size + length.bits)
    });
    let mut rest = input;
    for step in steps {
        let (run, after) = rest.split_at(step.literals as usize);
        rest = &after[step.length as usize..];
        // Three literals fit between two flushes.
        let (threes, few) = run.as_chunks::<3>();
        for three in threes {
            for &byte in three {
                let (code, size) = literals[usize::from(byte)];
                bits.add(code, size);
            }
            bits.flush();
        }
        for &byte in few {
            let (code, size) = literals[usize::from(byte)];
            bits.put(code, size);
        }
        if step.length > 0 {
            let distance = distance_symbol(step.distance);
            let size = u32::from(far.lengths[distance.symbol]);
            let back = u64::from(far.bits[distance.symbol]) | u64::from(distance.value) << size;
            for_parts(step.length, |part| {
                let (length, bits_of_length) = lengths[part as usize];
                bits.add(length, bits_of_length);
                bits.put(back, size + distance.bits);
            });
        }
    }
    let (end, size) = code(END);
    bits.put(end, size);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks that what comes out is what went in, and returns the size in between.
    fn round_trip(deflater: &mut Deflater, input: &[u8], plane: usize) -> usize {
        let stream = deflater.zlib(input, plane).to_vec();
        let mut out = vec![1; input.len()];
        let got = libdeflater::Decompressor::new().zlib_decompress(&stream, &mut out).unwrap();
        assert_eq!((got, &out[..]), (input.len(), input));
        stream.len()
    }

    /// Bytes that nothing makes smaller.
    fn noise(count: usize) -> Vec<u8> {
        let mut state = 1_u32;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as u8
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn every_length_and_distance_comes_back() {
        let mut deflater = Deflater::default();
        let noise = noise(40_000);
        for length in (0..600).chain([65_534, 65_535, 65_536, 200_000]) {
            round_trip(&mut deflater, &vec![7; length], length);
        }
        for length in 6..530 {
            // Zeros between the two are a run, after which all kinds of repetitions are looked for.
            let word: Vec<u8> = noise[..length].iter().map(|byte| byte | 1).collect();
            let mut input = word.clone();
            input.resize(2 * length, 0);
            let before = round_trip(&mut deflater, &input, input.len());
            input.extend_from_slice(&word);
            assert!(round_trip(&mut deflater, &input, input.len()) < before + 40, "{length}");
        }
        let word: Vec<u8> = noise[..64].iter().map(|byte| byte | 1).collect();
        for distance in (65..600).chain((600..32_768).step_by(511)).chain([32_767, 32_768, 32_769]) {
            let mut input = word.clone();
            input.resize(distance, 0);
            let before = round_trip(&mut deflater, &input, input.len());
            input.extend_from_slice(&word);
            let found = round_trip(&mut deflater, &input, input.len()) < before + 40;
            assert_eq!(found, distance <= 32_768, "{distance}");
        }
    }

    #[test]
    fn six_equal_bytes_are_a_repetition() {
        let input: Vec<u8> = noise(4000).chunks(4).flat_map(|four| [four, b"ABCDEF"].concat()).collect();
        let packed = round_trip(&mut Deflater::default(), &input, input.len());
        assert!(packed < 6000, "{packed}");
    }

    #[test]
    fn noise_is_stored_and_zeros_vanish() {
        let mut deflater = Deflater::default();
        let noise = noise(300_000);
        let stored = round_trip(&mut deflater, &noise, noise.len());
        assert!(stored < noise.len() + 5 * noise.len() / 20_000 + 20, "{stored}");
        assert!(round_trip(&mut deflater, &vec![0; 1 << 20], 1 << 18) < 2000);
    }

    #[test]
    fn runs_between_noise_are_found() {
        let mut deflater = Deflater::default();
        let mut input = noise(1 << 18);
        for (i, byte) in input.iter_mut().enumerate() {
            *byte = if i % 64 < 40 { 0 } else { *byte };
        }
        let packed = round_trip(&mut deflater, &input, 1 << 18);
        assert!(packed < (1 << 18) * 27 / 64, "{packed}");
    }

    #[test]
    fn rare_symbols_get_codes_of_at_most_15_bits() {
        // Fibonacci's numbers make the deepest of trees.
        let mut input = Vec::new();
        let (mut a, mut b) = (1_usize, 1_usize);
        for byte in 0..24 {
            input.extend(std::iter::repeat_n(byte, a));
            (a, b) = (b, a + b);
        }
        // Scattered, so that nothing repeats.
        let n = input.len();
        let scattered: Vec<u8> = (0..n).map(|i| input[i * 48_271 % n]).collect();
        round_trip(&mut Deflater::default(), &scattered, n);
    }

    #[test]
    fn a_volume_takes_no_more_than_with_a_general_compressor() {
        let gauss = |i: i32| libm::exp2(-f64::from(i * i) / 128.0);
        let voxels = (0..1 << 18).map(|i: i32| {
            let at = [i % 64, i / 64 % 64, i / 4096].map(|i| gauss(i - 30));
            let value = at[0] * at[1] * at[2] * 100.0;
            if value < 1e-4 { 0.0 } else { value as f32 }
        });
        let bytes: Vec<[u8; 4]> = voxels.map(f32::to_le_bytes).collect();
        let shuffled: Vec<u8> = (0..4).flat_map(|byte| bytes.iter().map(move |b| b[byte])).collect();
        let ours = round_trip(&mut Deflater::default(), &shuffled, 1 << 18);
        let mut general = libdeflater::Compressor::new(libdeflater::CompressionLvl::fastest());
        let mut out = vec![0; general.zlib_compress_bound(shuffled.len())];
        let theirs = general.zlib_compress(&shuffled, &mut out).unwrap();
        assert!(ours * 100 < theirs * 105, "{ours} {theirs}");
    }
}
