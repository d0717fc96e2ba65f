//! Huffman codes of limited length, in the canonical form that deflate takes (RFC 1951, 3.2.2).

/// A code of `N` symbols.
pub struct Code<const N: usize> {
    /// Bits of each symbol; 0 where it does not occur.
    pub lengths: [u8; N],
    /// The bits themselves, the first to be written lowest.
    pub bits: [u16; N],
}

impl<const N: usize> Code<N> {
    /// The code for symbols that occur `counts` times, none longer than `longest` bits.
    pub fn new(counts: &[u32; N], longest: usize) -> Code<N> {
        let mut used: Vec<(u32, u16)> =
            (0..N).filter(|&i| counts[i] > 0).map(|i| (counts[i], i as u16)).collect();
        used.sort_unstable();
        let mut lengths = [0; N];
        match used.as_slice() {
            [] => {}
            // A symbol that is alone still takes a bit.
            [(_, only)] => lengths[usize::from(*only)] = 1,
            _ => {
                let of_length = limited(&depths(&used), longest);
                let mut rarest_first = used.iter();
                for length in (1..=longest).rev() {
                    for (_, symbol) in rarest_first.by_ref().take(of_length[length] as usize) {
                        lengths[usize::from(*symbol)] = length as u8;
                    }
                }
            }
        }
        Code { bits: canonical(&lengths), lengths }
    }
}

/// How many symbols lie how deep in the Huffman tree of `used`, which is sorted by count.
fn depths(used: &[(u32, u16)]) -> Vec<usize> {
    // Leaves 0 .. n, then inner nodes in the order of their making, which is that of their weight.
    let n = used.len();
    let mut weight: Vec<u32> = used.iter().map(|(count, _)| *count).collect();
    let mut parent = vec![0_u16; 2 * n - 1];
    let (mut leaf, mut inner) = (0, n);
    for node in n..2 * n - 1 {
        let mut sum = 0;
        for _ in 0..2 {
            let next = if leaf < n && (inner == node || weight[leaf] <= weight[inner]) {
                &mut leaf
            } else {
                &mut inner
            };
            sum += weight[*next];
            parent[*next] = node as u16;
            *next += 1;
        }
        weight.push(sum);
    }
    let mut depth = vec![0_usize; 2 * n - 1];
    for node in (0..2 * n - 2).rev() {
        depth[node] = depth[usize::from(parent[node])] + 1;
    }
    depth.truncate(n);
    depth
}

/// Symbols of each length, once those deeper than `longest` are raised to it and others are lowered to make room.
fn limited(depths: &[usize], longest: usize) -> [u32; 16] {
    let mut of_length = [0_u32; 16];
    depths.iter().for_each(|&depth| of_length[depth.min(longest)] += 1);
    // The room that codes of these lengths take, in codes of the longest.
    let room = |of_length: &[u32; 16]| (1..=longest).map(|l| of_length[l] << (longest - l)).sum::<u32>();
    let mut excess = room(&of_length).saturating_sub(1 << longest);
    while excess > 0 {
        // One of the longest moves beside a shorter one, which becomes one bit longer.
        if let Some(shorter) = (1..longest).rev().find(|&l| of_length[l] > 0) {
            of_length[shorter] -= 1;
            of_length[shorter + 1] += 2;
            of_length[longest] -= 1;
        }
        excess -= 1;
    }
    of_length
}

fn canonical<const N: usize>(lengths: &[u8; N]) -> [u16; N] {
    let mut of_length = [0_u16; 16];
    lengths.iter().for_each(|&length| of_length[usize::from(length)] += 1);
    of_length[0] = 0;
    let mut next = [0_u16; 16];
    for length in 1..16 {
        next[length] = (next[length - 1] + of_length[length - 1]) << 1;
    }
    lengths.map(|length| {
        if length == 0 {
            return 0;
        }
        let bits = next[usize::from(length)];
        next[usize::from(length)] += 1;
        bits.reverse_bits() >> (16 - length)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_complete_and_short_enough() {
        // Fibonacci's numbers make the deepest of trees, equal ones the flattest.
        let mut deep = [1_u32; 40];
        for i in 2..40 {
            deep[i] = deep[i - 1] + deep[i - 2];
        }
        for (counts, longest) in [(deep, 15), (deep, 7), ([1; 40], 7), ([1; 40], 15)] {
            let code = Code::new(&counts, longest);
            let room: u32 = code.lengths.iter().map(|&length| 1 << (longest - usize::from(length))).sum();
            assert_eq!(room, 1 << longest);
            assert!(code.lengths.iter().all(|&length| (1..=longest).contains(&usize::from(length))));
        }
    }

    #[test]
    fn the_example_of_rfc_1951() {
        // Section 3.2.2: lengths (3, 3, 3, 3, 3, 2, 4, 4), there with the first bit highest.
        let bits = canonical(&[3, 3, 3, 3, 3, 2, 4, 4]);
        assert_eq!(bits, [0b010, 0b110, 0b001, 0b101, 0b011, 0b00, 0b0111, 0b1111]);
    }
}
