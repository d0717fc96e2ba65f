//! What the header of a table says: which program wrote it, and what each column holds in which unit.

/// What a column may be to a spot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    X,
    Y,
    Z,
    Sigma,
    SigmaX,
    SigmaY,
    SigmaZ,
    Fwhm,
    Amplitude,
    Photons,
}

impl Role {
    /// The keys of `columns`, in the order of the roles.
    pub const ALL: [(&'static str, Role); 10] = [
        ("x", Role::X),
        ("y", Role::Y),
        ("z", Role::Z),
        ("sigma", Role::Sigma),
        ("sigma_x", Role::SigmaX),
        ("sigma_y", Role::SigmaY),
        ("sigma_z", Role::SigmaZ),
        ("fwhm", Role::Fwhm),
        ("amplitude", Role::Amplitude),
        ("photons", Role::Photons),
    ];

    pub fn is_lateral_width(self) -> bool {
        matches!(self, Role::Sigma | Role::SigmaX | Role::SigmaY | Role::Fwhm)
    }

    pub fn is_brightness(self) -> bool {
        matches!(self, Role::Amplitude | Role::Photons)
    }

    pub fn is_along_z(self) -> bool {
        matches!(self, Role::Z | Role::SigmaZ)
    }
}

/// What a length in the table is counted in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Measure {
    /// No unit stands there: the grid's.
    Grid,
    /// So many nanometres each.
    Nanometres(f64),
    /// Voxels, from the centre of voxel 0.
    Pixels,
}

impl Measure {
    pub fn of(unit: &str) -> Option<Measure> {
        Some(match unit.to_lowercase().as_str() {
            "" => Measure::Grid,
            "nm" | "nanometer" | "nanometers" | "nanometre" | "nanometres" => Measure::Nanometres(1.0),
            // The micro sign and the Greek letter look the same.
            "um" | "µm" | "μm" | "micron" | "microns" | "micrometer" | "micrometers" | "micrometre"
            | "micrometres" => Measure::Nanometres(1e3),
            "mm" | "millimeter" | "millimeters" | "millimetre" | "millimetres" => Measure::Nanometres(1e6),
            "px" | "pixel" | "pixels" | "voxel" | "voxels" => Measure::Pixels,
            _ => return None,
        })
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// As it stands in the file.
    pub header: String,
    /// Without the unit.
    pub name: String,
    pub unit: String,
    pub role: Option<Role>,
}

/// The program that wrote the table, as far as its header differs from a plain one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Plain, or units in the headers, as ThunderSTORM writes them.
    Plain,
    /// Names end in their unit: `xnm`, `PSFxnm`.
    Smap,
    /// x and y in camera pixels, z in nm. Its plain `x`, `y` are told from a plain table's by `photons` with
    /// `sx`, `sy` or `lpx`, `lpy`, Picasso's own names for widths and precisions.
    Picasso,
    /// `POSITION_X`, …, and three more header lines; the last one names the units.
    TrackMate,
    /// `x,y,z,t,c,intensity` or `x,y,t,c,intensity`: pixels. The full set of names tells it.
    RsFish,
    /// Array order, `z,y,x` or `y,x`, and nothing else but `intensity` and `probability`; or `axis-0`, …, as
    /// napari saves points: pixels.
    Spotiflow,
}

