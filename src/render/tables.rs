//! Factors of the spots of a block, evaluated once for all its tiles.

use super::Renderer;
use super::bins::List;
use super::gather::{self, Gathered, SPOTS};
use super::kernel::Real;
use super::lanes::{LANE, Numbers};
use super::lattice::Window;
use super::strokes::{Kind, Strokes};
use crate::grid::Box3;
use crate::math::{GROUP, Ramp};
use crate::profiles::Shape;

/// Bytes that the factors of a batch of spots should take at most, beside their peaks: they stay in the second-level cache.
pub const TABLE_BYTES: usize = 3 << 18;

/// Spots side by side are wide where a product would work on fewer than so many times the voxels of their boxes. Either all
/// of them are or none: a narrow one in between would break the product of the others in two, and costs it little.
const WORTHWHILE: f32 = 3.0;

/// Strokes of a batch at which no more spots are added; at most twice as many come together.
const MOST_STROKES: usize = 1 << 14;

/// Factors of spots.
#[derive(Clone, Copy)]
pub struct Factors<'a, T> {
    pub values: &'a [T],
    /// Of wide spots, the largest of each [`GROUP`] of their values; at least [`Real::TINY`].
    pub peaks: &'a [T],
}

/// Finds the peaks of values; see [`Factors::peaks`].
#[inline(always)]
pub fn find_peaks<T: Real>(values: &[T], peaks: &mut [T]) {
    for (group, peak) in values.as_chunks::<GROUP>().0.iter().zip(peaks) {
        *peak = group.iter().fold(T::TINY, higher);
    }
}

/// The higher of two numbers.
#[inline(always)]
pub fn higher<T: Real>(a: T, b: &T) -> T {
    if *b > a { *b } else { a }
}

/// Factors of a batch of spots, in the order of their numbers.
pub struct Tables<T> {
    values: Numbers<T>,
    peaks: Numbers<T>,
    /// Factors in use.
    used: usize,
    gathered: Box<Gathered>,
    rooms: Box<Rooms>,
    /// Spots whose factors have their places, but no values yet: all of one profile.
    placed: Vec<Placed>,
    ramps: Vec<Ramp>,
}

/// Where the factors of a spot lie.
#[derive(Clone, Copy)]
struct Placed {
    /// Along x y z: where their room begins, the first of the spot's own, behind the last of them, and where the room ends;
    /// what is not the spot's own is 0.
    axes: [[u32; 4]; 3],
    /// Those along z are to be multiplied by it.
    amplitude: f64,
}

/// What the factors of spots side by side take along x y z.
struct Rooms {
    /// Factors, 0, before the spot's own.
    skipped: [[u32; SPOTS]; 3],
    /// All of them.
    room: [[u32; SPOTS]; 3],
    /// Whether the spots are wide.
    wide: bool,
}

impl Rooms {
    /// Where a product is drawn, it works on boxes of `whole` voxels, powers of two.
    #[inline(always)]
    fn measure(&mut self, spots: &Gathered, whole: [usize; 3]) {
        // Axis by axis, as plainly as it takes for several spots to be worked out at once.
        let [mut own, mut wider] = [[1.0_f32; SPOTS]; 2];
        for a in 0..3 {
            let mask = whole[a] as u32 - 1;
            for i in 0..SPOTS {
                let (first, end) = (spots.first_voxel[a][i], spots.end_voxel[a][i]);
                own[i] *= end.wrapping_sub(first) as i32 as f32;
                wider[i] *= around(first, end, mask) as i32 as f32;
            }
        }
        let mut saved = [0.0; LANE];
        for i in 0..SPOTS {
            saved[i % LANE] += if i < spots.count { WORTHWHILE * own[i] - wider[i] } else { 0.0 };
        }
        self.wide = saved.iter().sum::<f32>() > 0.0;
        for (a, step) in (if self.wide { whole } else { [LANE, 1, 1] }).into_iter().enumerate() {
            let mask = step as u32 - 1;
            for i in 0..SPOTS {
                let (first, end) = (spots.first_voxel[a][i], spots.end_voxel[a][i]);
                self.skipped[a][i] = first & mask;
                self.room[a][i] = around(first, end, mask);
            }
        }
    }
}

/// Voxels of the whole groups of `mask + 1`, a power of two, that the voxels from `first` to `end` touch.
#[inline(always)]
fn around(first: u32, end: u32, mask: u32) -> u32 {
    (end.wrapping_add(mask) & !mask).wrapping_sub(first & !mask)
}

impl<T: Real> Tables<T> {
    pub fn new() -> Tables<T> {
        let none = [[0; SPOTS]; 3];
        Tables {
            values: Numbers::new(),
            peaks: Numbers::new(),
            used: 0,
            gathered: Box::new(Gathered::new()),
            rooms: Box::new(Rooms { skipped: none, room: none, wide: false }),
            placed: Vec::new(),
            ramps: Vec::new(),
        }
    }

