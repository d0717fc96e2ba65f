//! One spot, as the renderer and the truth table know it.

use crate::diagnostic::{Diagnostic, Place, Severity};

/// A spot in world units; arrays are x, y, z.
///
/// A line of the cache: blocks read their spots from all over the list.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(align(64))]
pub struct Spot {
    pub centre: [f64; 3],
    pub size: Size,
    /// Peak of the continuous profile, in the volume's values.
    pub amplitude: f64,
}

/// A Gaussian's sigma = fwhm / (2 sqrt(2 ln 2)).
pub const SIGMAS_PER_FWHM: f64 = 0.424_660_900_144_009_5;

/// How large a spot is; the profile says what the numbers mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    /// Width on each axis: sigma of a Gaussian, radius of a ball.
    pub width: [f64; 3],
    /// One length more: the edge of a ball, the thickness of a shell.
    pub rim: f64,
}

/// Why a plugin could not do what the scene asks of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    pub message: String,
    pub help: Option<String>,
    /// Whether a limit of the machine stands in the way, not the scene.
    pub limit: bool,
    /// Where in a file of its own the plugin stopped.
    pub place: Option<Box<Place>>,
}

impl From<Diagnostic> for Refusal {
    fn from(problem: Diagnostic) -> Refusal {
        let limit = problem.severity == Severity::Impossible;
        Refusal { message: problem.message, help: problem.help, limit, place: problem.place }
    }
}

impl Refusal {
    pub fn new(message: impl Into<String>) -> Refusal {
        Refusal { message: message.into(), help: None, limit: false, place: None }
    }

    pub fn help(mut self, help: impl Into<String>) -> Refusal {
        self.help = Some(help.into());
        self
    }
}

/// A numeric column that a generator adds to the truth table.
#[derive(Debug, Clone, PartialEq)]
pub struct Extra {
    pub name: String,
    pub unit: String,
    pub values: Vec<f64>,
}

/// Columns that the truth table has for every spot; an extra one cannot be called so.
pub const TRUTH_COLUMNS: &[&str] = &[
    "id",
    "group",
    "x",
    "y",
    "z",
    "ix",
    "iy",
    "iz",
    "amplitude",
    "photons",
    "sigma_x",
    "sigma_y",
    "sigma_z",
    "inside",
    "nearest",
    "truth",
];
