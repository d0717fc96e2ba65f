//! Maxima -> pixels: the panels, the marks of the spots, the labels and the scale bar.

use super::font;
use super::layout::{Layout, Panel, Rect, Text};
use super::maxima::{Maxima, PLANES};
use super::scale::Scale;
use crate::grid::Grid;

pub type Colour = [u8; 3];

/// A little lighter than a panel without light, so that its edges can be seen.
const GROUND: Colour = [32; 3];
const LABEL: Colour = [170; 3];
const BAR: Colour = [255; 3];
pub const TRUTH: Colour = [0, 215, 255];
pub const DISTRACTOR: Colour = [255, 140, 0];

/// Pixels of a ring's radius while spots are at most that many; of more, a dot marks each.
const RADII: [(usize, usize); 3] = [(300, 5), (600, 3), (3000, 2)];

/// A finished picture.
pub struct Picture {
    pub(super) grid: Grid,
    pub(super) scale: Scale,
    pub(super) layout: Layout,
    /// The values that are black and white.
    pub(super) range: (f64, f64),
    /// Grey where no spots are marked, else red green blue.
    pub(super) pixels: Vec<u8>,
    pub(super) marks: Option<Marks>,
}

/// How spots are marked.
pub(super) struct Marks {
    /// Pixels, panel by panel; 0 is a dot.
    pub radii: Vec<usize>,
    /// Spots within the volume.
    pub count: usize,
}

impl Picture {
    /// `spots`, where they are to be marked: voxel coordinates x y z, and whether each counts as truth.
    pub fn new(grid: &Grid, maxima: &Maxima, spots: Option<&[([f64; 3], bool)]>) -> Picture {
        let scale = Scale::new(grid);
        let layout = Layout::new(grid, &scale);
        let mut canvas = Canvas::new(layout.width, layout.height, spots.is_some());
        let range = maxima.range(grid.flat);
        for panel in &layout.panels {
            canvas.panel(panel, &scale, maxima, range);
        }
        let marks = spots.map(|spots| mark(&mut canvas, &layout, grid, &scale, spots));
        for label in &layout.labels {
            canvas.text(label, layout.text_scale, LABEL);
        }
        canvas.fill(&layout.bar_rect, BAR);
        canvas.text(&layout.bar_label, layout.text_scale, BAR);
        Picture { grid: grid.clone(), scale, layout, range, pixels: canvas.pixels, marks }
    }
}

/// Marks the spots within the volume on every panel, distractors below.
fn mark(
    canvas: &mut Canvas,
    layout: &Layout,
    grid: &Grid,
    scale: &Scale,
    spots: &[([f64; 3], bool)],
) -> Marks {
    let place = |centre: &[f64; 3]| -> Option<[usize; 3]> {
        let mut pixel = [0; 3];
        for a in grid.axes() {
            pixel[a] = scale.axes[a].pixel(centre[a], grid.shape[a])?;
        }
        Some(pixel)
    };
    let count = spots.iter().filter(|(centre, _)| place(centre).is_some()).count();
    let radius = RADII.iter().find(|(most, _)| count <= *most).map_or(0, |(_, radius)| *radius);
    // A ring that is too large for a panel would be two strokes without a middle.
    let radii =
        layout.panels.iter().map(|Panel { rect, .. }| radius.min((rect.width.min(rect.height) - 1) / 2));
    let radii: Vec<usize> = radii.collect();
    let rings: Vec<_> = radii.iter().map(|&radius| ring(radius as isize)).collect();
    for (kind, colour) in [(false, DISTRACTOR), (true, TRUTH)] {
        for (centre, _) in spots.iter().filter(|(_, truth)| *truth == kind) {
            let Some(pixel) = place(centre) else { continue };
            for (panel, ring) in layout.panels.iter().zip(&rings) {
                let (right, down) = PLANES[panel.axis];
                canvas.stamp(&panel.rect, (pixel[right], pixel[down]), ring, colour);
            }
        }
    }
    Marks { radii, count }
}

