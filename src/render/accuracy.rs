//! How far each spot is drawn, and the bounds of the error that follow.
//!
//! **What is left out.** Let L be the largest value one spot can take at a voxel, E = tolerance L the error
//! allowed at any voxel, and n the number of spots. At a voxel, a spot whose value there is at most
//! e = E/(100 n) is *far*; all far spots together stay below E/100. Let N bound the number of spots that are not far
//! at any one voxel (counted by boxes, `coverage.rs`). If every spot is drawn until its value stays below
//! t = 0.99 E/N, then at any voxel the spots left out are far, or one of at most N that are below t each: their
//! sum is at most E/100 + N t = E. With a `cutoff` the boxes are given, and the same count with the largest
//! value outside each box as its weight gives the bound.
//!
//! **Rounding.** With u half a unit in the last place of the precision, each term of a voxel's chain has a number of
//! roundings: in f64 four (three factors, one product), in f32 nine (three factors to 2 u, the amplitude, two products).
//! Each addition has one of the partial sum; with N terms at most, the error stays below ((1 + u)^(N + 9) - 1) S,
//! S being the sum of the terms' magnitudes. To that come errors of the factors that are relative to the peak, of
//! which each profile knows a bound, and where numbers are too small for their format, a unit of its smallest for
//! each of three roundings of a term.

use rayon::prelude::*;

use super::coverage::deepest;
use super::lattice::{Lattice, Window};
use crate::memory::vec_with_capacity;
use crate::populate::Spots;
use crate::profiles::{Profile, Shape};
use crate::scene::{self, Precision, Scene};
use crate::spot::{Size, Spot};

/// Half widths in voxels of the box in which a spot is drawn, x y z; negative where it is not drawn at all.
pub type Reach = [f32; 3];

const NOT_DRAWN: Reach = [-1.0; 3];

/// Shares of the error bound that go to the spots far away.
const FAR: f64 = 0.01;

/// Weights are whole numbers, so that their sums do not depend on their order.
const WEIGHT_UNIT: f64 = 1_048_576.0;

/// How far each spot is drawn, and how bright it is.
pub struct Accuracy {
    pub reach: Vec<Reach>,
    /// The brightest spot of each group, as it may appear at a voxel.
    pub brightest: Vec<f64>,
    /// The largest value of each spot at a voxel.
    peaks: Vec<f64>,
    /// The largest of them all.
    largest: f64,
}

/// What the errors of a rendering are bounded by. Drawing needs none of it, and counting takes a while.
pub struct Bounds {
    /// Bound of what is left out at any voxel; NaN where each spot is floored.
    pub max_abs_error: f64,
    /// Bound of the sum of the spots' peaks at any voxel.
    pub heaviest: f64,
    /// The most spots that may be drawn at one voxel.
    deepest: u64,
    /// Bound of the sum of the rounding errors of the spots' values in f64 at any voxel.
    evaluation: f64,
}

impl Accuracy {
    pub fn new(scene: &Scene, spots: &Spots) -> Accuracy {
        let peaks = peaks(scene, spots);
        let brightest: Vec<f64> =
            spots.groups.iter().map(|range| largest_of(&peaks[range.clone()])).collect();
        let largest = largest_of(&brightest);
        let measure = Measure { scene, spots, peaks: &peaks };
        let reach = if largest == 0.0 { vec![NOT_DRAWN; spots.list.len()] } else { measure.reach(largest) };
        Accuracy { reach, brightest, peaks, largest }
    }

    /// The bounds that hold for spots drawn so far.
    pub fn bounds(&self, scene: &Scene, spots: &Spots) -> Bounds {
        let (measure, largest) = (Measure { scene, spots, peaks: &self.peaks }, self.largest);
        if largest == 0.0 {
            return Bounds { max_abs_error: 0.0, heaviest: 0.0, deepest: 0, evaluation: 0.0 };
        }
        let max_abs_error = match scene.render.accuracy {
            _ if scene.render.per_spot_floor => f64::NAN,
            scene::Accuracy::Tolerance(tolerance) => tolerance * largest,
            scene::Accuracy::Cutoff(sigmas) => measure.left_out(sigmas),
        };
        // The rounding error of a spot's values, of the largest peak.
        let errors = measure.by_size(
            |size, profile| {
                let single = match (scene.render.precision, profile.shape()) {
                    (Precision::F32, Shape::Separable(separable)) => separable.rounding_f32(),
                    _ => 0.0,
                };
                profile.rounding(size, &scene.grid) + single * (0.5 * f64::from(f32::EPSILON) / f64::EPSILON)
            },
            |error, _| error,
        );
        let error = |id: usize| self.peaks[id] / largest * errors[id];
        let roundest =
            (0..errors.len()).into_par_iter().map(error).reduce(|| 0.0, |a, b| if b > a { b } else { a });
        let whole = |share: f64| (share * WEIGHT_UNIT).ceil() as u64;
        let [deepest, weight, error] = measure.deepest(|id| {
            (self.reach[id], [1, whole(self.peaks[id] / largest), whole(error(id) / roundest)])
        });
        Bounds {
            max_abs_error,
            heaviest: weight as f64 / WEIGHT_UNIT * largest,
            deepest,
            evaluation: error as f64 / WEIGHT_UNIT * roundest * f64::EPSILON * largest,
        }
    }
}

