//! What a block says of its own codes.

use super::bits::Bits;
use super::huffman::Code;
use super::symbols::END;

/// The code lengths of a block, packed as RFC 1951, 3.2.7 has it.
pub struct Header {
    /// How many code lengths of the literals and of the distances are told.
    told: [usize; 2],
    /// A code length, or a repetition with its bits: (symbol, value, bits).
    items: Vec<(u8, u8, u8)>,
    code: Code<19>,
}

/// The order in which the code lengths of the code lengths stand.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

impl Header {
    pub fn new(main: &[u8], far: &[u8]) -> Header {
        let used = |lengths: &[u8]| lengths.iter().rposition(|&length| length > 0).map_or(0, |last| last + 1);
        let told = [used(main).max(END + 1), used(far).max(1)];
        let lengths: Vec<u8> = main[..told[0]].iter().chain(&far[..told[1]]).copied().collect();
        let mut items = Vec::with_capacity(lengths.len());
        for same in lengths.chunk_by(|a, b| a == b) {
            let (length, mut left) = (same[0], same.len());
            while left > 0 {
                let first = left == same.len();
                let (item, covered) = match left {
                    11.. if length == 0 => ((18, left.min(138) as u8 - 11, 7), left.min(138)),
                    3.. if length == 0 => ((17, left as u8 - 3, 3), left),
                    3.. if !first => ((16, left.min(6) as u8 - 3, 2), left.min(6)),
                    _ => ((length, 0, 0), 1),
                };
                items.push(item);
                left -= covered;
            }
        }
        let mut counts = [0; 19];
        items.iter().for_each(|&(symbol, ..)| counts[usize::from(symbol)] += 1);
        Header { told, items, code: Code::new(&counts, 7) }
    }

    /// How many of `ORDER` are told.
    fn orders(&self) -> usize {
        ORDER.iter().rposition(|&i| self.code.lengths[i] > 0).map_or(0, |last| last + 1).max(4)
    }

    /// Bits of the block's type and of the header.
    pub fn cost(&self) -> u64 {
        let item = |&(symbol, _, bits): &(u8, u8, u8)| self.code.lengths[usize::from(symbol)] + bits;
        3 + 14 + 3 * self.orders() as u64 + self.items.iter().map(|i| u64::from(item(i))).sum::<u64>()
    }

    pub fn write(&self, bits: &mut Bits) {
        let [main, far] = self.told;
        bits.put((main - END - 1) as u64, 5);
        bits.put((far - 1) as u64, 5);
        bits.put((self.orders() - 4) as u64, 4);
        for &i in &ORDER[..self.orders()] {
            bits.put(u64::from(self.code.lengths[i]), 3);
        }
        for &(symbol, value, size) in &self.items {
            bits.put(
                u64::from(self.code.bits[usize::from(symbol)]),
                self.code.lengths[usize::from(symbol)].into(),
            );
            bits.put(u64::from(value), u32::from(size));
        }
    }
}
