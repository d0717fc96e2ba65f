//! /spots, the attributes and /entry/data, as the page about the file says.

use hdf5::types::{FloatSize, IntSize, TypeDescriptor};

use super::run::{Dice, Place, Volume, column, group, points, rendered, text_attribute, text_attributes};

const GRID: &str = "[grid]\nshape = { x = 30, y = 20, z = 10 }\n\
    voxel_size = { x = 0.1, y = 0.2, z = 0.3 }\norigin = { x = 1.5, y = -2.0, z = 0.7 }\nunit = \"um\"\n";

/// The probability that a standard normal lies between two places, by Simpson's rule.
fn normal_between(low: f64, high: f64) -> f64 {
    let (low, high) = (low.clamp(-12.0, 12.0), high.clamp(-12.0, 12.0));
    let n = 4000;
    let f = |i: i32| {
        let x = low + (high - low) * f64::from(i) / f64::from(n);
        (-0.5 * x * x).exp()
    };
    let inner: f64 = (1..n).map(|i| if i % 2 == 1 { 4.0 * f(i) } else { 2.0 * f(i) }).sum();
    (f(0) + inner + f(n)) * (high - low) / (3.0 * f64::from(n)) / (2.0 * std::f64::consts::PI).sqrt()
}

fn nearest(file: &Volume, spot: usize) -> f64 {
    let here = file.triple("", spot, 0.0);
    (0..file.spot_count())
        .filter(|&other| other != spot)
        .map(|other| {
            let there = file.triple("", other, 0.0);
            (0..3).map(|a| (there[a] - here[a]) * (there[a] - here[a])).sum::<f64>().sqrt()
        })
        .fold(f64::INFINITY, f64::min)
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * a.abs().max(b.abs()) || a.to_bits() == b.to_bits()
}

