//! The voxel grid, and the only conversion between world and voxel coordinates.
//!
//! Arrays of three are in the order x, y, z. Voxel i covers [i - 1/2, i + 1/2) in voxel coordinates and its
//! centre lies at `origin + i * voxel_size`. A plane has one voxel along z, whose factor is always 1.

use std::ops::Range;

pub const AXES: [&str; 3] = ["x", "y", "z"];

/// A half-open box of voxel indices of the whole grid, x y z.
pub type Box3 = [Range<u64>; 3];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Nanometre,
    Micrometre,
    Millimetre,
    Pixel,
}

impl Unit {
    pub const NAMES: &'static [&'static str] = &["nm", "um", "mm", "px"];

    pub fn from_name(name: &str) -> Option<Unit> {
        match name {
            "nm" => Some(Unit::Nanometre),
            "um" => Some(Unit::Micrometre),
            "mm" => Some(Unit::Millimetre),
            "px" => Some(Unit::Pixel),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Unit::Nanometre => "nm",
            Unit::Micrometre => "um",
            Unit::Millimetre => "mm",
            Unit::Pixel => "px",
        }
    }

    /// How many nanometres one of this unit is; a pixel has no length.
    pub fn nanometres(self) -> Option<f64> {
        match self {
            Unit::Nanometre => Some(1.0),
            Unit::Micrometre => Some(1e3),
            Unit::Millimetre => Some(1e6),
            Unit::Pixel => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// Voxels along x, y, z; z is 1 in a plane.
    pub shape: [u64; 3],
    /// Edge lengths of a voxel in `unit`.
    pub voxel_size: [f64; 3],
    /// World position of the centre of voxel (0, 0, 0) in `unit`.
    pub origin: [f64; 3],
    pub unit: Unit,
    /// Whether the scene is two-dimensional: no z anywhere.
    pub flat: bool,
}

impl Grid {
    /// The shape for people: `20 x 18 x 16`, x first.
    pub fn shape_text(&self) -> String {
        self.shape[self.axes()].iter().map(u64::to_string).collect::<Vec<_>>().join(" x ")
    }

    /// The axes there are: x, y and, unless the scene is flat, z.
    #[inline(always)]
    pub fn axes(&self) -> Range<usize> {
        0..if self.flat { 2 } else { 3 }
    }

    /// Fractional voxel index of a world position.
    #[inline(always)]
    pub fn to_voxel(&self, world: [f64; 3]) -> [f64; 3] {
        let mut voxel = [0.0; 3];
        for a in self.axes() {
            voxel[a] = (world[a] - self.origin[a]) / self.voxel_size[a];
        }
        voxel
    }

    /// World position of a fractional voxel index.
    pub fn to_world(&self, voxel: [f64; 3]) -> [f64; 3] {
        let mut world = [0.0; 3];
        for a in self.axes() {
            world[a] = self.origin[a] + voxel[a] * self.voxel_size[a];
        }
        world
    }

    /// Volume of a voxel in cubic (flat: square) units.
    pub fn voxel_measure(&self) -> f64 {
        self.axes().map(|a| self.voxel_size[a]).product()
    }

    /// The corners of the grid as a region: half a voxel beyond the outermost centres.
    pub fn corners(&self) -> ([f64; 3], [f64; 3]) {
        let high = [0, 1, 2].map(|a| self.shape[a] as f64 - 0.5);
        (self.to_world([-0.5; 3]), self.to_world(high))
    }

    pub fn whole(&self) -> Box3 {
        self.shape.map(|n| 0..n)
    }

    /// Voxels in the grid, without overflow for any shape.
    pub fn voxels(&self) -> u128 {
        self.shape.iter().map(|&n| u128::from(n)).product()
    }

    /// The part of the grid that `region` names, as a grid of its own.
    pub fn part(&self, region: &Box3) -> Grid {
        let first = [0, 1, 2].map(|a| region[a].start as f64);
        Grid {
            shape: [0, 1, 2].map(|a| region[a].end - region[a].start),
            origin: self.to_world(first),
            ..self.clone()
        }
    }
}

/// Reads `x=A:B,y=A:B,…`, half-open voxel indices; an axis left out is whole.
///
/// # Errors
/// What is wrong with the text, for the user.
pub fn parse_region(text: &str, grid: &Grid) -> Result<Box3, String> {
    let mut region = grid.whole();
    let mut seen = [false; 3];
    for part in text.split(',') {
        let form = format!("`{part}` is not an axis and a range of voxels such as x=0:64");
        let (axis, range) = part.split_once('=').ok_or_else(|| form.clone())?;
        let a = AXES[grid.axes()]
            .iter()
            .position(|name| *name == axis.trim())
            .ok_or_else(|| format!("there is no axis `{}` in this scene", axis.trim()))?;
        if std::mem::replace(&mut seen[a], true) {
            return Err(format!("the axis `{}` is named twice", AXES[a]));
        }
        let (from, to) = range.split_once(':').ok_or_else(|| form.clone())?;
        let number = |text: &str| text.trim().parse::<u64>().map_err(|_| form.clone());
        let (from, to) = (number(from)?, number(to)?);
        if from >= to || to > grid.shape[a] {
            return Err(format!(
                "{}={from}:{to} is not a part of 0:{}: from < to, both within the grid",
                AXES[a], grid.shape[a]
            ));
        }
        region[a] = from..to;
    }
    Ok(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        Grid {
            shape: [4, 5, 6],
            voxel_size: [0.1, 0.2, 0.5],
            origin: [1.0, 2.0, 3.0],
            unit: Unit::Micrometre,
            flat: false,
        }
    }

    #[test]
    fn integer_index_is_the_voxel_centre() {
        let g = grid();
        assert_eq!(g.to_world([0.0; 3]), [1.0, 2.0, 3.0]);
        assert_eq!(g.to_voxel([1.0, 2.2, 3.0]).map(|v| v.round()), [0.0, 1.0, 0.0]);
        let (low, high) = g.corners();
        assert_eq!(low[2], 3.0 - 0.25);
        assert!((high[0] - (1.0 + 0.1 * 3.5)).abs() < 1e-15);
    }

    #[test]
    fn regions_are_half_open_and_checked() {
        let g = grid();
        assert_eq!(parse_region("x=1:3,z=0:6", &g).unwrap(), [1..3, 0..5, 0..6]);
        for bad in ["", "x", "x=1", "x=3:1", "x=0:5", "w=0:1", "x=0:1,x=0:1", "x=-1:2", "x=a:b"] {
            assert!(parse_region(bad, &g).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_part_keeps_its_place_in_the_world() {
        let g = grid();
        let part = g.part(&[2..4, 0..5, 1..2]);
        assert_eq!(part.shape, [2, 5, 1]);
        assert_eq!(part.to_world([0.0; 3]), g.to_world([2.0, 0.0, 1.0]));
    }
}
