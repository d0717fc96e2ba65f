//! Volume or scene -> one picture: its maximum projections along z, y and x, with a scale bar.
//!
//! ```text
//! +----------+-----+
//! | xy       | zy  |    xy: along z, x to the right, y down
//! |          |     |    zy: along x, z to the right, y down as in xy
//! +----------+-----+    xz: along y, x to the right as in xy, z down
//! | xz       | bar |    a plane has xy only; where the corner is too small, the bar is below the panels
//! +----------+-----+
//! ```
//!
//! A panel shows the maximum projection of the volume as the file holds it (rounded and saturated as its dtype
//! is) in true aspect and nothing else: grey level = 255 * (value - low) / (high - low), rounded to nearest, ties
//! to even; `high` is the volume's maximum, `low` is 0 or, where it is negative, the smallest value of the projections. Where all
//! is alike, all is black.
//!
//! On an axis, voxels are either stretched over pixels (pixel i shows voxel floor((i + 1/2) * voxels_per_pixel)) or
//! pooled (pixel i shows the maximum of the voxels v with floor(v / voxels_per_pixel) = i). Along the axis of the
//! finest voxels that is a whole number: `zoom` pixels to a voxel while every panel has at most 2048 pixels a side,
//! else `pooling` voxels to a pixel. All this stands as JSON in the PNG's tEXt chunk `blobscene`:
//!
//! | key | holds |
//! | --- | --- |
//! | `format` | 1 |
//! | `shape`, `voxel_size`, `unit` | the volume's, `x`, `y` and, unless it is a plane, `z` |
//! | `low`, `high` | the values that are black and white |
//! | `zoom`, `pooling` | pixels to a voxel, voxels to a pixel, on the axis of the finest voxels; one of them is 1 |
//! | `pixel_size` | edge of a pixel, in `unit`, on all axes |
//! | `voxels_per_pixel` | for each axis |
//! | `panels` | `name`, `projection` (the axis it is along), `right`, `down` (axes), `left`, `top`, `width`, `height` (pixels) |
//! | `scale_bar` | `length` (in `unit`), `label`, `left`, `top`, `width`, `height` (pixels) |
//! | `marks` | with marked spots: `radius` (pixels, for each panel; 0 is a dot), `truth` and `distractor` (red green blue), and `count`, the spots in the volume |

mod bar;
mod font;
mod layout;
mod maxima;
mod picture;
mod png_file;
mod scale;
mod source;

pub use maxima::Maxima;
pub use picture::Picture;
pub use source::{Work, most_bytes, of_file, of_scene};
