//! The scripts that come with the program place what they say.

use std::path::Path;

use crate::brute_force::run::{Volume, blobscene};

/// Renders a scene of the repository with parts of it changed.
fn rendered(name: &str, changes: &[&str]) -> Volume {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out.h5");
    let mut command = blobscene(Path::new(env!("CARGO_MANIFEST_DIR")), &[]);
    command.args(["run", "-q", "-o"]).arg(&out).arg(format!("scenes/{name}.toml"));
    changes.iter().for_each(|change| {
        command.args(["--set", change]);
    });
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Volume::read(&out)
}

fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn pairs_are_as_far_apart_as_their_column_says() {
    let file = rendered("spiral_pairs", &[]);
    assert_eq!(file.spot_count(), 96);
    for first in (0..file.spot_count()).step_by(2) {
        let apart = distance(file.triple("", first, 0.0), file.triple("", first + 1, 0.0));
        assert!((apart - file.spots["distance"][first]).abs() < 1e-12);
        assert_eq!(file.spots["pair"][first], file.spots["pair"][first + 1]);
    }
}

/// Subunits lie on circles of 107 nm, 50 nm apart, whose axis points to the middle of a round nucleus.
#[test]
fn pores_are_pairs_of_rings_that_face_outwards() {
    let changes = ["spots.nup96.generator.params.labelling=1", "spots.nup96.generator.params.pores=50"];
    let file = rendered("nuclear_pores", &changes);
    assert_eq!(file.spot_count(), 50 * 16);
    for ring in 0..file.spot_count() / 8 {
        let places: Vec<_> = (0..8).map(|i| file.triple("", 8 * ring + i, 0.0)).collect();
        let middle = [0, 1, 2].map(|a| places.iter().map(|p| p[a]).sum::<f64>() / 8.0);
        let side = if ring % 2 == 0 { -0.025 } else { 0.025 };
        let height = distance(middle, [0.0, 0.0, -1.2]);
        assert!((height - (1.6 + side)).abs() < 1e-9, "{height}");
        for (i, place) in places.iter().enumerate() {
            assert!((distance(*place, middle) - 0.0535).abs() < 1e-9);
            // Neighbours of an octagon.
            let next = distance(*place, places[(i + 1) % 8]);
            assert!((next - 0.107 * (std::f64::consts::PI / 8.0).sin()).abs() < 1e-9);
        }
    }
}

#[test]
fn more_pores_and_fewer_labels_move_none() {
    let labels = |labelling: &str, pores: &str| {
        let set = |name: &str, value: &str| format!("spots.nup96.generator.params.{name}={value}");
        let file = rendered("nuclear_pores", &[&set("labelling", labelling), &set("pores", pores)]);
        (0..file.spot_count()).map(|i| file.triple("", i, 0.0).map(f64::to_bits)).collect::<Vec<_>>()
    };
    let (all, half, more) = (labels("1", "30"), labels("0.5", "30"), labels("1", "40"));
    assert!(half.len() < all.len() && half.iter().all(|place| all.contains(place)));
    assert!(more.starts_with(&all));
}

#[test]
fn chromosomes_keep_to_their_territory() {
    let file = rendered("chromatin", &[]);
    let mut start = [0.0; 3];
    for i in 0..file.spot_count() {
        let place = file.triple("", i, 0.0);
        if file.spots["locus"][i] == 1.0 {
            start = place;
        }
        // A walk begins in the middle of its territory.
        assert!(distance(place, start) <= 1.2 + 1e-9);
    }
    assert_eq!(file.spots["territory"].last(), Some(&9.0));
}

#[test]
fn a_lineage_doubles_and_keeps_its_volume() {
    let set = |name: &str, value: &str| format!("spots.nuclei.generator.params.{name}={value}");
    let cells =
        |generations: &str| rendered("lineage", &[&set("generations", generations), &set("rest", "0")]);
    let (mothers, daughters) = (cells("4"), cells("5"));
    assert_eq!((mothers.spot_count(), daughters.spot_count()), (16, 32));
    for (i, mother) in mothers.spots["cell"].iter().enumerate() {
        let pair = [2 * i, 2 * i + 1].map(|j| {
            assert_eq!(daughters.spots["mother"][j], *mother);
            daughters.triple("", j, 0.0)
        });
        // The mother lay in the middle of her daughters.
        let middle = [0, 1, 2].map(|a| f64::midpoint(pair[0][a], pair[1][a]));
        assert!(distance(middle, mothers.triple("", i, 0.0)) < 1e-9);
    }
    let volume = |file: &Volume| file.spots["sigma_x"].iter().map(|s| s.powi(3)).sum::<f64>();
    assert!((volume(&daughters) / 3.5_f64.powi(3) - 1.0).abs() < 1e-12);
    assert!((volume(&mothers) / 3.5_f64.powi(3) - 1.0).abs() < 1e-12);
}

#[test]
fn a_close_packing_has_its_neighbours_at_the_spacing() {
    let file = rendered("hexagonal", &["spots.crystal.generator.jitter=0"]);
    assert!(file.spots["nearest"].iter().all(|d| (d - 1.2).abs() < 1e-9));
    let places: Vec<_> = (0..file.spot_count()).map(|i| file.triple("", i, 0.0)).collect();
    let neighbours = |a: &[f64; 3]| places.iter().filter(|b| (distance(*a, **b) - 1.2).abs() < 1e-9).count();
    assert_eq!(places.iter().map(neighbours).max(), Some(12));
}

/// Beads follow one another at the declared distance along every fibre.
#[test]
fn fibres_of_a_spindle_are_even_rows() {
    let file = rendered("spindle", &[]);
    let mut rows = 0;
    for i in 1..file.spot_count() {
        if file.spots["fibre"][i] == file.spots["fibre"][i - 1] {
            let step = distance(file.triple("", i, 0.0), file.triple("", i - 1, 0.0));
            assert!((step - 0.06).abs() < 1e-3, "{step}");
            rows += 1;
        }
    }
    assert!(rows > 5000);
}
