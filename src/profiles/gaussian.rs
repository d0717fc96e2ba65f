//! `gaussian`: a Gaussian, integrated over each voxel or sampled at its centre.

use libm::erf;

use super::{Profile, Separable, Shape, Sizes};
use crate::grid::{Box3, Grid};
use crate::math::{
    Ramp, WIDE, gaussian_means, gaussian_means_f32, gaussian_points, gaussian_points_f32, ln_above,
};
use crate::plugin::forms::Choice;
use crate::plugin::{Bad, OneOf, Param, Plugin, Range, TableReader, TableSpec};
use crate::random::Streams;
use crate::spot::{Refusal, SIGMAS_PER_FWHM, Size};
use crate::value::Widths;

const SIGMA: Param<Widths> = Param::optional("sigma", "Standard deviation: exp(-x^2 / (2 sigma^2)).")
    .unit("grid.unit")
    .range(Range::POSITIVE);
const FWHM: Param<Widths> = Param::optional("fwhm", "Full width at half maximum: 2 sqrt(2 ln 2) sigma.")
    .unit("grid.unit")
    .range(Range::POSITIVE);
const SPREAD: Param<Widths> = Param::optional("spread", "Width as in exp(-x^2 / spread^2): sqrt(2) sigma.")
    .unit("grid.unit")
    .range(Range::POSITIVE);
const SAMPLING: Param<Sampling> = Param::default(
    "sampling",
    "\"integrated\"",
    "The mean over each voxel, as a detector collects it, or the value at its centre.",
);

pub const GAUSSIAN: Plugin<dyn Profile> = Plugin {
    kind: "gaussian",
    about: "A Gaussian: amplitude * exp(-(ux^2 + uy^2 + uz^2) / 2) with u the offset in sigmas.",
    table: TableSpec {
        params: &[&SIGMA, &FWHM, &SPREAD, &SAMPLING],
        one_of: &[OneOf { names: &["sigma", "fwhm", "spread"], required: false }],
    },
    example: "{ kind = \"gaussian\", sigma = { x = 0.12, y = 0.12, z = 0.35 } }",
    build,
};

#[derive(Clone, Copy, PartialEq)]
enum Sampling {
    Integrated,
    Point,
}

impl Choice for Sampling {
    const ALL: &'static [(&'static str, Sampling)] =
        &[("integrated", Sampling::Integrated), ("point", Sampling::Point)];
}

struct Gaussian {
    /// The width as the scene gives it, and how many sigmas one of it is.
    width: Option<(Widths, f64)>,
    sampling: Sampling,
}

fn build(p: &TableReader<'_>) -> Result<Box<dyn Profile>, Bad> {
    let (sigma, fwhm, spread) = (p.optional(&SIGMA), p.optional(&FWHM), p.optional(&SPREAD));
    let sampling = p.get(&SAMPLING);
    let width = sigma?
        .map(|w| (w, 1.0))
        .or(fwhm?.map(|w| (w, SIGMAS_PER_FWHM)))
        .or(spread?.map(|w| (w, std::f64::consts::FRAC_1_SQRT_2)));
    Ok(Box::new(Gaussian { width, sampling: sampling? }))
}

impl Gaussian {
    /// The factor of one axis at a distance from the centre; both in voxels.
    fn factor(&self, sigma: f64, distance: f64) -> f64 {
        let ramp = Ramp { first: 0.0, step: 1.0 / sigma, start: distance / sigma, count: 1, place: 0 };
        let mut factors = [0.0; 8];
        self.factors(&[ramp], &mut factors);
        factors[0]
    }

    fn half_widths(&self, size: &Size, grid: &Grid, sigmas: f64) -> [f64; 3] {
        // A voxel's mean is at most the value at its nearer edge.
        let edge = if self.sampling == Sampling::Integrated { 0.5 } else { 0.0 };
        let mut reach = [0.5; 3];
        for a in grid.axes() {
            reach[a] = sigmas * size.width[a] / grid.voxel_size[a] + edge;
        }
        reach
    }
}

impl Profile for Gaussian {
    fn has_width(&self) -> bool {
        self.width.is_some()
    }

