//! The PNG, and what it says of itself.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use png::{BitDepth, ColorType, Encoder, EncodingError};
use serde_json::{Map, Value as Json, json};

use super::layout::{Panel, Rect};
use super::maxima::PLANES;
use super::picture::{DISTRACTOR, Picture, TRUTH};
use crate::error::{Error, Result};
use crate::grid::AXES;
use crate::volume_file::partial::Partial;

/// The keyword of the text chunk.
const KEYWORD: &str = "blobscene";

impl Picture {
    /// Width and height in pixels.
    pub fn size(&self) -> (usize, usize) {
        (self.layout.width, self.layout.height)
    }

    /// Writes the picture to the temporary file of its target.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, partial: &Partial, target: &Path) -> Result<()> {
        let write = || -> io::Result<()> {
            let mut out = BufWriter::new(File::create(partial.path())?);
            self.encode(&mut out).map_err(|error| match error {
                EncodingError::IoError(error) => error,
                other => io::Error::other(other.to_string()),
            })?;
            out.flush()
        };
        write().map_err(Error::io("write", target))
    }

    fn encode(&self, out: &mut impl Write) -> std::result::Result<(), EncodingError> {
        let mut encoder = Encoder::new(out, self.layout.width as u32, self.layout.height as u32);
        encoder.set_color(if self.marks.is_some() { ColorType::Rgb } else { ColorType::Grayscale });
        encoder.set_depth(BitDepth::Eight);
        encoder.add_text_chunk(KEYWORD.into(), self.facts().to_string())?;
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.pixels)?;
        writer.finish()
    }

    /// What the module's documentation lists.
    fn facts(&self) -> Json {
        let mut facts = json!({
            "format": 1,
            "shape": self.per_axis(|a| json!(self.grid.shape[a])),
            "voxel_size": self.per_axis(|a| json!(self.grid.voxel_size[a])),
            "unit": self.grid.unit.name(),
            "low": self.range.0,
            "high": self.range.1,
            "zoom": self.scale.zoom,
            "pooling": self.scale.pooling,
            "pixel_size": self.scale.pixel_size,
            "voxels_per_pixel": self.per_axis(|a| json!(self.scale.axes[a].voxels_per_pixel)),
            "panels": self.layout.panels.iter().map(panel_facts).collect::<Vec<_>>(),
            "scale_bar": with_rect(
                json!({ "length": self.layout.bar.length, "label": self.layout.bar.label }),
                &self.layout.bar_rect,
            ),
        });
        if let Some(marks) = &self.marks {
            facts["marks"] = json!({
                "radius": self.layout.panels.iter().zip(&marks.radii)
                    .map(|(panel, radius)| (panel.name.clone(), json!(radius))).collect::<Map<_, _>>(),
                "truth": TRUTH,
                "distractor": DISTRACTOR,
                "count": marks.count,
            });
        }
        facts
    }

    fn per_axis(&self, value: impl Fn(usize) -> Json) -> Json {
        self.grid.axes().map(|a| (AXES[a].to_string(), value(a))).collect::<Map<_, _>>().into()
    }
}

fn panel_facts(panel: &Panel) -> Json {
    let (right, down) = PLANES[panel.axis];
    let facts = json!({
        "name": panel.name,
        "projection": AXES[panel.axis],
        "right": AXES[right],
        "down": AXES[down],
    });
    with_rect(facts, &panel.rect)
}

fn with_rect(mut facts: Json, rect: &Rect) -> Json {
    for (name, value) in
        [("left", rect.left), ("top", rect.top), ("width", rect.width), ("height", rect.height)]
    {
        facts[name] = json!(value);
    }
    facts
}
