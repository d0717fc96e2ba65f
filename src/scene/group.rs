//! `[spots.*]`: a group of spots.

use crate::description::{Entry, Value as TomlValue};
use crate::diagnostic::{Diagnostic, Place, nearest, shown};
use crate::generators::Generator;
use crate::plugin::{Bad, OneOf, Param, Range, Reading, TableReader, TableSpec};
use crate::profiles::Profile;
use crate::value::Value;

const GENERATOR: Param<Box<dyn Generator>> = Param::required("generator", "Where the spots are.");
const PROFILE: Param<Box<dyn Profile>> = Param::required("profile", "What one spot looks like.");
const AMPLITUDE: Param<Value> =
    Param::optional("amplitude", "Peak of the continuous profile, in the volume's values; may be negative.");
const PHOTONS: Param<Value> = Param::optional(
    "photons",
    "The spot's light: the integral of its profile over unbounded space, divided by the volume of a voxel. For integrated \
     Gaussians that is the sum over all voxels of an unbounded grid; for profiles taken at voxel centres the sum matches it \
     only where the voxels resolve the profile. A spot's own value overrides the group's.",
)
.unit("photons")
.range(Range::NOT_NEGATIVE);
const TRUTH: Param<bool> =
    Param::default("truth", "true", "false: a distractor, drawn and listed as such in the truth table.");

pub const SPEC: TableSpec = TableSpec {
    params: &[&GENERATOR, &PROFILE, &AMPLITUDE, &PHOTONS, &TRUTH],
    one_of: &[OneOf { names: &["amplitude", "photons"], required: false }],
};

/// Keys of a group that this version does not have yet.
const PLANNED: &[&str] = &["channel", "motion", "bleaching"];

pub struct Group {
    pub name: String,
    pub generator: Box<dyn Generator>,
    pub profile: Box<dyn Profile>,
    pub brightness: Option<Brightness>,
    /// Whether its spots count as truth; if not they are distractors.
    pub truth: bool,
    pub places: Places,
}

/// Where messages about a group and its parts point to.
pub struct Places {
    pub name: Place,
    pub generator: Place,
    pub profile: Place,
    /// Its amplitude or photons; its name where it has neither.
    pub brightness: Place,
}

/// What the group says of its spots' light.
pub enum Brightness {
    Amplitude(Value),
    Photons(Value),
}

/// Reads all groups, in the byte order of their names.
pub fn read_all(reading: &Reading<'_>, spots: &Entry) -> Result<Vec<Group>, Bad> {
    let TomlValue::Table(table) = &spots.node.value else {
        let message = format!("`spots` is {}; allowed: tables [spots.<name>]", spots.node.found());
        reading.report(Diagnostic::invalid(message).at(reading.description.place(spots.node.span.clone())));
        return Err(Bad);
    };
    if table.entries.is_empty() {
        let message = "the scene has no group of spots";
        reading.report(Diagnostic::invalid(message).at(reading.description.place(spots.name_span.clone())));
        return Err(Bad);
    }
    let mut entries: Vec<&Entry> = table.entries.iter().collect();
    entries.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
    let groups: Vec<_> = entries.into_iter().map(|entry| read(reading, entry)).collect();
    groups.into_iter().collect()
}

fn read(reading: &Reading<'_>, entry: &Entry) -> Result<Group, Bad> {
    let place = reading.description.place(entry.name_span.clone());
    let report = |problem: Diagnostic| reading.report(problem.at(place.clone()));
    if entry.name.chars().any(char::is_control) {
        report(Diagnostic::invalid("the name of a group holds a control character"));
        return Err(Bad);
    }
    let name = format!("spots.{}", entry.name);
    let TomlValue::Table(table) = &entry.node.value else {
        let known = SPEC.params.iter().map(|p| p.name());
        let message = format!("`{}` is {}; allowed: a table", shown(&name), entry.node.found());
        report(Diagnostic::invalid(message).help(nearest(&entry.name, known)));
        return Err(Bad);
    };
    let mut planned = false;
    for key in table.entries.iter().filter(|key| PLANNED.contains(&key.name.as_str())) {
        let message = format!(
            "`{name}.{}` is part of the scene format, but this version does not have it yet",
            key.name
        );
        reading.report(Diagnostic::invalid(message).at(reading.description.place(key.name_span.clone())));
        planned = true;
    }
    let p = TableReader::new(reading, &name, table, &SPEC, PLANNED);
    let (generator, profile) = (p.get(&GENERATOR), p.get(&PROFILE));
    let (amplitude, photons, truth) = (p.optional(&AMPLITUDE), p.optional(&PHOTONS), p.get(&TRUTH));
    let (generator, profile, amplitude, photons) = (generator?, profile?, amplitude?, photons?);
    let brings = generator.brings();
    let brightness = amplitude.map(Brightness::Amplitude).or(photons.map(Brightness::Photons));
    let mut bad = planned;
    if brightness.is_none() && !brings.brightness {
        let help = "add `amplitude` or `photons`, unless every spot brings its own";
        report(Diagnostic::invalid(format!("`{name}` does not say how bright its spots are")).help(help));
        bad = true;
    }
    if !profile.has_width() && !brings.sigma {
        let help = "give the profile `sigma`, `fwhm` or `spread`, unless every spot brings its own sigma";
        report(Diagnostic::invalid(format!("`{name}` does not say how wide its spots are")).help(help));
        bad = true;
    }
    if bad {
        return Err(Bad);
    }
    let places = Places {
        generator: p.place_of(&GENERATOR),
        profile: p.place_of(&PROFILE),
        brightness: match &brightness {
            Some(Brightness::Amplitude(_)) => p.place_of(&AMPLITUDE),
            Some(Brightness::Photons(_)) => p.place_of(&PHOTONS),
            None => place.clone(),
        },
        name: place,
    };
    Ok(Group { name: entry.name.clone(), generator, profile, brightness, truth: truth?, places })
}
