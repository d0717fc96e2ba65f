//! Scene -> [`Spots`]: every generator places its group, and each spot gets its size and its light.

use std::ops::Range;

use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, Place, Severity};
use crate::generators::{Layout, Placed};
use crate::grid::Grid;
use crate::memory::advise_huge;
use crate::random::{Field, Streams};
use crate::scene::{Brightness, Group, Scene};
use crate::spot::{Extra, Refusal, Size, Spot};

/// All spots of a scene, numbered in the order in which they are summed: groups in the byte order of their
/// names, then the generator's order.
#[derive(Debug, Default)]
pub struct Spots {
    pub list: Vec<Spot>,
    /// The light of each, as [`Profile::light`](crate::profiles::Profile::light) counts it.
    pub photons: Vec<f64>,
    /// The numbers of each group's spots, group by group.
    pub groups: Vec<Range<usize>>,
    /// Columns that generators add, as long as `list`; NaN where a group has none.
    pub extras: Vec<Extra>,
    /// Whether some spot was given an amplitude, not photons.
    amplitudes: bool,
}

impl Spots {
    /// The unit of the volume's values: photons where every spot was given its light in photons.
    pub fn value_unit(&self) -> &'static str {
        if self.amplitudes { "intensity" } else { "photons" }
    }

    /// The group that spot `id` belongs to.
    pub fn group_of(&self, id: usize) -> usize {
        self.groups.partition_point(|range| range.end <= id)
    }
}

/// Widths beyond these, in voxels, cannot be told from a point or from a constant.
const WIDTHS: (f64, f64) = (1e-12, 1e12);

/// Memory of one spot from here to the truth table, with the generator's copy of it, in bytes.
pub const BYTES_PER_SPOT: u64 = 200;

/// Places the spots of all groups. At most `most_spots` may come out; random numbers are those of `sample`.
///
/// # Errors
/// What each group cannot do, at its place in the scene.
pub fn populate(scene: &Scene, sample: u64, most_spots: u64) -> Result<Spots, Vec<Diagnostic>> {
    let mut spots = Spots::default();
    let mut problems = Vec::new();
    for group in &scene.groups {
        let streams = Streams::new(scene.seed, sample, &group.name);
        let left = most_spots.saturating_sub(spots.list.len() as u64);
        let layout = Layout { grid: &scene.grid, streams: &streams, most_spots: left };
        let start = spots.list.len();
        match populate_group(group, &layout, scene.render.per_spot_floor, &mut spots) {
            Ok(placed) => {
                spots.amplitudes |= has_amplitudes(group, &placed);
                add_extras(&mut spots, start, placed.extras);
            }
            Err(stuck) => problems.push(stuck.diagnose(group)),
        }
        spots.groups.push(start..spots.list.len());
    }
    if problems.is_empty() { Ok(spots) } else { Err(problems) }
}

/// Why a group cannot be populated, and which part of it is at fault.
struct Stuck<'a> {
    refusal: Refusal,
    place: &'a Place,
}

impl Stuck<'_> {
    fn diagnose(self, group: &Group) -> Diagnostic {
        let severity = if self.refusal.limit { Severity::Impossible } else { Severity::Invalid };
        let path = format!("spots.{}", group.name);
        // A parameter's own message begins with its whole path.
        let message = match self.refusal.message.contains(&path) {
            true => self.refusal.message,
            false => format!("{path}: {}", self.refusal.message),
        };
        let place = self.refusal.place.unwrap_or_else(|| Box::new(self.place.clone()));
        Diagnostic { severity, message, place: Some(place), help: self.refusal.help }
    }
}

fn populate_group<'a>(
    group: &'a Group,
    layout: &Layout<'_>,
    floors: bool,
    spots: &mut Spots,
) -> Result<Placed, Stuck<'a>> {
    let placed =
        group.generator.place(layout).map_err(|refusal| Stuck { refusal, place: &group.places.generator })?;
    let maker = Maker::new(group, layout, floors, &placed);
    let (first, count) = (spots.list.len(), placed.centres.len());
    extend(&mut spots.list, count, BLANK);
    extend(&mut spots.photons, count, 0.0);
    spots.list[first..]
        .par_iter_mut()
        .zip(&mut spots.photons[first..])
        .enumerate()
        .try_for_each(|(i, (spot, photons))| {
            (*spot, *photons) = maker.make(i)?;
            Ok::<(), Stuck<'_>>(())
        })
        // Of several refusals any may come first: repeat in order, so that the message is always the same.
        .or_else(|_| (0..placed.centres.len()).try_for_each(|i| maker.make(i).map(|_| ())))?;
    drop(maker);
    Ok(placed)
}

/// Appends `count` times `value`.
fn extend<T: Copy + Send + Sync>(list: &mut Vec<T>, count: usize, value: T) {
    // Room grows by the size of the list: with many groups it must not be copied for each.
    list.reserve(count);
    advise_huge(list.spare_capacity_mut());
    list.par_extend((0..count).into_par_iter().map(|_| value));
}

