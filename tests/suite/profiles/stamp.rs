//! A profile at one size on one grid, evaluated voxel by voxel as a renderer would.

use std::path::Path;

use blobscene::description::Description;
use blobscene::files::DiskFiles;
use blobscene::grid::{Grid, Unit};
use blobscene::math::Ramp;
use blobscene::plugin::{Cell, Range, Reading};
use blobscene::profiles::{PROFILES, Profile, Shape};
use blobscene::random::Streams;
use blobscene::spot::{Refusal, Size};

/// Beside the examples.
pub const VARIATIONS: &[&str] = &[
    r#"{ kind = "gaussian" }"#,
    r#"{ kind = "gaussian", sigma = 0.7, sampling = "point" }"#,
    r#"{ kind = "gaussian", fwhm = { x = 1, y = 2, z = 3 }, sampling = "integrated" }"#,
    r#"{ kind = "gaussian", spread = { uniform = [1, 2] }, sampling = "point" }"#,
    r#"{ kind = "ball", radius = 3 }"#,
    r#"{ kind = "ball", radius = 2, edge = 1 }"#,
    r#"{ kind = "ball", radius = { x = 1, y = 2.5, z = 0.8 } }"#,
    r#"{ kind = "ball", radius = { x = 1, y = 0.3, z = 2 }, edge = 1.5 }"#,
    r#"{ kind = "ball", radius = 0.01, edge = { uniform = [1, 2] } }"#,
    r#"{ kind = "shell", radius = { x = 1, y = 2, z = 1.5 }, thickness = 0.5 }"#,
    r#"{ kind = "shell", radius = { x = 2, y = 1, z = 1.5 }, thickness = 2 }"#,
    r#"{ kind = "shell", radius = 1, thickness = 2 }"#,
];

/// Sub-voxel positions of the spot's centre.
pub const FRACTIONS: [[f64; 3]; 3] = [[0.0; 3], [0.5, 0.25, -0.375], [-0.17, 0.49, 0.31]];

/// A plane has few voxels: finer ones keep its sums as sure as those in space.
pub const FINER: u64 = 8;

pub struct Stamp {
    pub slot: String,
    pub name: String,
    pub profile: Box<dyn Profile>,
    pub size: Size,
    pub grid: Grid,
}

pub fn grid(voxel_size: [f64; 3], flat: bool) -> Grid {
    let shape = [1_000, 1_000, if flat { 1 } else { 1_000 }];
    Grid { shape, voxel_size, origin: [0.0; 3], unit: Unit::Micrometre, flat }
}