impl Program {
    pub fn of(headers: &[String]) -> Program {
        let lower: Vec<String> = headers.iter().map(|header| header.to_lowercase()).collect();
        let has = |names: &[&str]| names.iter().all(|name| lower.iter().any(|header| header == name));
        let only = |rest: &[String]| {
            rest.iter().all(|name| name.starts_with("intensity") || name.starts_with("prob"))
        };
        if has(&["position_x", "position_y"]) {
            Program::TrackMate
        } else if has(&["xnm", "ynm"]) {
            Program::Smap
        } else if has(&["x", "y", "photons"]) && (has(&["sx", "sy"]) || has(&["lpx", "lpy"])) {
            Program::Picasso
        } else if has(&["x", "y", "t", "c", "intensity"]) {
            Program::RsFish
        } else if has(&["axis-0", "axis-1"]) {
            Program::Spotiflow
        } else {
            match lower.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                ["z", "y", "x", ..] if only(&lower[3..]) => Program::Spotiflow,
                ["y", "x", ..] if only(&lower[2..]) => Program::Spotiflow,
                _ => Program::Plain,
            }
        }
    }

    /// What the columns hold. `units` is TrackMate's line of units.
    pub fn columns(self, headers: &[String], units: &[String]) -> Vec<Column> {
        let axes = headers.iter().filter(|header| header.to_lowercase().starts_with("axis-")).count();
        let each = |(i, header): (usize, &String)| {
            let (mut name, mut unit) = split(header);
            let mut lower = name.to_lowercase();
            match self {
                Program::Plain => {}
                Program::Smap => {
                    if let Some(bare) = lower.strip_suffix("nm").filter(|bare| !bare.is_empty()) {
                        (name, unit) = (&name[..bare.len()], "nm");
                        lower.truncate(bare.len());
                    }
                }
                Program::Picasso => match lower.as_str() {
                    "x" | "y" | "sx" | "sy" | "lpx" | "lpy" => unit = "px",
                    "z" => unit = "nm",
                    _ => {}
                },
                Program::TrackMate => {
                    unit = units.get(i).map_or("", |unit| unit.trim_matches(['(', ')', ' ']));
                }
                Program::RsFish | Program::Spotiflow => {
                    if matches!(lower.as_str(), "x" | "y" | "z") || lower.starts_with("axis-") {
                        unit = "px";
                    }
                }
            }
            let role = self.role(&lower, unit, axes);
            Column { header: header.clone(), name: name.to_string(), unit: unit.to_string(), role }
        };
        headers.iter().enumerate().map(each).collect()
    }

    /// The role of a column by its name in lower case. Only light that is known to be photons, or said to be an
    /// amplitude, makes a spot's brightness: an `intensity` in camera counts holds offset and background, so
    /// it becomes one only where the scene's `columns` says so. So does TrackMate's `RADIUS`, which is the
    /// size that was asked of its detector, a width.
    fn role(self, name: &str, unit: &str, axes: usize) -> Option<Role> {
        let own = match (self, name) {
            (Program::TrackMate, "position_x") => Some(Role::X),
            (Program::TrackMate, "position_y") => Some(Role::Y),
            (Program::TrackMate, "position_z") => Some(Role::Z),
            (Program::Smap, "psf") => Some(Role::Sigma),
            (Program::Smap, "psfx") | (Program::Picasso, "sx") => Some(Role::SigmaX),
            (Program::Smap, "psfy") | (Program::Picasso, "sy") => Some(Role::SigmaY),
            (Program::Smap, "psfz") => Some(Role::SigmaZ),
            // Array order: the last axis is x.
            (Program::Spotiflow, "axis-0") => Some(if axes > 2 { Role::Z } else { Role::Y }),
            (Program::Spotiflow, "axis-1") => Some(if axes > 2 { Role::Y } else { Role::X }),
            (Program::Spotiflow, "axis-2") => Some(Role::X),
            _ => None,
        };
        own.or(match name {
            "x" => Some(Role::X),
            "y" => Some(Role::Y),
            "z" => Some(Role::Z),
            "sigma" => Some(Role::Sigma),
            "sigma_x" | "sigma1" => Some(Role::SigmaX),
            "sigma_y" | "sigma2" => Some(Role::SigmaY),
            "sigma_z" => Some(Role::SigmaZ),
            "amplitude" => Some(Role::Amplitude),
            "photons" | "phot" => Some(Role::Photons),
            "intensity" if matches!(unit, "photon" | "photons") => Some(Role::Photons),
            _ => None,
        })
    }
}

/// Name and unit of a header such as `x [nm]`, `x (µm)` or `x_nm`.
fn split(header: &str) -> (&str, &str) {
    let bracket = [('[', ']'), ('(', ')')].into_iter().find_map(|(open, close)| {
        let (name, unit) = header.strip_suffix(close)?.rsplit_once(open)?;
        Some((name.trim(), unit.trim()))
    });
    let suffix = || {
        let (name, unit) = header.rsplit_once('_')?;
        matches!(unit, "nm" | "um" | "µm" | "μm" | "mm" | "px").then_some((name, unit))
    };
    bracket.or_else(suffix).filter(|(name, _)| !name.is_empty()).unwrap_or((header, ""))
}
