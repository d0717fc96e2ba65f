//! Where everything stands in the picture.

use super::bar::{Length, round_length};
use super::font;
use super::maxima::PLANES;
use super::scale::Scale;
use crate::grid::{AXES, Grid};

/// Around everything, and between the panels.
const MARGIN: usize = 16;
const GAP: usize = 12;

/// Between a label and what it belongs to.
const NEAR: usize = 6;

/// The scale bar is not shorter than this, unless space is scarce.
const SHORT_BAR: usize = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    pub left: usize,
    pub top: usize,
    pub width: usize,
    pub height: usize,
}

impl Rect {
    pub fn right(&self) -> usize {
        self.left + self.width
    }

    pub fn bottom(&self) -> usize {
        self.top + self.height
    }
}

/// The projection along `axis`.
pub struct Panel {
    pub axis: usize,
    pub name: String,
    pub rect: Rect,
}

pub struct Text {
    pub text: String,
    pub left: usize,
    pub top: usize,
}

pub struct Layout {
    pub width: usize,
    pub height: usize,
    pub panels: Vec<Panel>,
    pub labels: Vec<Text>,
    pub bar: Length,
    pub bar_rect: Rect,
    pub bar_label: Text,
    /// Pixels to a pixel of the font.
    pub text_scale: usize,
}

impl Layout {
    pub fn new(grid: &Grid, scale: &Scale) -> Layout {
        let [x, y, z] = scale.axes.each_ref().map(|axis| axis.pixels);
        let text_scale = if x.max(y).max(z) > 1200 { 3 } else { 2 };
        let text = font::HEIGHT * text_scale;
        let rect = |left, top, width, height| Rect { left, top, width, height };
        let xy = rect(MARGIN, MARGIN + text + NEAR, x, y);
        let mut panels = vec![panel(2, xy)];
        if !grid.flat {
            // Beside the panel, and beside its label where that is wider.
            let left = xy.left + x.max(font::width("xy") * text_scale) + GAP;
            let zy = rect(left, xy.top, z, y);
            let xz = rect(xy.left, xy.bottom() + GAP + text + NEAR, x, z);
            panels.extend([panel(0, zy), panel(1, xz)]);
        }
        let labels: Vec<Text> = panels
            .iter()
            .map(|panel| Text {
                text: panel.name.clone(),
                left: panel.rect.left,
                top: panel.rect.top - NEAR - text,
            })
            .collect();
        let thickness = 2 * text_scale;
        let (bar, bar_rect, bar_label) = in_corner(grid, scale, &panels, text_scale).unwrap_or_else(|| {
            // A strip of its own, the label beside the bar.
            let bar = round_length(SHORT_BAR.max(x * 3 / 10), scale.pixel_size, grid.unit);
            let bottom = panels.iter().map(|panel| panel.rect.bottom()).max().unwrap_or(MARGIN);
            let top = bottom + GAP + NEAR;
            let rect = rect(xy.left, top + (text - thickness) / 2, bar.pixels, thickness);
            let label = Text { text: bar.label.clone(), left: rect.right() + GAP, top };
            (bar, rect, label)
        });
        let text_right = |label: &Text| label.left + font::width(&label.text) * text_scale;
        let texts = || labels.iter().chain([&bar_label]);
        let rects = || panels.iter().map(|panel| &panel.rect).chain([&bar_rect]);
        Layout {
            width: rects().map(Rect::right).chain(texts().map(text_right)).max().unwrap_or(0) + MARGIN,
            height: rects().map(Rect::bottom).chain(texts().map(|label| label.top + text)).max().unwrap_or(0)
                + MARGIN,
            panels,
            labels,
            bar,
            bar_rect,
            bar_label,
            text_scale,
        }
    }
}

/// The bar in the corner that the panels leave free, its label below; `None` where there is too little room.
fn in_corner(
    grid: &Grid,
    scale: &Scale,
    panels: &[Panel],
    text_scale: usize,
) -> Option<(Length, Rect, Text)> {
    let [xy, zy, xz] = panels else { return None };
    let most = (zy.rect.width * 4 / 5).min(SHORT_BAR.max(xy.rect.width * 3 / 10));
    let bar = round_length(most, scale.pixel_size, grid.unit);
    let (text, thickness) = (font::HEIGHT * text_scale, 2 * text_scale);
    let wide = bar.pixels.max(font::width(&bar.label) * text_scale);
    if wide > zy.rect.width || thickness + NEAR + text > xz.rect.height || bar.pixels < 2 * text {
        return None;
    }
    let label = Text { text: bar.label.clone(), left: zy.rect.left, top: xz.rect.bottom() - text };
    let top = label.top - NEAR - thickness;
    let rect = Rect { left: zy.rect.left, top, width: bar.pixels, height: thickness };
    Some((bar, rect, label))
}

fn panel(axis: usize, rect: Rect) -> Panel {
    let (right, down) = PLANES[axis];
    Panel { axis, name: format!("{}{}", AXES[right], AXES[down]), rect }
}