/// The pixels whose distance from the middle is `radius` to within half a pixel.
fn ring(radius: isize) -> Vec<(isize, isize)> {
    let span = -radius..=radius;
    let around = span.clone().flat_map(|y| span.clone().map(move |x| (x, y)));
    // |d - r| < 1/2, with whole numbers: r² - r < d² <= r² + r.
    around
        .filter(|(x, y)| radius * radius - radius < x * x + y * y || radius == 0)
        .filter(|(x, y)| x * x + y * y <= radius * radius + radius)
        .collect()
}

struct Canvas {
    width: usize,
    /// Bytes of a pixel.
    depth: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    fn new(width: usize, height: usize, colour: bool) -> Canvas {
        let depth = if colour { 3 } else { 1 };
        Canvas { width, depth, pixels: vec![GROUND[0]; width * height * depth] }
    }

    fn set(&mut self, x: usize, y: usize, colour: Colour) {
        let at = (y * self.width + x) * self.depth;
        self.pixels[at..at + self.depth].copy_from_slice(&colour[..self.depth]);
    }

    fn panel(&mut self, panel: &Panel, scale: &Scale, maxima: &Maxima, range: (f64, f64)) {
        let (right, down) = PLANES[panel.axis];
        let columns: Vec<usize> = (0..panel.rect.width).map(|x| scale.axes[right].shown(x)).collect();
        for y in 0..panel.rect.height {
            let line = scale.axes[down].shown(y);
            for (x, &column) in columns.iter().enumerate() {
                let grey = grey(maxima.at(panel.axis, column, line), range);
                self.set(panel.rect.left + x, panel.rect.top + y, [grey; 3]);
            }
        }
    }

    fn fill(&mut self, rect: &Rect, colour: Colour) {
        for y in rect.top..rect.bottom() {
            for x in rect.left..rect.right() {
                self.set(x, y, colour);
            }
        }
    }

    fn text(&mut self, text: &Text, scale: usize, colour: Colour) {
        for (x, y) in font::pixels(&text.text) {
            let (left, top) = (text.left + x * scale, text.top + y * scale);
            self.fill(&Rect { left, top, width: scale, height: scale }, colour);
        }
    }

    /// Sets the pixels of `shape` around a pixel of a panel, as far as they lie in it.
    fn stamp(&mut self, panel: &Rect, at: (usize, usize), shape: &[(isize, isize)], colour: Colour) {
        for (dx, dy) in shape {
            if let (Some(x), Some(y)) = (at.0.checked_add_signed(*dx), at.1.checked_add_signed(*dy))
                && x < panel.width
                && y < panel.height
            {
                self.set(panel.left + x, panel.top + y, colour);
            }
        }
    }
}

/// 255 * (value - low) / (high - low), rounded to nearest, ties to even.
fn grey(value: f64, (low, high): (f64, f64)) -> u8 {
    if high > low { (255.0 * (value - low) / (high - low)).round_ties_even() as u8 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_hollow_and_symmetric() {
        assert_eq!(ring(0), [(0, 0)]);
        for radius in [1, 2, 3, 5] {
            let ring = ring(radius);
            assert!(ring.contains(&(radius, 0)) && ring.contains(&(0, -radius)));
            assert!(!ring.contains(&(0, 0)) && (radius == 1 || !ring.contains(&(radius, radius))));
            assert!(ring.iter().all(|&(x, y)| ring.contains(&(-y, x)) && ring.contains(&(x, -y))));
        }
    }

    #[test]
    fn grey_levels_are_linear() {
        assert_eq!([0.0, 1.0, 2.0].map(|v| grey(v, (0.0, 2.0))), [0, 128, 255]);
        assert_eq!(grey(-1.0, (-1.0, -1.0)), 0);
        assert_eq!([f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(|v| grey(v, (0.0, 1.0))), [0, 255, 0]);
    }
}