    pub fn factors(&self) -> Factors<'_, T> {
        Factors { values: &self.values, peaks: &self.peaks }
    }

    /// Takes the first of the spots `ids`, replaces the factors by theirs within the block `voxels` (indices of the whole
    /// grid), and adds their strokes. Where a product is drawn, it works on boxes of `whole` voxels.
    #[inline(always)]
    pub fn fill(
        &mut self,
        renderer: &Renderer<'_>,
        voxels: &Box3,
        whole: [usize; 3],
        ids: &mut List<'_>,
        strokes: &mut Strokes,
    ) {
        let (scene, spots) = (renderer.scene, renderer.spots);
        self.used = 0;
        let window = Window::new(voxels);
        let (mut group, flat) = (0, renderer.grid().flat);
        let mut shape = scene.groups[group].profile.shape();
        let reach =
            (0..3).map(|a| (voxels[a].end - voxels[a].start) as usize + 2 * whole[a] + GROUP).sum::<usize>();
        while !ids.is_empty() && self.used * size_of::<T>() < TABLE_BYTES && strokes.len() < MOST_STROKES {
            // As many as have room even if they reach over the whole of the block.
            let factors = (TABLE_BYTES / size_of::<T>() - self.used) / reach;
            let chunk = ids.take(factors.min(MOST_STROKES / strokes.tiles()).clamp(1, SPOTS));
            self.gathered.take(renderer, &mut chunk.iter().map(|&id| id as usize));
            self.gathered.footprints(renderer, &window);
            self.gathered.whole_voxels();
            self.gathered.ramps(renderer, &window);
            self.rooms.measure(&self.gathered, whole);
            for (i, &id) in chunk.iter().enumerate() {
                // A block's spots lie scattered over the list of all.
                if let Some(&next) = ids.coming().get(i) {
                    gather::expect(renderer, next as usize);
                }
                if !self.gathered.visible(i) {
                    continue;
                }
                // The numbers ascend, and with them the groups.
                if spots.groups[group].end <= id as usize {
                    self.evaluate(&shape, flat);
                    while spots.groups[group].end <= id as usize {
                        group += 1;
                    }
                    shape = scene.groups[group].profile.shape();
                }
                let (factors, kind) = match shape {
                    Shape::Separable(_) => self.place(i, flat),
                    Shape::Dense(_) => ([0; 3], Kind::Dense),
                };
                let along = |a: usize| self.gathered.first_voxel[a][i]..self.gathered.end_voxel[a][i];
                strokes.add(id, &[along(0), along(1), along(2)], factors, kind);
            }
            self.evaluate(&shape, flat);
        }
    }

    /// Finds places for the factors of spot `i` of those at hand: where those of its first lane, row and slice will be.
    #[inline(always)]
    fn place(&mut self, i: usize, flat: bool) -> ([u32; 3], Kind) {
        let (spots, rooms) = (&*self.gathered, &*self.rooms);
        // Registers load their factors from one line of the cache.
        let mut at = self.used.next_multiple_of(2 * LANE) as u32;
        let mut placed = Placed { axes: [[0; 4]; 3], amplitude: spots.amplitude[i] };
        for a in 0..3 {
            let first = at + rooms.skipped[a][i];
            let end = first + spots.end_voxel[a][i] - spots.first_voxel[a][i];
            placed.axes[a] = [at, first, end, at + rooms.room[a][i]];
            // In a plane there is no factor along z; the voxel's own is the amplitude.
            if a < 2 || !flat {
                self.ramps.push(spots.ramp(a, i, first as usize));
            }
            // All is written in whole groups.
            at += rooms.room[a][i] + GROUP as u32;
        }
        self.placed.push(placed);
        self.used = at as usize;
        let [[room, x, ..], [_, y, ..], [_, z, ..]] = placed.axes;
        // The first lane begins before the spot does.
        let lane = room + (x - room) / LANE as u32 * LANE as u32;
        ([lane, y, z], if rooms.wide { Kind::Wide } else { Kind::Narrow })
    }

    /// Evaluates the factors that have places.
    #[inline(always)]
    fn evaluate(&mut self, shape: &Shape<'_>, flat: bool) {
        let Shape::Separable(profile) = shape else { return };
        if self.values.len() < self.used {
            self.values.resize((self.used + self.used / 4).next_multiple_of(GROUP));
            self.peaks.resize(self.values.len() / GROUP);
        }
        let factors = &mut self.values;
        for placed in &self.placed {
            for [room, first, ..] in placed.axes {
                clear(factors, room, first);
            }
        }
        T::factors(*profile, &self.ramps, factors);
        for placed in &self.placed {
            let (amplitude, [_, first, end, _]) = (T::from_f64(placed.amplitude), placed.axes[2]);
            if flat && let Some(group) = factors[first as usize..].first_chunk_mut::<GROUP>() {
                *group = [T::default(); GROUP];
                group[0] = T::from_f64(1.0);
            }
            let room = (end - first).next_multiple_of(GROUP as u32);
            for group in factors[first as usize..(first + room) as usize].as_chunks_mut::<GROUP>().0 {
                *group = group.map(|factor| amplitude.mul(factor));
            }
            for [room, _, own_end, end] in placed.axes {
                clear(factors, own_end, end);
                if self.rooms.wide {
                    let (room, end) = (room as usize, (end as usize).next_multiple_of(GROUP));
                    find_peaks(&factors[room..end], &mut self.peaks[room / GROUP..]);
                }
            }
        }
        self.placed.clear();
        self.ramps.clear();
    }
}

/// Writes 0 to the factors from `first` to `end`, in whole groups.
#[inline(always)]
fn clear<T: Real>(factors: &mut [T], first: u32, end: u32) {
    for at in (first as usize..end as usize).step_by(GROUP) {
        if let Some(group) = factors[at..].first_chunk_mut::<GROUP>() {
            *group = [T::default(); GROUP];
        }
    }
}
