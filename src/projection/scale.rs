//! Voxels -> pixels: one size of pixel for all axes, so that lengths look as they are.

use std::ops::Range;

use crate::grid::Grid;

/// The most pixels along the side of a panel.
const MOST_PIXELS: f64 = 2048.0;

/// Small volumes are enlarged until the panels beside each other are this wide.
const WIDE_ENOUGH: f64 = 512.0;

/// Voxels more unlike than this are shown as if they were not.
const MOST_ASPECT: f64 = 1e12;

#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// Edge of a pixel in the grid's unit.
    pub pixel_size: f64,
    /// Pixels to a voxel and voxels to a pixel on the axis of the finest voxels; one of them is 1.
    pub zoom: f64,
    pub pooling: f64,
    /// x y z.
    pub axes: [AxisScale; 3],
}

/// Along one axis. Maxima are kept in bins: a voxel where voxels are stretched, else a pixel.
#[derive(Debug, Clone, PartialEq)]
pub struct AxisScale {
    pub voxels_per_pixel: f64,
    pub bins: usize,
    pub pixels: usize,
}

impl Scale {
    pub fn new(grid: &Grid) -> Scale {
        let axes = grid.axes();
        let finest = axes.clone().map(|a| grid.voxel_size[a]).fold(f64::INFINITY, f64::min);
        let aspect =
            [0, 1, 2].map(|a| if a < axes.end { near_whole(grid.voxel_size[a] / finest) } else { 1.0 });
        let aspect = aspect.map(|aspect| aspect.min(MOST_ASPECT));
        let extent = [0, 1, 2].map(|a| grid.shape[a] as f64 * aspect[a]);
        let longest = axes.clone().map(|a| extent[a]).fold(1.0, f64::max);
        let width = extent[0] + if grid.flat { 0.0 } else { extent[2] };
        let most = (MOST_PIXELS / longest).floor().max(1.0);
        let zoom = (WIDE_ENOUGH / width).ceil().clamp(1.0, most);
        let pooling = (longest / MOST_PIXELS).ceil().max(1.0);
        Scale {
            pixel_size: finest * pooling / zoom,
            zoom,
            pooling,
            axes: [0, 1, 2].map(|a| AxisScale::new(grid.shape[a], pooling / (aspect[a] * zoom))),
        }
    }
}

impl AxisScale {
    fn new(voxels: u64, voxels_per_pixel: f64) -> AxisScale {
        let voxels_per_pixel = near_whole(voxels_per_pixel);
        let mut scale = AxisScale { voxels_per_pixel, bins: voxels as usize, pixels: 0 };
        scale.pixels = if scale.pools() {
            scale.bins = scale.bin(voxels - 1) + 1;
            scale.bins
        } else {
            (voxels as f64 / voxels_per_pixel).round().max(1.0) as usize
        };
        scale
    }

    /// Whether several voxels share a pixel.
    pub fn pools(&self) -> bool {
        self.voxels_per_pixel > 1.0
    }

    /// The bin of a voxel.
    pub fn bin(&self, voxel: u64) -> usize {
        if self.pools() { (voxel as f64 / self.voxels_per_pixel).floor() as usize } else { voxel as usize }
    }

    /// The bins of a stretch of voxels.
    pub fn bins_of(&self, voxels: &Range<u64>) -> Range<usize> {
        self.bin(voxels.start)..self.bin(voxels.end - 1) + 1
    }

    /// The bin that a pixel shows.
    pub fn shown(&self, pixel: usize) -> usize {
        if self.pools() {
            return pixel;
        }
        (((pixel as f64 + 0.5) * self.voxels_per_pixel).floor() as usize).min(self.bins - 1)
    }

    /// The pixel in which a position, in voxels, lies; `None` outside the volume, which has `voxels` voxels.
    pub fn pixel(&self, position: f64, voxels: u64) -> Option<usize> {
        if !(position >= -0.5 && position < voxels as f64 - 0.5) {
            return None;
        }
        let from_edge = position + 0.5;
        let pixel = if self.pools() {
            from_edge / self.voxels_per_pixel
        } else {
            // A whole number of pixels, whose inverse is rounded.
            from_edge * near_whole(1.0 / self.voxels_per_pixel)
        };
        Some((pixel.floor() as usize).min(self.pixels - 1))
    }
}

/// Ratios of decimal fractions, such as 0.3 / 0.1, miss the whole number that is meant by their rounding.
fn near_whole(ratio: f64) -> f64 {
    let whole = if ratio >= 1.0 { ratio.round() } else { 1.0 / (1.0 / ratio).round() };
    if (ratio / whole - 1.0).abs() < 1e-9 { whole } else { ratio }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Unit;

    fn scale(shape: [u64; 3], voxel_size: [f64; 3]) -> Scale {
        Scale::new(&Grid { shape, voxel_size, origin: [0.0; 3], unit: Unit::Micrometre, flat: false })
    }

    #[test]
    fn a_small_volume_is_enlarged_by_a_whole_number() {
        let scale = scale([100, 80, 30], [0.1; 3]);
        assert_eq!((scale.zoom, scale.pooling), (4.0, 1.0));
        assert_eq!(scale.axes.each_ref().map(|axis| axis.pixels), [400, 320, 120]);
        assert_eq!(scale.axes[2].shown(119), 29);
    }

    #[test]
    fn voxels_three_times_as_deep_take_three_times_the_pixels() {
        let scale = scale([200, 200, 50], [0.1, 0.1, 0.3]);
        assert_eq!(scale.zoom, 2.0);
        assert_eq!(scale.axes.each_ref().map(|axis| axis.pixels), [400, 400, 300]);
    }

    #[test]
    fn every_voxel_of_a_large_volume_has_its_bin_and_every_bin_a_voxel() {
        for (shape, size) in [
            ([1_000_000, 3, 70_000], [0.1, 0.1, 0.25]),
            ([5000, 4096, 100], [1.0, 1.0, 0.3]),
            ([1 << 40, 1, 7], [1.0, 1e9, 1.0]),
        ] {
            let scale = scale(shape, size);
            assert!(scale.pooling > 1.0);
            for (axis, n) in scale.axes.iter().zip(shape) {
                assert!(axis.pixels <= 2048 && axis.bins <= 2048);
                if axis.pools() && n < 1 << 20 {
                    let mut last = 0;
                    for v in 0..n {
                        let bin = axis.bin(v);
                        assert!(bin == last || bin == last + 1);
                        last = bin;
                    }
                    assert_eq!(last + 1, axis.bins);
                }
            }
        }
    }
}
