//! The generator `table`: headers of every program, units, and errors at their cells.

mod errors;
mod programs;
mod units;

use std::path::Path;
use std::sync::Arc;

use blobscene::description::Description;
use blobscene::diagnostic::Diagnostic;
use blobscene::files::{DiskFiles, Files, Used};
use blobscene::generators::{GENERATORS, Generator, Layout, Placed};
use blobscene::grid::{Grid, Unit};
use blobscene::plugin::{Cell, Range, Reading};
use blobscene::random::Streams;
use blobscene::spot::{Extra, Refusal};

/// One file, whatever it is called.
struct OneFile(Arc<[u8]>);

impl Files for OneFile {
    fn read(&self, _: &str) -> Result<Arc<[u8]>, Diagnostic> {
        Ok(self.0.clone())
    }

    fn used(&self) -> Vec<Used> {
        Vec::new()
    }
}

fn generator(slot: &str, files: &dyn Files, flat: bool) -> Result<Box<dyn Generator>, Vec<Diagnostic>> {
    let description = Description::parse("s.toml", &format!("generator = {slot}")).expect("valid TOML");
    let reading = Reading::new(&description, files);
    reading.flat.set(flat);
    let node = &description.root.get("generator").expect("the slot").node;
    let cell =
        Cell { reading: &reading, node, name: "generator".into(), unit: "", range: Range::ANY, axes: false };
    let built = GENERATORS.read(&cell).ok();
    let problems = reading.finish();
    match built {
        Some(generator) if problems.is_empty() => Ok(generator),
        _ => Err(problems),
    }
}

/// The table `bytes`, called t.csv, with more keys of the slot such as `, scale = 2`.
fn read(bytes: impl AsRef<[u8]>, more: &str, flat: bool) -> Result<Box<dyn Generator>, Vec<Diagnostic>> {
    let files = OneFile(Arc::from(bytes.as_ref()));
    generator(&format!("{{ kind = \"table\", path = \"t.csv\"{more} }}"), &files, flat)
}

/// Voxels of 0.1 x 0.2 x 0.5 um; voxel 0 lies at (1, 2, 3) um.
fn grid(unit: Unit, flat: bool) -> Grid {
    let shape = [10, 10, if flat { 1 } else { 10 }];
    let (voxel_size, origin) = ([0.1, 0.2, if flat { 1.0 } else { 0.5 }], [1.0, 2.0, 3.0]);
    Grid { shape, voxel_size, origin, unit, flat }
}

fn place_on(generator: &dyn Generator, grid: &Grid) -> Result<Placed, Refusal> {
    generator.place(&Layout { grid, streams: &Streams::new(0, 0, "spots"), most_spots: 1 << 40 })
}

fn placed(bytes: &str, more: &str) -> Placed {
    let generator = read(bytes, more, false).unwrap_or_else(|problems| panic!("{problems:#?}"));
    place_on(&*generator, &grid(Unit::Micrometre, false)).expect("placed")
}

fn placed_flat(bytes: &str, more: &str) -> Placed {
    let generator = read(bytes, more, true).unwrap_or_else(|problems| panic!("{problems:#?}"));
    place_on(&*generator, &grid(Unit::Micrometre, true)).expect("placed")
}

fn extra<'a>(placed: &'a Placed, name: &str) -> Option<&'a Extra> {
    placed.extras.iter().find(|extra| extra.name == name)
}

fn extra_names(placed: &Placed) -> Vec<&str> {
    placed.extras.iter().map(|extra| extra.name.as_str()).collect()
}

#[track_caller]
fn near(found: &[f64], wanted: &[f64]) {
    assert_eq!(found.len(), wanted.len());
    for (a, b) in found.iter().zip(wanted) {
        assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{found:?} is not {wanted:?}");
    }
}

/// The excerpts render with nothing but their path.
#[test]
fn excerpts_of_real_tables() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes");
    let files = DiskFiles::new(&root, &[], 1 << 30);

    let slot = "{ kind = \"table\", path = \"data/thunderstorm_2d.csv\" }";
    let storm = generator(slot, &files, true).unwrap();
    assert!(storm.brings().brightness && storm.brings().sigma);
    let spots = place_on(&*storm, &grid(Unit::Micrometre, true)).unwrap();
    assert_eq!(spots.centres.len(), 1741);
    assert!(spots.centres.iter().all(|c| (37.8..40.0).contains(&c[0]) && (26.0..29.8).contains(&c[1])));
    assert_eq!(extra_names(&spots), ["table_id", "frame", "offset", "bkgstd", "chi2", "uncertainty_xy"]);
    assert_eq!(extra(&spots, "offset").unwrap().unit, "photon");

    let slot = "{ kind = \"table\", path = \"data/smap_3d.csv\" }";
    let smap = generator(slot, &files, false).unwrap();
    assert!(smap.brings().brightness && smap.brings().sigma);
    let spots = place_on(&*smap, &grid(Unit::Micrometre, false)).unwrap();
    assert_eq!((spots.centres.len(), spots.photons.len()), (1178, 1178));
    assert!(spots.sigma.iter().all(|s| *s == [0.104; 3]));
    assert_eq!(extra_names(&spots), ["frame", "bg", "locprec", "locprecz", "LLrel", "channel", "filenumber"]);
    assert_eq!(extra(&spots, "locprec").unwrap().unit, "nm");
}

/// A million rows of seven numbers, once read and once placed.
#[test]
#[ignore = "a measurement: cargo test --release -- --ignored --nocapture million"]
fn a_million_rows() {
    use std::fmt::Write;
    let mut text = String::from("x,y,z,sigma,photons,frame,chi2\n");
    for i in 0..1_000_000_u32 {
        let x = f64::from(i) * 0.000_731;
        let _ =
            writeln!(text, "{x:.4},{:.4},{:.4},{:.3},{:.2},{i},{:.5}", x + 1.0, x / 3.0, 0.1 + x, x * 9.0, x);
    }
    let start = std::time::Instant::now();
    let table = read(&text, "", false).unwrap();
    let parsed = start.elapsed();
    let spots = place_on(&*table, &grid(Unit::Micrometre, false)).unwrap();
    println!("{} MB: read {parsed:?}, with placing {:?}", text.len() / 1_000_000, start.elapsed());
    assert_eq!(spots.centres.len(), 1_000_000);
    assert_eq!(extra(&spots, "frame").unwrap().values[999_999], 999_999.0);
}