impl Bounds {
    /// Bound of the rounding errors at any voxel of a volume whose largest magnitude came out as `highest`.
    pub fn rounding_error(&self, precision: Precision, mixed_signs: bool, highest: f64) -> f64 {
        let (unit, smallest, term) = match precision {
            Precision::F32 => (f64::from(f32::EPSILON) / 2.0, f64::from(f32::from_bits(1)), 9),
            Precision::F64 => (f64::EPSILON / 2.0, f64::from_bits(1), 4),
        };
        let too_small = (3 * self.deepest) as f64 * smallest;
        let roundings = (self.deepest + term) as f64 * unit;
        // All of one sign, the magnitudes sum up to the voxel's value; with both signs they may cancel.
        let one_sign = (highest + too_small) / (1.0 - roundings);
        let sum = if mixed_signs || roundings >= 0.5 { self.heaviest } else { one_sign };
        1.01 * (libm::expm1(roundings) * sum + self.evaluation + too_small)
    }
}

/// The smallest f32 that is not below `x`, at least 0.
fn round_up(x: f64) -> f32 {
    let nearest = x.max(0.0) as f32;
    // Whether it is below x is anybody's guess: no branch. The next number has the next bits.
    f32::from_bits(nearest.to_bits() + u32::from(f64::from(nearest) < x))
}

fn largest_of(values: &[f64]) -> f64 {
    values.par_iter().copied().reduce(|| 0.0, |a, b| if b > a { b } else { a })
}

/// The largest value of each spot at a voxel.
fn peaks(scene: &Scene, spots: &Spots) -> Vec<f64> {
    let measure = Measure { scene, spots, peaks: &[] };
    measure.by_size(|size, profile| profile.peak(size, &scene.grid), |peak, spot| peak * spot.amplitude.abs())
}

struct Measure<'a> {
    scene: &'a Scene,
    spots: &'a Spots,
    /// The largest value of each spot at a voxel.
    peaks: &'a [f64],
}

impl Measure<'_> {
    /// What `of` makes of each spot and of a value that depends on its size alone, evaluated once for equal sizes in a row.
    fn by_size<V: Copy + Send, R: Send>(
        &self,
        value: impl Fn(&Size, &dyn Profile) -> V + Sync,
        of: impl Fn(V, &Spot) -> R + Sync,
    ) -> Vec<R> {
        let mut all = vec_with_capacity(self.spots.list.len());
        for (range, group) in self.spots.groups.iter().zip(&self.scene.groups) {
            let evaluate = |last: &mut Option<(Size, V)>, spot: &Spot| {
                let value = match last {
                    Some((size, value)) if *size == spot.size => *value,
                    _ => last.insert((spot.size, value(&spot.size, group.profile.as_ref()))).1,
                };
                of(value, spot)
            };
            all.par_extend(self.spots.list[range.clone()].par_iter().map_init(|| None, evaluate));
        }
        all
    }

    /// The reach of every spot.
    fn reach(&self, largest: f64) -> Vec<Reach> {
        let grid = &self.scene.grid;
        match self.scene.render.accuracy {
            scene::Accuracy::Cutoff(sigmas) => self.by_size(
                |size, profile| profile.reach_at_cutoff(size, grid, sigmas).map(round_up),
                |reach, _| reach,
            ),
            // A floored spot ends where its value falls below 1.
            scene::Accuracy::Tolerance(_) if self.scene.render.per_spot_floor => {
                self.each(|id| self.reach_until(id, 1.0 - 1e-9))
            }
            scene::Accuracy::Tolerance(tolerance) => {
                let error = tolerance * largest;
                let far = FAR * error / self.spots.list.len() as f64;
                let [near] = self.deepest(|id| (self.reach_until(id, far), [1]));
                let level = (1.0 - FAR) * error / near.max(1) as f64;
                self.each(|id| self.reach_until(id, level))
            }
        }
    }

    fn each(&self, reach: impl Fn(usize) -> Reach + Sync + Send) -> Vec<Reach> {
        let mut all = vec_with_capacity(self.spots.list.len());
        all.par_extend((0..self.spots.list.len()).into_par_iter().map(reach));
        all
    }

    /// The deepest overlap of the spots' boxes, with a reach and weights for each.
    fn deepest<const N: usize>(&self, weighted: impl Fn(usize) -> (Reach, [u64; N]) + Sync) -> [u64; N] {
        let grid = &self.scene.grid;
        let (lattice, whole) = (Lattice::new(grid), Window::new(&grid.whole()));
        deepest(grid, self.spots.list.len(), |id| {
            let (reach, weights) = weighted(id);
            lattice.footprint(&self.spots.list[id].centre, &reach, &whole).map(|voxels| (voxels, weights))
        })
    }

    /// How far the value of spot `id` may exceed `value`.
    fn reach_until(&self, id: usize, value: f64) -> Reach {
        if self.peaks[id] <= value {
            return NOT_DRAWN;
        }
        let spot = &self.spots.list[id];
        let profile = &self.scene.groups[self.spots.group_of(id)].profile;
        profile.reach(&spot.size, &self.scene.grid, value / spot.amplitude.abs()).map(round_up)
    }

    /// Bound of what boxes at a cutoff of `sigmas` leave out.
    fn left_out(&self, sigmas: f64) -> f64 {
        let grid = &self.scene.grid;
        let outside = self.by_size(
            |size, profile| {
                let reach = profile.reach_at_cutoff(size, grid, sigmas).map(round_up);
                profile.outside(size, grid, reach.map(f64::from))
            },
            |outside, spot| outside * spot.amplitude.abs(),
        );
        let most = largest_of(&outside);
        if most == 0.0 {
            return 0.0;
        }
        let far = FAR * most / outside.len() as f64;
        let [weight] = self
            .deepest(|id| (self.reach_until(id, far), [(outside[id] / most * WEIGHT_UNIT).ceil() as u64]));
        weight as f64 / WEIGHT_UNIT * most + FAR * most
    }
}
