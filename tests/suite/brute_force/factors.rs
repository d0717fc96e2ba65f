//! The factors of one axis by themselves, against quadrature.

use blobscene::math::{Ramp, gaussian_means};

use super::reference::GaussLegendre;

/// The profile's own statement: 6 units of the peak, and for means by error functions 10/h + h more.
#[test]
fn factors_are_as_exact_as_the_profile_says() {
    let rule = GaussLegendre::new(24);
    for step in
        [0.01_f64, 0.1, 0.25, 0.2501, 0.26, 0.3, 0.4, 0.5, 0.7, 1.0, 1.3, 2.0, 4.0, 10.0, 100.0, 1000.0]
    {
        // Ramps with the same step at many offsets from the voxels' centres.
        let voxels = (14.0 / step + 4.0).min(1500.0) as usize;
        let (mut offsets, mut got) = (Vec::new(), Vec::new());
        for fraction in 0..200 {
            let start = (f64::from(fraction) / 200.0 - 0.5) * step;
            let ramp = Ramp { first: -((voxels / 2) as f64), step, start, count: voxels, place: 0 };
            let mut out = vec![0.0; ramp.room()];
            gaussian_means(&[ramp], &mut out);
            offsets.extend(ramp.distances());
            got.extend_from_slice(&out[..voxels]);
        }
        let peak = rule.mean((0.0, 0.0), step, 1.0);
        let stated = if step > 0.25 { 6.0 + 10.0 / step + step } else { 6.0 };
        let error = |(&u, &got): (&f64, &f64)| (got - rule.mean((u, 0.0), step, 1.0)).abs() / peak;
        let worst = offsets.iter().zip(&got).map(error).fold(0.0, f64::max) / f64::EPSILON;
        eprintln!("step {step}: {worst:.1} units, stated {stated:.1}");
        assert!(worst <= stated, "step {step}: {worst} units");
    }
}
