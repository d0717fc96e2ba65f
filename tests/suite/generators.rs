use std::sync::Arc;
use std::time::Instant;

use blobscene::description::Description;
use blobscene::diagnostic::Diagnostic;
use blobscene::files::{Files, Used};
use blobscene::generators::{GENERATORS, Generator, Layout, Placed};
use blobscene::grid::{Grid, Unit};
use blobscene::plugin::{Cell, Range, Reading};
use blobscene::random::Streams;
use blobscene::spot::Refusal;

struct NoFiles;
impl Files for NoFiles {
    fn read(&self, written: &str) -> Result<Arc<[u8]>, Diagnostic> {
        Err(Diagnostic::impossible(format!("no file `{written}`")))
    }
    fn used(&self) -> Vec<Used> {
        Vec::new()
    }
}
fn generator(slot: &str, flat: bool) -> Result<Box<dyn Generator>, Vec<Diagnostic>> {
    let description = Description::parse("test", &format!("slot = {slot}")).unwrap();
    let reading = Reading::new(&description, &NoFiles);
    reading.flat.set(flat);
    let node = &description.root.get("slot").unwrap().node;
    let cell = Cell { reading: &reading, node, name: "slot".into(), unit: "", range: Range::ANY };
    let built = GENERATORS.read(&cell);
    let problems = reading.finish();
    if problems.is_empty() { Ok(built.unwrap()) } else { Err(problems) }
}
fn grid(flat: bool, n: u64) -> Grid {
    Grid {
        shape: [n, n, if flat { 1 } else { n }],
        voxel_size: [1.0; 3],
        origin: [0.0; 3],
        unit: Unit::Micrometre,
        flat,
    }
}
fn place(slot: &str, g: &Grid, seed: u64) -> Result<Placed, Refusal> {
    let streams = Streams::new(seed, 0, "g");
    generator(slot, g.flat).unwrap().place(&Layout { grid: g, streams: &streams, most_spots: 1 << 24 })
}
#[test]
fn bench() {
    for (slot, n, flat) in [
        ("{ kind = \"poisson_disk\", min_distance = 4 }", 200, false),
        ("{ kind = \"poisson_disk\", min_distance = 1.9 }", 100, false),
        ("{ kind = \"poisson_disk\", min_distance = 1, count = 100000 }", 100, false),
        ("{ kind = \"poisson_disk\", min_distance = 1.9, count = 105000 }", 100, false),
        ("{ kind = \"poisson_disk\", min_distance = 2.65 }", 1000, true),
        ("{ kind = \"poisson_disk\", min_distance = 1e-9, count=10 }", 1000, true),
        ("{ kind = \"poisson_disk\", min_distance = 1e9 }", 1000, false),
        ("{ kind = \"filament\", count = 100, length = 1000, spacing = 1, persistence = 1 }", 100, false),
        (
            "{ kind = \"shell\", count = 100000, centre=0, radius = {x=1,y=100,z=1}, thickness = 1 }",
            100,
            false,
        ),
    ] {
        let t = Instant::now();
        let r = place(slot, &grid(flat, n), 1);
        println!("{slot} {:?} {:?}", r.map(|p| p.centres.len()), t.elapsed());
    }
}
