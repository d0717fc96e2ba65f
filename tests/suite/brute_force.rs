//! The renderer against a brute-force sum in f64 that shares no code with it, on files of the real binary.

mod bound;
mod factors;
mod floor;
mod large;
mod laws;
pub mod reference;
pub mod run;
mod truth;

use reference::Shape;
use run::Volume;

/// How a volume compares with the exact one.
pub struct Comparison {
    pub worst: f64,
    pub bound: f64,
}

impl Comparison {
    /// How many times larger the bound is than the error.
    pub fn slack(&self) -> f64 {
        self.bound / self.worst
    }
}

/// Asserts that every voxel of a floating-point volume lies within the bounds of its file.
pub fn assert_exact(name: &str, file: &Volume, shapes: &[Shape]) -> Comparison {
    let exact = reference::volume(file, shapes);
    let bound = file.bound();
    assert!(bound.is_finite() && bound >= 0.0, "{name}: bound {bound}");
    let (mut worst, mut at) = (0.0, 0);
    for (i, (got, want)) in file.voxels.iter().zip(&exact).enumerate() {
        let difference = (got - want).abs();
        assert!(difference.is_finite(), "{name}: voxel {i} is {got}, exactly {want}");
        if difference > worst {
            (worst, at) = (difference, i);
        }
    }
    eprintln!(
        "{name:32} worst {worst:.3e} bound {bound:.3e} (left out {:.1e}, rounding {:.1e}) ratio {:.1}",
        file.max_abs_error,
        file.max_rounding_error,
        bound / worst
    );
    assert!(
        worst <= bound,
        "{name}: voxel {at} is {}, exactly {}; bound {bound:e}",
        file.voxels[at],
        exact[at]
    );
    Comparison { worst, bound }
}
