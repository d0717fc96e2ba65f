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
//! **Rounding.** With u half a unit in the last place of the precision, each term of a voxel's chain has four
//! roundings (three factors, one product) and each addition one of the partial sum; with N terms at most,
//! the error stays below ((1 + u)^(N + 4) - 1) S, S being the sum of the terms' magnitudes. To that come the errors
//! of the factors in f64, of which each profile knows a bound, and where numbers are too small for their format,
//! a unit of its smallest for each of three roundings of a term.

use rayon::prelude::*;

use super::coverage::deepest;
use crate::grid::{Box3, Grid};
use crate::populate::Spots;
use crate::profiles::Profile;
use crate::scene::{self, Precision, Scene};
use crate::spot::Spot;

/// Half widths in voxels of the box in which a spot is drawn, x y z; negative where it is not drawn at all.
pub type Reach = [f32; 3];

const NOT_DRAWN: Reach = [-1.0; 3];

/// Shares of the error bound that go to the spots far away.
const FAR: f64 = 0.01;

/// Weights are whole numbers, so that their sums do not depend on their order.
const WEIGHT_UNIT: f64 = 1_048_576.0;

pub struct Accuracy {
    pub reach: Vec<Reach>,
    /// Bound of what is left out at any voxel; NaN where each spot is floored.
    pub max_abs_error: f64,
    /// The largest value one spot can take at a voxel.
    pub largest: f64,
    /// The brightest spot of each group, as it may appear at a voxel.
    pub brightest: Vec<f64>,
    /// The most spots that may be drawn at one voxel.
    pub deepest: u64,
    /// Bound of the sum of the spots' peaks at any voxel.
    pub heaviest: f64,
    /// Bound of the sum of the rounding errors of the spots' values in f64 at any voxel.
    evaluation: f64,
}

impl Accuracy {
    pub fn new(scene: &Scene, spots: &Spots) -> Accuracy {
        let measure = Measure { scene, spots };
        let brightest: Vec<f64> = (0..spots.groups.len()).map(|g| measure.brightest(g)).collect();
        let largest = brightest.iter().fold(0.0, |a: f64, &b| if b > a { b } else { a });
        let (reach, max_abs_error) =
            if largest == 0.0 { (vec![NOT_DRAWN; spots.list.len()], 0.0) } else { measure.reach(largest) };
        // Of the largest peak: a spot's own, and the error of its values.
        let rounding = |id: usize| {
            let (spot, profile) = measure.spot(id);
            let peak = spot.amplitude.abs() * profile.peak(&spot.size, &scene.grid) / largest;
            (peak, peak * profile.rounding(&spot.size, &scene.grid))
        };
        let roundest = (0..spots.list.len())
            .into_par_iter()
            .map(|id| rounding(id).1)
            .reduce(|| 0.0, |a, b| if b > a { b } else { a });
        let [deepest, weight, error] = deepest(&scene.grid, spots.list.len(), |id| {
            let reach = reach[id].map(f64::from);
            let voxels = footprint(&scene.grid, &spots.list[id], reach, &scene.grid.whole())?;
            let (peak, error) = rounding(id);
            let whole = |share: f64| (share * WEIGHT_UNIT).ceil() as u64;
            Some((voxels, [1, whole(peak), whole(error / roundest)]))
        });
        let heaviest = weight as f64 / WEIGHT_UNIT * largest;
        let evaluation = error as f64 / WEIGHT_UNIT * roundest * f64::EPSILON * largest;
        Accuracy { reach, max_abs_error, largest, brightest, deepest, heaviest, evaluation }
    }

    /// Bound of the rounding errors at any voxel of a volume whose largest magnitude came out as `highest`.
    pub fn rounding_error(&self, precision: Precision, mixed_signs: bool, highest: f64) -> f64 {
        let (unit, smallest) = match precision {
            Precision::F32 => (f64::from(f32::EPSILON) / 2.0, f64::from(f32::from_bits(1))),
            Precision::F64 => (f64::EPSILON / 2.0, f64::from_bits(1)),
        };
        let too_small = (3 * self.deepest) as f64 * smallest;
        let roundings = (self.deepest + 4) as f64 * unit;
        // All of one sign, the magnitudes sum up to the voxel's value; with both signs they may cancel.
        let one_sign = (highest + too_small) / (1.0 - roundings);
        let sum = if mixed_signs || roundings >= 0.5 { self.heaviest } else { one_sign };
        1.01 * (libm::expm1(roundings) * sum + self.evaluation + too_small)
    }
}

