//! Bits one behind the other, the first in the lowest place of a byte.

#[derive(Default)]
pub struct Bits {
    bytes: Vec<u8>,
    /// Bytes that are written.
    at: usize,
    /// Bits that are not yet, and how many: fewer than 8 after a flush.
    buffer: u64,
    count: u32,
}

impl Bits {
    pub fn begin(&mut self) {
        (self.at, self.buffer, self.count) = (0, 0, 0);
    }

    pub fn written(&self) -> &[u8] {
        &self.bytes[..self.at]
    }

    /// Makes room for `bytes` bytes more, and for what a flush writes too much.
    pub fn room(&mut self, bytes: usize) {
        let needed = self.at + bytes + size_of::<u64>();
        if self.bytes.len() < needed {
            self.bytes.resize(needed.next_power_of_two(), 0);
        }
    }

    /// Appends the lowest `size` bits of `value`, which has no others; 57 bits fit between two flushes.
    #[inline(always)]
    pub fn add(&mut self, value: u64, size: u32) {
        self.buffer |= value << self.count;
        self.count += size;
    }

    /// Writes whole bytes; there is room.
    #[inline(always)]
    pub fn flush(&mut self) {
        self.bytes[self.at..self.at + size_of::<u64>()].copy_from_slice(&self.buffer.to_le_bytes());
        self.at += self.count as usize / 8;
        self.buffer >>= self.count & !7;
        self.count &= 7;
    }

    #[inline(always)]
    pub fn put(&mut self, value: u64, size: u32) {
        self.add(value, size);
        self.flush();
    }

    /// Fills the last byte up.
    pub fn align(&mut self) {
        self.room(1);
        self.count = self.count.next_multiple_of(8);
        self.flush();
    }

    /// Appends whole bytes, where the last one is full.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.room(bytes.len());
        self.bytes[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }
}