    fn sizes<'a>(&'a self, streams: &Streams) -> Sizes<'a> {
        let drawn = self.width.as_ref().map(|(widths, sigmas)| (widths.sampler(streams, "width"), *sigmas));
        Box::new(move |index, own| {
            let width = match (own, &drawn) {
                (Some(sigma), _) => sigma,
                (None, Some((draw, sigmas))) => draw(index)?.map(|w| w * sigmas),
                (None, None) => {
                    return Err(Refusal::new(format!("spot {index} has no sigma"))
                        .help("give the profile `sigma`, or every spot its own"));
                }
            };
            Ok(Size { width, rim: 0.0 })
        })
    }

    fn sigma(&self, size: &Size) -> [f64; 3] {
        size.width
    }

    /// Integral over space, per voxel: (2 pi)^(n/2) times the product of the sigmas, over the voxel's volume.
    fn light(&self, size: &Size, grid: &Grid) -> f64 {
        let root = (2.0 * std::f64::consts::PI).sqrt();
        grid.axes().map(|a| root * (size.width[a] / grid.voxel_size[a])).product()
    }

    /// By Poisson's summation formula, values one voxel apart sum up to 1 + 2 sum_k exp(-2 (pi k s)^2) cos(2 pi k d) times the
    /// integral, with s the sigma in voxels and d the distance of the centre from one of them: to most where that is 0, and
    /// never to as much less. For sigmas of a voxel and more it is 1 to 5e-9.
    fn missed(&self, size: &Size, grid: &Grid) -> f64 {
        if self.sampling == Sampling::Integrated {
            return 0.0;
        }
        let most = |a: usize| {
            let s = size.width[a] / grid.voxel_size[a];
            let value = |k: u32| {
                let u = f64::from(k) / s;
                libm::exp(-0.5 * u * u)
            };
            (1.0 + 2.0 * (1..9).map(value).sum::<f64>()) / ((2.0 * std::f64::consts::PI).sqrt() * s)
        };
        grid.axes().map(|a| if size.width[a] < grid.voxel_size[a] { most(a) } else { 1.0 }).product::<f64>()
            - 1.0
    }

    fn peak(&self, size: &Size, grid: &Grid) -> f64 {
        grid.axes().map(|a| self.factor(size.width[a] / grid.voxel_size[a], 0.0)).product()
    }

    /// exp(-u^2/2) <= level / (peaks of the other axes) from u = sqrt(2 ln(peaks / level)) on.
    fn reach(&self, size: &Size, grid: &Grid, level: f64) -> [f64; 3] {
        let ratio = 1.0 / level;
        let sigmas = if ratio > 1.0 { (2.0 * ln_above(ratio)).sqrt() } else { 0.0 };
        self.half_widths(size, grid, sigmas)
    }

    fn reach_at_cutoff(&self, size: &Size, grid: &Grid, cutoff: f64) -> [f64; 3] {
        let mut reach = self.half_widths(size, grid, cutoff);
        // The box is the cutoff's own: half a voxel more would be a choice of ours.
        if self.sampling == Sampling::Integrated {
            reach = reach.map(|r| r - 0.5);
        }
        reach
    }

    /// Each factor falls with the distance: the largest value lies at a face of the box.
    fn outside(&self, size: &Size, grid: &Grid, reach: [f64; 3]) -> f64 {
        let (mut peak, mut steepest) = (1.0, 0.0);
        for a in grid.axes() {
            let sigma = size.width[a] / grid.voxel_size[a];
            let axis_peak = self.factor(sigma, 0.0);
            peak *= axis_peak;
            let ratio = self.factor(sigma, reach[a]) / axis_peak;
            steepest = if ratio > steepest { ratio } else { steepest };
        }
        // Rounding of the factors must not make this fall short.
        peak * steepest * (1.0 + 1e-12)
    }

    /// A point's value has at most 3 units of its own, and 3 from u^2/2, whose own rounding weighs u^2 exp(-u^2/2) < 1.
    ///
    /// A mean from the series has no more. One from error functions has 8 units of twice the half integral, which is
    /// about h = 1/sigma of the peak where h is small; and where h is large, an edge of the voxel lies in the spot
    /// to 1.25 h units only, which weigh 0.4.
    fn rounding(&self, size: &Size, grid: &Grid) -> f64 {
        let axis = |a: usize| {
            let h = grid.voxel_size[a] / size.width[a];
            match self.sampling {
                Sampling::Integrated if h > 1.0 / WIDE => 7.0 + 10.0 / h + h,
                _ => 7.0,
            }
        };
        grid.axes().map(axis).sum::<f64>() + 2.0
    }

    fn inside(&self, centre: [f64; 3], size: &Size, grid: &Grid, region: &Box3) -> f64 {
        grid.axes()
            .map(|a| {
                let sigma = size.width[a] / grid.voxel_size[a];
                let z = |edge: f64| (edge - centre[a]) / (std::f64::consts::SQRT_2 * sigma);
                let (low, high) = (z(region[a].start as f64 - 0.5), z(region[a].end as f64 - 0.5));
                0.5 * (erf(high) - erf(low))
            })
            .product()
    }

    fn shape(&self) -> Shape<'_> {
        Shape::Separable(self)
    }
}

impl Separable for Gaussian {
    fn factors(&self, ramps: &[Ramp], out: &mut [f64]) {
        match self.sampling {
            Sampling::Integrated => gaussian_means(ramps, out),
            Sampling::Point => gaussian_points(ramps, out),
        }
    }

    fn factors_f32(&self, ramps: &[Ramp], out: &mut [f32]) {
        match self.sampling {
            Sampling::Integrated => gaussian_means_f32(ramps, out),
            Sampling::Point => gaussian_points_f32(ramps, out),
        }
    }

    /// See [`gaussian_means_f32`] and [`gaussian_points_f32`].
    fn rounding_f32(&self) -> f64 {
        match self.sampling {
            Sampling::Integrated => 0.1,
            Sampling::Point => 1.2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the product relies on it: it looks for negative light in the amplitude alone.
    #[test]
    fn no_factor_is_negative() {
        for sampling in [Sampling::Integrated, Sampling::Point] {
            let profile = Gaussian { width: None, sampling };
            for sigma in [1e-9, 0.01, 0.1, 0.3, 0.9, 2.5, 3.999, 4.001, 60.0, 1e6, 1e17] {
                for centre in [0.0, 0.1, 0.4999, 0.5] {
                    let ramp = Ramp {
                        first: -600.0,
                        step: 1.0 / sigma,
                        start: centre / sigma,
                        count: 1200,
                        place: 0,
                    };
                    let (mut double, mut single) = ([-1.0; 1200], [-1.0; 1200]);
                    profile.factors(&[ramp], &mut double);
                    profile.factors_f32(&[ramp], &mut single);
                    assert!(double.iter().all(|factor| factor.is_sign_positive()), "{sigma} {centre}");
                    assert!(single.iter().all(|factor| factor.is_sign_positive()), "{sigma} {centre}");
                }
            }
        }
    }
}
