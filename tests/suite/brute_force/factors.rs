//! The factors of one axis by themselves, against quadrature.

use super::reference::GaussLegendre;

#[test]
fn factors_measure() {
    let rule = GaussLegendre::new(24);
    for step in [
        0.01, 0.1, 0.2, 0.25, 0.2501, 0.26, 0.3, 0.4, 0.5, 0.7, 0.9, 1.0, 1.3, 2.0, 4.0, 10.0, 30.0, 100.0,
        1000.0,
    ] {
        let offsets: Vec<f64> = (0..4000).map(|i| (f64::from(i) / 4000.0 - 0.5) * (14.0 + step)).collect();
        let mut got = vec![0.0; offsets.len()];
        blobscene::math::gaussian_means(&offsets, step, &mut got);
        let peak = rule.mean((0.0, 0.0), step, 1.0);
        let worst = offsets
            .iter()
            .zip(&got)
            .map(|(&u, &g)| (g - rule.mean((u, 0.0), step, 1.0)).abs() / peak / f64::EPSILON)
            .fold(0.0, f64::max);
        eprintln!("FACTOR step {step} worst {worst:.2} eps of the peak");
    }
}