/// The voxels of `region` whose centres lie within `reach` of the spot's centre; indices of the whole grid.
pub fn footprint(grid: &Grid, spot: &Spot, reach: [f64; 3], region: &Box3) -> Option<Box3> {
    let centre = grid.to_voxel(spot.centre);
    let mut voxels = region.clone();
    for a in 0..3 {
        // In floating point up to the comparison: the numbers may be far beyond any integer.
        let low = (centre[a] - reach[a]).ceil();
        let high = (centre[a] + reach[a]).floor() + 1.0;
        let (start, end) = (region[a].start as f64, region[a].end as f64);
        let low = if low > start { low } else { start };
        let high = if high < end { high } else { end };
        // Also false for NaN.
        if !(low < high) {
            return None;
        }
        voxels[a] = low as u64..high as u64;
    }
    Some(voxels)
}

/// The smallest f32 that is not below `x`.
fn round_up(x: f64) -> f32 {
    let nearest = x as f32;
    if f64::from(nearest) < x { nearest.next_up() } else { nearest }
}

struct Measure<'a> {
    scene: &'a Scene,
    spots: &'a Spots,
}

impl Measure<'_> {
    fn spot(&self, id: usize) -> (&Spot, &dyn Profile) {
        (&self.spots.list[id], self.scene.groups[self.spots.group_of(id)].profile.as_ref())
    }

    fn brightest(&self, group: usize) -> f64 {
        let profile = &self.scene.groups[group].profile;
        self.spots.list[self.spots.groups[group].clone()]
            .par_iter()
            .map(|spot| spot.amplitude.abs() * profile.peak(&spot.size, &self.scene.grid))
            .reduce(|| 0.0, |a, b| if b > a { b } else { a })
    }

    /// The reach of every spot, and the bound of what is left out.
    fn reach(&self, largest: f64) -> (Vec<Reach>, f64) {
        match self.scene.render.accuracy {
            scene::Accuracy::Cutoff(sigmas) => {
                let reach = self.each(|spot, profile| {
                    profile.reach_at_cutoff(&spot.size, &self.scene.grid, sigmas).map(round_up)
                });
                let error = if self.scene.render.per_spot_floor { f64::NAN } else { self.left_out(&reach) };
                (reach, error)
            }
            // A floored spot ends where its value falls below 1.
            scene::Accuracy::Tolerance(_) if self.scene.render.per_spot_floor => {
                (self.each(|spot, profile| self.reach_until(spot, profile, 1.0 - 1e-9)), f64::NAN)
            }
            scene::Accuracy::Tolerance(tolerance) => {
                let error = tolerance * largest;
                let far = FAR * error / self.spots.list.len() as f64;
                let grid = &self.scene.grid;
                let [near] = deepest(grid, self.spots.list.len(), |id| {
                    let (spot, profile) = self.spot(id);
                    let reach = self.reach_until(spot, profile, far);
                    footprint(grid, spot, reach.map(f64::from), &grid.whole()).map(|voxels| (voxels, [1]))
                });
                let level = (1.0 - FAR) * error / near.max(1) as f64;
                (self.each(|spot, profile| self.reach_until(spot, profile, level)), error)
            }
        }
    }

    fn each(&self, reach: impl Fn(&Spot, &dyn Profile) -> Reach + Sync) -> Vec<Reach> {
        let mut all = vec![NOT_DRAWN; self.spots.list.len()];
        for (range, group) in self.spots.groups.iter().zip(&self.scene.groups) {
            let profile = group.profile.as_ref();
            all[range.clone()]
                .par_iter_mut()
                .zip(&self.spots.list[range.clone()])
                .for_each(|(out, spot)| *out = reach(spot, profile));
        }
        all
    }

    /// How far the spot's value may exceed `value`.
    fn reach_until(&self, spot: &Spot, profile: &dyn Profile, value: f64) -> Reach {
        let amplitude = spot.amplitude.abs();
        if amplitude * profile.peak(&spot.size, &self.scene.grid) <= value {
            return NOT_DRAWN;
        }
        profile.reach(&spot.size, &self.scene.grid, value / amplitude).map(round_up)
    }

    /// Bound of what given boxes leave out.
    fn left_out(&self, reach: &[Reach]) -> f64 {
        let grid = &self.scene.grid;
        let outside = |id: usize| {
            let (spot, profile) = self.spot(id);
            spot.amplitude.abs() * profile.outside(&spot.size, grid, reach[id].map(f64::from))
        };
        let n = self.spots.list.len();
        let most = (0..n).into_par_iter().map(outside).reduce(|| 0.0, |a, b| if b > a { b } else { a });
        if most == 0.0 {
            return 0.0;
        }
        let far = FAR * most / n as f64;
        let [weight] = deepest(grid, n, |id| {
            let (spot, profile) = self.spot(id);
            let box_ = self.reach_until(spot, profile, far).map(f64::from);
            let voxels = footprint(grid, spot, box_, &grid.whole())?;
            Some((voxels, [(outside(id) / most * WEIGHT_UNIT).ceil() as u64]))
        });
        weight as f64 / WEIGHT_UNIT * most + FAR * most
    }
}