/// Whether a spot of the group has its light from an amplitude: its own, or the group's where it has no photons.
fn has_amplitudes(group: &Group, placed: &Placed) -> bool {
    let all_photons = !placed.photons.is_empty() && !placed.photons.iter().any(|x| x.is_nan());
    let of_group = matches!(group.brightness, Some(Brightness::Amplitude(_))) && !all_photons;
    of_group || placed.amplitude.iter().any(|x| !x.is_nan())
}

const BLANK: Spot = Spot { centre: [0.0; 3], size: Size { width: [1.0; 3], rim: 0.0 }, amplitude: 0.0 };

/// Makes the spots of one group.
struct Maker<'g, 'a> {
    group: &'g Group,
    grid: &'a Grid,
    /// Whether each spot's values are rounded down.
    floors: bool,
    placed: &'a Placed,
    sizes: crate::profiles::Sizes<'a>,
    brightness: Field,
}

impl<'g: 'a, 'a> Maker<'g, 'a> {
    fn new(group: &'g Group, layout: &Layout<'a>, floors: bool, placed: &'a Placed) -> Maker<'g, 'a> {
        Maker {
            group,
            grid: layout.grid,
            floors,
            placed,
            sizes: group.profile.sizes(layout.streams),
            brightness: layout.streams.field("brightness"),
        }
    }

    /// Makes spot `i` and its photons.
    fn make(&self, i: usize) -> Result<(Spot, f64), Stuck<'g>> {
        let places = &self.group.places;
        let stuck = |place: &'g Place| move |refusal: Refusal| Stuck { refusal, place };
        let own = |column: &[f64]| column.get(i).copied().filter(|x| !x.is_nan());
        let mut centre = self.placed.centres[i];
        if self.grid.flat {
            // In a plane a z is ignored, whatever it is.
            centre[2] = 0.0;
        }
        if centre.iter().any(|x| !x.is_finite()) {
            let refusal = Refusal::new(format!("the position of spot {i} is not a finite number"));
            return Err(stuck(&places.generator)(refusal));
        }
        let own_sigma = self.placed.sigma.get(i).copied().filter(|s| !s[0].is_nan());
        let size = (self.sizes)(i as u64, own_sigma).map_err(stuck(&places.profile))?;
        for a in self.grid.axes() {
            let voxels = size.width[a] / self.grid.voxel_size[a];
            if !(voxels >= WIDTHS.0 && voxels <= WIDTHS.1) {
                let refusal = Refusal::new(format!("spot {i} is {voxels:e} voxels wide"));
                return Err(stuck(&places.profile)(
                    refusal.help("widths from 1e-12 to 1e12 voxels can be drawn"),
                ));
            }
        }
        let light = self.group.profile.light(&size, self.grid);
        let of_photons = |photons: f64| match light {
            0.0 => {
                let refusal = Refusal::new("the light of the profile sums to 0, so `photons` cannot be had");
                Err(stuck(&places.brightness)(refusal.help("give `amplitude`")))
            }
            light => Ok((photons / light, photons)),
        };
        let (amplitude, photons) = match (own(&self.placed.amplitude), own(&self.placed.photons)) {
            (Some(amplitude), _) => (amplitude, amplitude * light),
            (None, Some(photons)) => of_photons(photons)?,
            (None, None) => match &self.group.brightness {
                Some(Brightness::Amplitude(value)) => {
                    let amplitude =
                        value.draw(&self.brightness, i as u64).map_err(stuck(&places.brightness))?;
                    (amplitude, amplitude * light)
                }
                Some(Brightness::Photons(value)) => {
                    of_photons(value.draw(&self.brightness, i as u64).map_err(stuck(&places.brightness))?)?
                }
                None => {
                    let refusal = Refusal::new(format!("spot {i} has neither amplitude nor photons"));
                    return Err(stuck(&places.name)(refusal.help("give the group one of them")));
                }
            },
        };
        if !amplitude.is_finite() {
            let refusal = Refusal::new(format!("the amplitude of spot {i} is not a finite number"));
            return Err(stuck(&places.brightness)(refusal.help("the spot is too bright or too narrow")));
        }
        if self.floors && amplitude < 0.0 {
            let refusal = Refusal::new(format!("the amplitude of spot {i} is {amplitude}"));
            return Err(stuck(&places.brightness)(
                refusal.help("`render.per_spot_floor` needs amplitudes >= 0"),
            ));
        }
        Ok((Spot { centre, size, amplitude }, photons))
    }
}

fn add_extras(spots: &mut Spots, start: usize, extras: Vec<Extra>) {
    let end = spots.list.len();
    for extra in extras {
        let at = spots.extras.iter().position(|e| e.name == extra.name).unwrap_or_else(|| {
            spots.extras.push(Extra { name: extra.name, unit: extra.unit, values: Vec::new() });
            spots.extras.len() - 1
        });
        let column = &mut spots.extras[at].values;
        column.resize(start, f64::NAN);
        column.extend(extra.values);
    }
    for column in &mut spots.extras {
        column.values.resize(end, f64::NAN);
    }
}
