//! The real binary in a directory of its own, and what stands in the files that it writes.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hdf5::types::VarLenUnicode;
use hdf5_sys::{h5d, h5p, h5s, h5t};

/// A directory that disappears with it.
pub struct Place(tempfile::TempDir);

impl Place {
    pub fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Runs `scene` and returns the file that comes out.
    pub fn file(&self, scene: &str, args: &[&str]) -> PathBuf {
        self.file_with(scene, args, &[])
    }

    pub fn file_with(&self, scene: &str, args: &[&str], env: &[(&str, &str)]) -> PathBuf {
        let scene_file = self.write("scene.toml", scene);
        let out = self.path().join("out.h5");
        let output = blobscene(self.path(), env)
            .args(["run", "-q", "--force", "-o"])
            .args([&out, &scene_file])
            .args(args)
            .output()
            .unwrap();
        succeeded(&output, scene);
        out
    }
}

pub fn blobscene(directory: &Path, env: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_blobscene"));
    command.current_dir(directory).env_remove("BLOBSCENE_SIMD").envs(env.iter().copied());
    command
}

pub fn succeeded(output: &Output, scene: &str) {
    let scene: String = scene.chars().take(2000).collect();
    assert!(output.status.success(), "{}\n{scene}", String::from_utf8_lossy(&output.stderr));
}

/// Renders `scene` and reads everything back.
pub fn rendered(scene: &str) -> Volume {
    rendered_with(scene, &[])
}

pub fn rendered_with(scene: &str, args: &[&str]) -> Volume {
    let place = Place::new();
    Volume::read(&place.file(scene, args))
}

/// A volume with its truth; arrays of three are x y z, the voxels in C order.
pub struct Volume {
    pub shape: [usize; 3],
    pub flat: bool,
    pub voxel_size: [f64; 3],
    pub origin: [f64; 3],
    pub voxels: Vec<f64>,
    pub max_abs_error: f64,
    pub max_rounding_error: f64,
    pub saturated: u64,
    pub blake3: String,
    pub groups: Vec<String>,
    /// The columns of /spots.
    pub spots: BTreeMap<String, Vec<f64>>,
    pub columns: Vec<String>,
}

impl Volume {
    pub fn read(path: &Path) -> Volume {
        let file = hdf5::File::open(path).unwrap();
        let volume = file.dataset("volume").unwrap();
        let mut shape: Vec<usize> = volume.shape().into_iter().rev().collect();
        let flat = shape.len() == 2;
        shape.resize(3, 1);
        let axes = |name: &str, missing: f64| {
            let mut values: Vec<f64> = volume.attr(name).unwrap().read_raw().unwrap();
            values.reverse();
            values.resize(3, missing);
            [values[0], values[1], values[2]]
        };
        let number = |name: &str| volume.attr(name).unwrap().read_scalar::<f64>().unwrap();
        let spots = file.dataset("spots").unwrap();
        let columns = column_names(&spots);
        Volume {
            shape: [shape[0], shape[1], shape[2]],
            flat,
            voxel_size: axes("voxel_size", 1.0),
            origin: axes("origin", 0.0),
            voxels: volume.read_raw().unwrap(),
            max_abs_error: number("max_abs_error"),
            max_rounding_error: number("max_rounding_error"),
            saturated: volume.attr("saturated_voxels").unwrap().read_scalar().unwrap(),
            blake3: text_attribute(&volume, "blake3"),
            groups: text_attributes(&spots, "groups"),
            spots: columns.iter().map(|name| (name.clone(), column(&spots, name))).collect(),
            columns,
        }
    }

    pub fn axes(&self) -> usize {
        if self.flat { 2 } else { 3 }
    }

    pub fn spot_count(&self) -> usize {
        self.spots["id"].len()
    }

    pub fn at(&self, x: usize, y: usize, z: usize) -> f64 {
        self.voxels[(z * self.shape[1] + y) * self.shape[0] + x]
    }

    /// A column along all axes, `missing` where there is no z.
    pub fn triple(&self, prefix: &str, spot: usize, missing: f64) -> [f64; 3] {
        ["x", "y", "z"].map(|axis| self.spots.get(&format!("{prefix}{axis}")).map_or(missing, |c| c[spot]))
    }

    /// The bounds of the error together.
    pub fn bound(&self) -> f64 {
        self.max_abs_error + self.max_rounding_error
    }

    pub fn largest_difference(&self, other: &Volume) -> f64 {
        assert_eq!(self.shape, other.shape);
        self.voxels.iter().zip(&other.voxels).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    }
}

pub fn text_attribute(object: &hdf5::Location, name: &str) -> String {
    object.attr(name).unwrap().read_scalar::<VarLenUnicode>().unwrap().to_string()
}

pub fn text_attributes(object: &hdf5::Location, name: &str) -> Vec<String> {
    let texts: Vec<VarLenUnicode> = object.attr(name).unwrap().read_raw().unwrap();
    texts.iter().map(ToString::to_string).collect()
}

pub fn column_names(table: &hdf5::Dataset) -> Vec<String> {
    match table.dtype().unwrap().to_descriptor().unwrap() {
        hdf5::types::TypeDescriptor::Compound(compound) => {
            compound.fields.into_iter().map(|field| field.name).collect()
        }
        other => panic!("/spots is no table but {other}"),
    }
}

/// One column of a compound table, as f64: the library converts by name.
pub fn column(table: &hdf5::Dataset, name: &str) -> Vec<f64> {
    let mut values = vec![0.0_f64; table.size()];
    if values.is_empty() {
        return values;
    }
    let c_name = CString::new(name).unwrap();
    hdf5::sync::sync(|| {
        // SAFETY: the memory type is a single f64, and there is room for every row.
        unsafe {
            let memory = h5t::H5Tcreate(h5t::H5T_class_t::H5T_COMPOUND, 8);
            assert!(h5t::H5Tinsert(memory, c_name.as_ptr(), 0, *h5t::H5T_NATIVE_DOUBLE) >= 0);
            let code = h5d::H5Dread(
                table.id(),
                memory,
                h5s::H5S_ALL,
                h5s::H5S_ALL,
                h5p::H5P_DEFAULT,
                values.as_mut_ptr().cast(),
            );
            assert!(code >= 0, "{name}");
            h5t::H5Tclose(memory);
        }
    });
    values
}

/// Numbers for test scenes (splitmix64); nothing of the program's own.
pub struct Dice(pub u64);

impl Dice {
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }
}

/// A group of listed spots; each is x y z and what else stands in its table.
pub fn group(name: &str, profile: &str, amplitude: f64, points: &[([f64; 3], String)]) -> String {
    let mut text = format!("[spots.{name}]\namplitude = {amplitude:?}\nprofile = {profile}\n");
    text.push_str("generator = { kind = \"points\", points = [\n");
    for ([x, y, z], more) in points {
        let _ = writeln!(text, "  {{ x = {x:?}, y = {y:?}, z = {z:?}{more} }},");
    }
    text.push_str("] }\n");
    text
}

pub fn points(list: &[[f64; 3]]) -> Vec<([f64; 3], String)> {
    list.iter().map(|&point| (point, String::new())).collect()
}