/// Hands a slot's table to `run`; wants no problem reported.
pub fn with_cell<T>(slot: &str, flat: bool, run: impl FnOnce(&Cell<'_>) -> T) -> T {
    let description = Description::parse("law", &format!("profile = {slot}")).expect("a scene text");
    let scenes = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes");
    let files = DiskFiles::new(&scenes, &[], 1 << 20);
    let reading = Reading::new(&description, &files);
    reading.flat.set(flat);
    let node = &description.root.get("profile").expect("the slot").node;
    let result = run(&Cell {
        reading: &reading,
        node,
        name: "profile".into(),
        unit: "",
        range: Range::ANY,
        axes: false,
    });
    let problems: Vec<String> = reading.finish().into_iter().map(|problem| problem.message).collect();
    assert!(problems.is_empty(), "{slot}: {problems:?}");
    result
}

pub fn profile(slot: &str, flat: bool) -> Box<dyn Profile> {
    with_cell(slot, flat, |cell| PROFILES.read(cell).expect("a profile"))
}

pub fn size(profile: &dyn Profile, index: u64) -> Result<Size, Refusal> {
    let own = if profile.has_width() { None } else { Some([1.0, 2.0, 1.5]) };
    profile.sizes(&Streams::new(5, 0, "laws"))(index, own)
}

/// Every example and variation, in space and in a plane, with voxels of such edges that the profile reaches
/// about `voxels` far: the same number on each axis, or different ones. A plane gets `FINER` times as many.
pub fn stamps(voxels: f64) -> Vec<Stamp> {
    let examples = PROFILES.plugins.iter().map(|plugin| plugin.example);
    let mut stamps = Vec::new();
    for slot in examples.chain(VARIATIONS.iter().copied()) {
        for flat in [false, true] {
            for stretch in [[1.0; 3], [0.7, 1.2, 0.9]] {
                let profile = profile(slot, flat);
                let size = size(&*profile, 3).expect("a size");
                let fine = grid(size.width.map(|w| w / 1000.0), flat);
                let reach = profile.reach(&size, &fine, 1e-7);
                let voxels = if flat { voxels * FINER as f64 } else { voxels };
                let edges = [0, 1, 2].map(|a| reach[a] * fine.voxel_size[a] / (voxels * stretch[a]));
                let grid = grid(edges, flat);
                stamps.push(Stamp {
                    slot: slot.into(),
                    name: format!("{slot} flat {flat} {stretch:?}"),
                    profile,
                    size,
                    grid,
                });
            }
        }
    }
    stamps
}

impl Stamp {
    /// Calls `visit` with offset from the centre (voxels) and value for all voxels within `half` voxels of the
    /// one that holds the centre, row by row.
    pub fn scan(&self, fraction: [f64; 3], half: [i64; 3], mut visit: impl FnMut([f64; 3], f64)) {
        let half = [half[0], half[1], if self.grid.flat { 0 } else { half[2] }];
        let fraction = [fraction[0], fraction[1], if self.grid.flat { 0.0 } else { fraction[2] }];
        let offsets: Vec<Vec<f64>> =
            (0..3).map(|a| (-half[a]..=half[a]).map(|i| i as f64 - fraction[a]).collect()).collect();
        let world = |a: usize| -> Vec<f64> {
            offsets[a].iter().map(|offset| offset * self.grid.voxel_size[a]).collect()
        };
        let factors: Option<Vec<Vec<f64>>> = match self.profile.shape() {
            Shape::Separable(separable) => Some(
                (0..3)
                    .map(|a| {
                        if a == 2 && self.grid.flat {
                            return vec![1.0];
                        }
                        let width = self.size.width[a];
                        let ramp = Ramp {
                            first: -(half[a] as f64) - fraction[a],
                            step: self.grid.voxel_size[a] / width,
                            start: 0.0,
                            count: offsets[a].len(),
                            place: 0,
                        };
                        let mut out = vec![f64::NAN; ramp.room()];
                        separable.factors(&[ramp], &mut out);
                        out
                    })
                    .collect(),
            ),
            Shape::Dense(_) => None,
        };
        let (dx, dy, dz) = (world(0), world(1), world(2));
        let mut row = vec![f64::NAN; dx.len()];
        for (k, &z) in offsets[2].iter().enumerate() {
            for (j, &y) in offsets[1].iter().enumerate() {
                match (&factors, self.profile.shape()) {
                    (Some(f), _) => {
                        for (value, factor) in row.iter_mut().zip(&f[0]) {
                            *value = factor * f[1][j] * f[2][k];
                        }
                    }
                    (None, Shape::Dense(dense)) => {
                        row.fill(f64::NAN);
                        dense.row(&self.size, &dx, dy[j], dz[k], &mut row);
                    }
                    (None, Shape::Separable(_)) => unreachable!("it has factors"),
                }
                for (&x, &value) in offsets[0].iter().zip(&row) {
                    visit([x, y, z], value);
                }
            }
        }
    }

    pub fn copy(&self) -> Stamp {
        Stamp {
            slot: self.slot.clone(),
            name: self.name.clone(),
            profile: profile(&self.slot, self.grid.flat),
            size: self.size,
            grid: self.grid.clone(),
        }
    }

    /// One value, at an offset in voxels.
    pub fn at(&self, offset: [f64; 3]) -> f64 {
        let mut result = f64::NAN;
        self.scan(offset.map(|x| -x), [0; 3], |_, value| result = value);
        result
    }

    pub fn half(reach: [f64; 3], more: f64) -> [i64; 3] {
        reach.map(|r| (r + more).ceil() as i64)
    }
}

/// A stamp on voxels of edge 1.
pub fn plain(slot: &str, flat: bool) -> Stamp {
    let profile = profile(slot, flat);
    let size = size(&*profile, 0).expect("a size");
    Stamp { slot: slot.into(), name: slot.into(), profile, size, grid: grid([1.0; 3], flat) }
}

pub fn halton(mut i: u32, base: u32) -> f64 {
    let (mut x, mut digit) = (0.0, 1.0 / f64::from(base));
    while i > 0 {
        x += digit * f64::from(i % base);
        digit /= f64::from(base);
        i /= base;
    }
    x
}
