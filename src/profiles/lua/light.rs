//! How much light a scripted profile has: its integral, by Gauss's rule on panels, and the share within a region.

use super::table::RadialTable;
use super::unit_surface;
use crate::diagnostic::Diagnostic;

/// Nodes and weights of Gauss's rule with eight points on [-1, 1] (Abramowitz and Stegun, table 25.4).
pub const GAUSS: [(f64, f64); 8] = [
    (-0.960_289_856_497_536_2, 0.101_228_536_290_377_06),
    (-0.796_666_477_413_626_7, 0.222_381_034_453_374_43),
    (-0.525_532_409_916_329, 0.313_706_645_877_886_9),
    (-0.183_434_642_495_649_78, 0.362_683_783_378_361_66),
    (0.183_434_642_495_649_78, 0.362_683_783_378_361_66),
    (0.525_532_409_916_329, 0.313_706_645_877_886_9),
    (0.796_666_477_413_626_7, 0.222_381_034_453_374_43),
    (0.960_289_856_497_536_2, 0.101_228_536_290_377_06),
];

/// Panels along r.
const RADIAL_PANELS: usize = 4096;

/// Panels along an axis of a cube, in the first and in the second attempt; and of a square, where they cost less.
const SOLID_PANELS: [usize; 2] = [4, 6];
const FLAT_PANELS: [usize; 2] = [24, 36];

/// Where a profile stays below this share of its peak it has no light worth looking for.
const DARK: f64 = 1e-7;

/// Radii at which it is looked for.
const RADII: usize = 4096;

/// Directions in which a profile is looked at where its support ends.
const DIRECTIONS: usize = 256;

/// A radial function: puts its values at radii into the second slice.
pub type AtRadii<'a> = dyn FnMut(&[f64], &mut [f64]) -> Result<(), Diagnostic> + 'a;

/// Integral of a radial function, and what a coarser rule differs by.
pub fn radial(support: f64, flat: bool, function: &mut AtRadii<'_>) -> Result<(f64, f64), Diagnostic> {
    let mut over = |panels: usize| -> Result<f64, Diagnostic> {
        let half = support / (2 * panels) as f64;
        let mut sum = 0.0;
        for panel in 0..panels {
            let radii = GAUSS.map(|(s, _)| half * ((2 * panel + 1) as f64 + s));
            let mut values = [0.0; GAUSS.len()];
            function(&radii, &mut values)?;
            for ((r, value), (_, weight)) in radii.into_iter().zip(values).zip(GAUSS) {
                sum += weight * half * value * if flat { r } else { r * r };
            }
        }
        Ok(unit_surface(flat) * sum)
    };
    let (fine, coarse) = (over(RADIAL_PANELS)?, over(RADIAL_PANELS / 3)?);
    Ok((fine, (fine - coarse).abs()))
}

/// The radius beyond which the function of a table stays dark.
pub fn extent(support: f64, table: &RadialTable) -> f64 {
    let radii: Vec<f64> = (0..RADII).map(|i| support * i as f64 / RADII as f64).collect();
    let mut values = vec![0.0; RADII];
    table.row(&radii, 0.0, &mut values);
    bright(radii.into_iter().zip(values), table.peak, support / RADII as f64).min(support)
}

/// The largest radius at which a value is not dark, and `step` to the next.
fn bright(values: impl Iterator<Item = (f64, f64)>, peak: f64, step: f64) -> f64 {
    step + values
        .filter(|(_, x)| x.abs() > DARK * peak)
        .fold(0.0, |far, (r, _)| if r > far { r } else { far })
}

/// What is found of a function.
pub struct Sampled {
    /// Largest magnitude of the values.
    pub peak: f64,
    /// Integral over space (in a plane over the plane), and what it is uncertain by.
    pub integral: (f64, f64),
    /// Largest magnitude at the support.
    pub at_support: f64,
    /// The radius beyond which it stays dark.
    pub extent: f64,
}

impl Sampled {
    /// An integral is 0 where it is uncertain by as much, or but rounding of what it may be at most.
    pub fn forget_rounding(&mut self, support: f64, flat: bool) {
        let square = support * support;
        let ball = unit_surface(flat) * if flat { square / 2.0 } else { square * support / 3.0 };
        let (integral, uncertain) = self.integral;
        if integral.abs() <= uncertain.max(1e-14 * self.peak * ball) {
            self.integral = (0.0, 0.0);
        }
    }
}

/// Integral, peak and edge of a function of three offsets within a sphere (a disc) of radius `support`.
pub fn solid(
    support: f64,
    flat: bool,
    mut function: impl FnMut(&[[f64; 3]], &mut [f64]) -> Result<(), Diagnostic>,
) -> Result<Sampled, Diagnostic> {
    let mut peak = 0.0_f64;
    let mut found: Vec<(f64, f64)> = Vec::new();
    let mut over = |panels: usize| -> Result<f64, Diagnostic> {
        let half = support / panels as f64;
        let axis: Vec<(f64, f64)> = (0..panels)
            .flat_map(|panel| {
                let middle = half * (2 * panel + 1) as f64 - support;
                GAUSS.iter().map(move |(s, weight)| (middle + half * s, weight * half))
            })
            .collect();
        let plane = [(0.0, 1.0)];
        let mut sum = 0.0;
        for &(z, wz) in if flat { &plane[..] } else { &axis[..] } {
            for &(y, wy) in &axis {
                let inside = |x: f64| x * x + y * y + z * z <= support * support;
                let row: Vec<(f64, f64)> = axis.iter().copied().filter(|(x, _)| inside(*x)).collect();
                let points: Vec<[f64; 3]> = row.iter().map(|&(x, _)| [x, y, z]).collect();
                let mut values = vec![0.0; points.len()];
                function(&points, &mut values)?;
                for ((x, wx), value) in row.iter().zip(values) {
                    sum += wx * wy * wz * value;
                    found.push(((x * x + y * y + z * z).sqrt(), value));
                    peak = if value.abs() > peak { value.abs() } else { peak };
                }
            }
        }
        Ok(sum)
    };
    let panels = if flat { FLAT_PANELS } else { SOLID_PANELS };
    let (coarse, fine) = (over(panels[0])?, over(panels[1])?);
    let mut values = [0.0; DIRECTIONS + 1];
    let mut points = [[0.0; 3]; DIRECTIONS + 1];
    for (i, point) in points[1..].iter_mut().enumerate() {
        // A spiral over the sphere by the golden angle.
        let z = if flat { 0.0 } else { (2.0 * i as f64 + 1.0) / DIRECTIONS as f64 - 1.0 };
        let (angle, r) = (2.399_963_229_728_653 * i as f64, (1.0 - z * z).sqrt());
        *point = [r * libm::cos(angle), r * libm::sin(angle), z].map(|c| c * support);
    }
    function(&points, &mut values)?;
    let largest = |values: &[f64]| values.iter().fold(0.0_f64, |a, b| if b.abs() > a { b.abs() } else { a });
    let (at_support, centre) = (largest(&values[1..]), values[0].abs());
    let peak = if centre > peak { centre } else { peak };
    Ok(Sampled {
        peak,
        extent: bright(found.into_iter(), peak, 2.0 * support / panels[1] as f64).min(support),
        integral: (fine, (fine - coarse).abs()),
        at_support,
    })
}
