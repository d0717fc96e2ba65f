//! Distance from every point to its nearest other point.
//!
//! A balanced k-d tree over the points, built and searched in parallel. Each distance is the smallest of the same
//! squares whatever the tree, so the result depends on the points alone.

use rayon::prelude::*;

/// Points of a leaf; below this a plain scan is quicker than going on.
const LEAF: usize = 16;

/// For each point (x, y, z) the distance to the nearest other one, +inf for a lone one.
pub fn nearest_distances(points: &[[f64; 3]]) -> Vec<f64> {
    let mut tree: Vec<Point> =
        points.iter().enumerate().map(|(i, &at)| Point { at, index: i as u32 }).collect();
    build(&mut tree, 0);
    let mut distances = vec![0.0; points.len()];
    // Neighbours in the tree are neighbours in space: searching in its order keeps the caches warm.
    let found: Vec<(u32, f64)> = tree
        .par_iter()
        .map(|point| {
            let mut best = f64::INFINITY;
            search(&tree, 0, point, &mut best);
            (point.index, best.sqrt())
        })
        .collect();
    for (index, distance) in found {
        distances[index as usize] = distance;
    }
    distances
}

#[derive(Clone, Copy)]
struct Point {
    at: [f64; 3],
    index: u32,
}

/// Puts the median along the axis of this depth into the middle, the smaller ones before it.
fn build(points: &mut [Point], axis: usize) {
    if points.len() <= LEAF {
        return;
    }
    let middle = points.len() / 2;
    points.select_nth_unstable_by(middle, |a, b| a.at[axis].total_cmp(&b.at[axis]));
    let (low, high) = points.split_at_mut(middle);
    let next = (axis + 1) % 3;
    if low.len() > 4096 {
        rayon::join(|| build(low, next), || build(&mut high[1..], next));
    } else {
        build(low, next);
        build(&mut high[1..], next);
    }
}

fn search(points: &[Point], axis: usize, from: &Point, best: &mut f64) {
    if points.len() <= LEAF {
        for point in points {
            consider(point, from, best);
        }
        return;
    }
    let middle = points.len() / 2;
    let beyond = from.at[axis] - points[middle].at[axis];
    let (low, high) = (&points[..middle], &points[middle + 1..]);
    let (near, far) = if beyond < 0.0 { (low, high) } else { (high, low) };
    let next = (axis + 1) % 3;
    search(near, next, from, best);
    consider(&points[middle], from, best);
    if beyond * beyond < *best {
        search(far, next, from, best);
    }
}

fn consider(point: &Point, from: &Point, best: &mut f64) {
    let [x, y, z] = [0, 1, 2].map(|a| point.at[a] - from.at[a]);
    let square = x * x + y * y + z * z;
    if square < *best && point.index != from.index {
        *best = square;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_agree_with_all_pairs() {
        let mut draws = crate::random::Streams::new(5, 0, "points").field("position").at(0);
        let mut points: Vec<[f64; 3]> =
            (0..700).map(|_| [draws.unit(), draws.unit(), draws.unit() * 0.1]).collect();
        // Duplicates and a lattice: many equal coordinates.
        points.extend((0..300).map(|i| [f64::from(i % 10), f64::from(i / 10), 0.0]));
        points.extend([[0.5; 3]; 40]);
        let distances = nearest_distances(&points);
        for (i, a) in points.iter().enumerate() {
            let want = points
                .iter()
                .enumerate()
                .filter(|(j, _)| *j != i)
                .map(|(_, b)| {
                    let [x, y, z] = [0, 1, 2].map(|k| b[k] - a[k]);
                    (x * x + y * y + z * z).sqrt()
                })
                .fold(f64::INFINITY, |m, d| if d < m { d } else { m });
            assert_eq!(distances[i], want);
        }
    }

    #[test]
    fn a_lone_point_has_no_neighbour() {
        assert_eq!(nearest_distances(&[[1.0; 3]]), [f64::INFINITY]);
        assert!(nearest_distances(&[]).is_empty());
    }
}
