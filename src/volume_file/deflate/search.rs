//! Where bytes repeat: greedy, with one candidate for each place.

use super::symbols::LONGEST;

/// Bytes that are loaded at once.
const WORD: usize = size_of::<u64>();
/// Bits of a word that need not be equal in a repetition: it has six bytes at least. Shorter ones of shuffled voxels cost
/// more than they save.
const UNCOMPARED: u32 = 16;
/// The farthest that deflate can look back.
const FARTHEST: usize = 1 << 15;
const TABLE_BITS: u32 = 14;
/// Symbols after which a block ends, so that its codes fit what it holds.
const BLOCK: usize = 24 << 10;
/// After 2^this misses in a row the steps become longer.
const PATIENCE: u32 = 4;
/// Places at the end of a match that are remembered.
const REMEMBERED: usize = 4;
/// Blocks that are searched for runs alone after one in which nothing else was found.
const RUNS_ONLY: u32 = 16;

/// Some literals, then a repetition of `length` bytes that begins `distance` bytes before; 0 bytes at a block's end.
pub struct Step {
    pub literals: u32,
    pub length: u32,
    pub distance: u32,
}

pub struct Search {
    /// The place where a word of each hash was last seen, modulo 2^16.
    seen: Box<[u16; 1 << TABLE_BITS]>,
    /// Blocks for which only runs are looked for.
    runs_only: u32,
    /// The steps of the last block.
    pub steps: Vec<Step>,
}

impl Default for Search {
    fn default() -> Search {
        Search { seen: Box::new([0; 1 << TABLE_BITS]), runs_only: 0, steps: Vec::new() }
    }
}

impl Search {
    pub fn begin(&mut self) {
        self.seen.fill(0);
    }

    /// What was seen of the last plane says nothing of the next.
    pub fn new_plane(&mut self) {
        self.runs_only = 0;
    }

    /// Finds the steps of a block that begins at `start` and ends at `end` at the latest; returns where.
    pub fn block(&mut self, input: &[u8], start: usize, end: usize) -> usize {
        self.steps.clear();
        if self.runs_only > 0 {
            self.runs_only -= 1;
            return self.walk::<true>(&input[..end], start);
        }
        let next = self.walk::<false>(&input[..end], start);
        let far: u64 = self.steps.iter().filter(|s| s.distance > 1).map(|s| u64::from(s.length)).sum();
        let literals: u64 = self.steps.iter().map(|s| u64::from(s.literals)).sum();
        if 2 * far < literals {
            self.runs_only = RUNS_ONLY;
        }
        next
    }

    /// Goes through the block; looks for runs, and unless `RUNS` for other repetitions too.
    fn walk<const RUNS: bool>(&mut self, input: &[u8], start: usize) -> usize {
        let mut left = BLOCK;
        // Literals from `pending` on wait for the next match.
        let (mut at, mut pending) = (start, start);
        let mut misses = 0;
        while let Some(word) = word_at(input, at) {
            let found = if word == word.rotate_left(8) {
                Some((at + 1, 1))
            } else if RUNS {
                None
            } else {
                self.repetition(input, at, word).map(|distance| (at, distance))
            };
            let Some((mut from, distance)) = found else {
                at += if RUNS { WORD } else { 1 + (misses >> PATIENCE) };
                misses += 1;
                if at - pending >= left {
                    break;
                }
                continue;
            };
            misses = 0;
            while from > pending && from > distance && input[from - 1] == input[from - 1 - distance] {
                from -= 1;
            }
            let length = equal_bytes(&input[from - distance..], &input[from..]);
            let literals = from - pending;
            self.steps.push(Step {
                literals: literals as u32,
                length: length as u32,
                distance: distance as u32,
            });
            at = from + length;
            pending = at;
            if !RUNS && distance > 1 {
                self.remember(input, from, at);
            }
            let symbols = literals + length.div_ceil(LONGEST as usize);
            if symbols >= left {
                return at;
            }
            left -= symbols;
        }
        if at + WORD > input.len() {
            at = input.len();
        }
        self.steps.push(Step { literals: (at - pending) as u32, length: 0, distance: 0 });
        at
    }

    /// The distance to an equal word, if there is one where its hash was last seen.
    #[inline(always)]
    fn repetition(&mut self, input: &[u8], at: usize, word: u64) -> Option<usize> {
        let word = word << UNCOMPARED;
        let seen = &mut self.seen[hash(word)];
        let distance = usize::from((at as u16).wrapping_sub(*seen));
        *seen = at as u16;
        let fits = (1..=FARTHEST).contains(&distance) && distance <= at;
        let earlier = if fits { word_at(input, at - distance)? << UNCOMPARED } else { !word };
        (earlier == word).then_some(distance)
    }

    /// Remembers places at the end of a match.
    fn remember(&mut self, input: &[u8], from: usize, end: usize) {
        for at in end.saturating_sub(REMEMBERED).max(from + 1)..end {
            if let Some(word) = word_at(input, at) {
                self.seen[hash(word << UNCOMPARED)] = at as u16;
            }
        }
    }
}

#[inline(always)]
fn word_at(input: &[u8], at: usize) -> Option<u64> {
    input.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

/// The golden ratio spreads the words over the table.
#[inline(always)]
fn hash(word: u64) -> usize {
    (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - TABLE_BITS)) as usize
}

/// How many bytes at the beginning of `earlier` and of `later`, which is shorter, are equal.
fn equal_bytes(earlier: &[u8], later: &[u8]) -> usize {
    let words = earlier.as_chunks::<WORD>().0.iter().zip(later.as_chunks::<WORD>().0);
    let mut equal = 0;
    for (a, b) in words {
        let difference = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if difference != 0 {
            return equal + difference.trailing_zeros() as usize / 8;
        }
        equal += WORD;
    }
    equal + earlier[equal..].iter().zip(&later[equal..]).take_while(|(a, b)| a == b).count()
}