#[test]
fn the_table_agrees_with_the_scene() {
    let mut dice = Dice(20);
    let list: Vec<[f64; 3]> = (0..300)
        .map(|_| [dice.within(1.0, 5.0), dice.within(-2.5, 2.5), dice.within(0.0, 4.0)])
        .chain([[0.1 + 0.2, 1e-300, -0.0], [1e17, 2.0, 3.0], [1e17, 2.0, 3.0]])
        .collect();
    let sigma = [0.11, 0.23, 0.37];
    let profile = "{ kind = \"gaussian\", sigma = { x = 0.11, y = 0.23, z = 0.37 } }";
    let scene = GRID.to_string()
        + &group("b", profile, 12.0, &points(&list))
        + &group("a\\u0020!", profile, 1.0, &points(&list[..40]))
            .replace("[spots.a\\u0020!]", "[spots.\"a !\"]")
            .replace("amplitude = 1.0", "photons = 777")
        + &group("c", "{ kind = \"ball\", radius = 0.5 }", 3.0, &points(&[[2.0, 0.0, 2.0]]))
            .replace("amplitude", "truth = false\namplitude");
    let file = rendered(&scene);
    assert_eq!(file.groups, ["a !", "b", "c"]);
    let wanted = [
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
    assert_eq!(file.columns, wanted);
    assert_eq!(file.spot_count(), 40 + list.len() + 1);
    let gauss = 2.0 * std::f64::consts::PI;
    let light = gauss * gauss.sqrt() * sigma[0] * sigma[1] * sigma[2] / (0.1 * 0.2 * 0.3);
    for i in 0..file.spot_count() {
        let (group, index) = if i < 40 { (0, i) } else { (1 + (i - 40) / list.len(), (i - 40) % list.len()) };
        let centre = if group == 2 { [2.0, 0.0, 2.0] } else { list[index] };
        assert_eq!(file.spots["id"][i], i as f64);
        assert_eq!(file.spots["group"][i], group as f64);
        assert_eq!(file.triple("", i, 0.0).map(f64::to_bits), centre.map(f64::to_bits));
        for a in 0..3 {
            let index = (centre[a] - file.origin[a]) / file.voxel_size[a];
            assert_eq!(file.triple("i", i, 0.0)[a], index);
        }
        let (amplitude, photons) = (file.spots["amplitude"][i], file.spots["photons"][i]);
        assert!(close(file.spots["nearest"][i], nearest(&file, i), 1e-15));
        match group {
            0 => assert!(photons == 777.0 && close(amplitude * light, photons, 1e-14)),
            1 => assert!(amplitude == 12.0 && close(amplitude * light, photons, 1e-14)),
            _ => {
                let light = gauss * 2.0 / 3.0 * 0.125 / 0.006;
                assert!(amplitude == 3.0 && close(amplitude * light, photons, 1e-14));
            }
        }
        assert_eq!(file.spots["truth"][i], if group == 2 { 0.0 } else { 1.0 });
        if group == 2 {
            assert!(file.triple("sigma_", i, 0.0).iter().all(|s| s.is_nan()));
            continue;
        }
        assert_eq!(file.triple("sigma_", i, 0.0), sigma);
        let inside: f64 = (0..3)
            .map(|a| {
                let edge =
                    |index: f64| (file.origin[a] + (index - 0.5) * file.voxel_size[a] - centre[a]) / sigma[a];
                normal_between(edge(0.0), edge(file.shape[a] as f64))
            })
            .product();
        assert!((file.spots["inside"][i] - inside).abs() < 1e-10, "{i}: {inside}");
    }
    // Of two at the same place each is the other's nearest.
    assert_eq!(file.spots["nearest"][file.spot_count() - 2], 0.0);
}

#[test]
fn a_lone_spot_and_no_spot() {
    let profile = "{ kind = \"gaussian\", sigma = 0.2 }";
    let lone = rendered(&(GRID.to_string() + &group("a", profile, 1.0, &points(&[[2.0, 0.0, 2.0]]))));
    assert_eq!(lone.spots["nearest"], [f64::INFINITY]);
    let none = rendered(&(GRID.to_string() + &group("a", profile, 1.0, &[])));
    assert_eq!(none.spot_count(), 0);
    assert!(none.voxels.iter().all(|v| *v == 0.0) && none.bound() == 0.0 && none.voxels.len() == 6000);
    assert_eq!(none.columns, lone.columns);
}

/// An amplitude is in the volume's values, whatever those are.
#[test]
fn amplitudes_have_the_unit_of_the_volume() {
    for (light, unit) in [("photons = 5", "photons"), ("amplitude = 5", "intensity")] {
        let place = Place::new();
        let scene = format!(
            "grid = {{ shape = 16 }}\n[spots.a]\ngenerator = {{ kind = \"uniform\", count = 3 }}\n\
             profile = {{ kind = \"gaussian\", sigma = 1 }}\n{light}\n"
        );
        let file = hdf5::File::open(place.file(&scene, &[])).unwrap();
        assert_eq!(text_attribute(&file.dataset("volume").unwrap(), "units"), unit);
        assert_eq!(text_attributes(&file.dataset("spots").unwrap(), "units")[8..10], [unit, "photons"]);
    }
}

#[test]
fn extra_columns_and_units() {
    let place = Place::new();
    place.write("spots.csv", "x,y,z,amplitude,quality,age\n2,0,2,5,0.25,1\n2.5,0.5,1,6,-3,2e9\n");
    let scene = GRID.to_string()
        + "[spots.t]\nprofile = { kind = \"gaussian\", sigma = 0.2 }\n\
           generator = { kind = \"table\", path = \"spots.csv\" }\n"
        + &group("z", "{ kind = \"gaussian\", sigma = 0.2 }", 1.0, &points(&[[2.0, 0.0, 2.0]]));
    let path = place.file(&scene, &[]);
    let file = Volume::read(&path);
    assert_eq!(file.columns[16..], ["quality", "age"]);
    assert_eq!(file.spots["quality"][..2], [0.25, -3.0]);
    assert_eq!(file.spots["age"][..2], [1.0, 2e9]);
    assert!(file.spots["quality"][2].is_nan() && file.spots["age"][2].is_nan());
    let opened = hdf5::File::open(&path).unwrap();
    let table = opened.dataset("spots").unwrap();
    let units = text_attributes(&table, "units");
    let um = ["um"; 3];
    let wanted =
        [&["", ""][..], &um, &["voxel"; 3], &["intensity", "photons"], &um, &["", "um", "", "", ""]].concat();
    assert_eq!(units, wanted);
    let TypeDescriptor::Compound(row) = table.dtype().unwrap().to_descriptor().unwrap() else {
        panic!("no table")
    };
    for field in row.fields {
        let wanted = match field.name.as_str() {
            "id" => TypeDescriptor::Unsigned(IntSize::U8),
            "group" => TypeDescriptor::Unsigned(IntSize::U4),
            _ => TypeDescriptor::Float(FloatSize::U8),
        };
        assert_eq!(field.ty, wanted, "{}", field.name);
    }
    assert_eq!(column(&table, "age")[1], 2e9);
}

#[test]
fn a_plane_has_no_z() {
    let scene = "[grid]\nshape = { x = 30, y = 20 }\nvoxel_size = 0.5\n".to_string()
        + &group(
            "a",
            "{ kind = \"gaussian\", sigma = 0.7 }",
            2.0,
            &[([3.0, 4.0, 99.0], String::new()), ([6.0, 8.0, -99.0], String::new())],
        );
    let file = rendered(&scene);
    assert!(file.flat);
    let wanted = [
        "id",
        "group",
        "x",
        "y",
        "ix",
        "iy",
        "amplitude",
        "photons",
        "sigma_x",
        "sigma_y",
        "inside",
        "nearest",
        "truth",
    ];
    assert_eq!(file.columns, wanted);
    assert_eq!(file.spots["nearest"], [5.0, 5.0]);
    let light = 2.0 * std::f64::consts::PI * 0.49 / 0.25;
    assert!(close(file.spots["photons"][0], 2.0 * light, 1e-14));
}

#[test]
fn attributes_of_the_volume() {
    let place = Place::new();
    for (flat, unit) in [(false, "nm"), (false, "um"), (true, "mm"), (true, "px")] {
        let shape = if flat { "{ x = 30, y = 20 }" } else { "{ x = 30, y = 20, z = 10 }" };
        let z = |text: &str| if flat { String::new() } else { text.to_string() };
        let scene = format!(
            "[scene]\nname = \"thing\"\n[grid]\nshape = {shape}\nvoxel_size = {{ x = 0.1, y = 0.2{} }}\n\
             origin = {{ x = 1.5, y = -2.0{} }}\nunit = \"{unit}\"\n",
            z(", z = 0.3"),
            z(", z = 0.7"),
        ) + &group("a", "{ kind = \"gaussian\", sigma = 0.2 }", 2.0, &points(&[[2.0, 0.0, 2.0]]));
        let path = place.file(&scene, &[]);
        let file = hdf5::File::open(&path).unwrap();
        let volume = file.dataset("volume").unwrap();
        let skip = usize::from(flat);
        let names = &["z", "y", "x"][skip..];
        assert_eq!(volume.shape(), [10, 20, 30][skip..]);
        assert_eq!(text_attributes(&volume, "dimension_names"), names);
        let numbers = |name: &str| {
            let attribute = volume.attr(name).unwrap();
            assert_eq!(
                attribute.dtype().unwrap().to_descriptor().unwrap(),
                TypeDescriptor::Float(FloatSize::U8)
            );
            attribute.read_raw::<f64>().unwrap()
        };
        assert_eq!(numbers("voxel_size"), [0.3, 0.2, 0.1][skip..]);
        assert_eq!(numbers("origin"), [0.7, -2.0, 1.5][skip..]);
        assert_eq!(numbers("resolution"), [0.1, 0.2, 0.3][..3 - skip]);
        for name in ["max_abs_error", "max_rounding_error"] {
            assert_eq!(numbers(name).len(), 1);
        }
        let nanometres = [("nm", 1e-3), ("um", 1.0), ("mm", 1e3)].into_iter().find(|(u, _)| *u == unit);
        match nanometres {
            None => assert!(volume.attr("element_size_um").is_err()),
            Some((_, factor)) => {
                let attribute = volume.attr("element_size_um").unwrap();
                assert_eq!(
                    attribute.dtype().unwrap().to_descriptor().unwrap(),
                    TypeDescriptor::Float(FloatSize::U4)
                );
                let sizes: Vec<f32> = attribute.read_raw().unwrap();
                for (got, want) in sizes.iter().zip(&[0.3, 0.2, 0.1][skip..]) {
                    assert!((f64::from(*got) / (want * factor) - 1.0).abs() < 1e-6);
                }
                assert_eq!(sizes.len(), 3 - skip);
            }
        }
        assert_eq!(text_attribute(&volume, "unit"), unit);
        assert_eq!(text_attribute(&volume, "coordinate_convention"), "integer index = voxel centre");
        assert_eq!(text_attribute(&volume, "long_name"), "fluorescence");
        assert_eq!(text_attribute(&volume, "units"), "intensity");
        assert_eq!(text_attribute(&volume, "name"), "thing");
        let tags: serde_json::Value = serde_json::from_str(&text_attribute(&volume, "axistags")).unwrap();
        let keys: Vec<_> = tags["axes"].as_array().unwrap().iter().map(|axis| &axis["key"]).collect();
        assert_eq!(keys, names);
        let units: serde_json::Value = serde_json::from_str(&text_attribute(&volume, "axis_units")).unwrap();
        assert!(names.iter().all(|name| units[name] == unit));
        assert!(volume.attr("axes").is_err());
        let saturated = volume.attr("saturated_voxels").unwrap().dtype().unwrap();
        assert_eq!(saturated.to_descriptor().unwrap(), TypeDescriptor::Unsigned(IntSize::U8));
        assert_eq!(text_attribute(&volume, "blake3").len(), 64);

        assert_eq!(text_attribute(&file, "NX_class"), "NXroot");
        assert_eq!(text_attribute(&file, "default"), "entry");
        assert_eq!(text_attribute(&file, "creator"), concat!("blobscene ", env!("CARGO_PKG_VERSION")));
        assert_eq!(file.attr("format").unwrap().read_scalar::<u64>().unwrap(), 1);
        let entry = file.group("entry").unwrap();
        assert_eq!(text_attribute(&entry, "NX_class"), "NXentry");
        assert_eq!(text_attribute(&entry, "default"), "data");
        let data = file.group("entry/data").unwrap();
        assert_eq!(text_attribute(&data, "NX_class"), "NXdata");
        assert_eq!(text_attribute(&data, "signal"), "volume");
        assert_eq!(text_attributes(&data, "axes"), names);
        let linked = data.dataset("volume").unwrap();
        assert_eq!(linked.loc_info().unwrap().token, volume.loc_info().unwrap().token);
        for (i, name) in names.iter().enumerate() {
            let world: Vec<f64> = data.dataset(name).unwrap().read_raw().unwrap();
            let (origin, size) = (numbers("origin")[i], numbers("voxel_size")[i]);
            assert_eq!(world.len(), volume.shape()[i]);
            assert!(world.iter().enumerate().all(|(k, w)| (w - (origin + k as f64 * size)).abs() < 1e-12));
            assert_eq!(text_attribute(&data.dataset(name).unwrap(), "units"), unit);
        }
        let provenance = file.group("provenance").unwrap();
        assert_eq!(provenance.attr("complete").unwrap().read_scalar::<u64>().unwrap(), 1);
        assert_eq!(provenance.attr("seed").unwrap().read_scalar::<u64>().unwrap(), 0);
        let stored = provenance.dataset("scene").unwrap();
        let text: hdf5::types::VarLenUnicode = stored.read_scalar().unwrap();
        assert_eq!(text.as_str(), scene);
        assert_eq!(
            text_attribute(&provenance, "scene_blake3"),
            blake3::hash(scene.as_bytes()).to_hex().as_str()
        );
    }
}
