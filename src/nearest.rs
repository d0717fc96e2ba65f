//! Distance from every point to its nearest other point.
//!
//! A balanced k-d tree over the points, built and searched in parallel, leaf by leaf: the points of a leaf go through the
//! tree together, and are compared with those of another leaf side by side. Each distance is the smallest of the same
//! squares whatever the tree, so the result depends on the points alone.

use std::ops::Range;

use rayon::prelude::*;

use crate::simd::for_every_width;

/// The most points of a leaf.
const LEAF: usize = 16;

/// Points from which on the halves of a part are built on two threads.
const PARALLEL: usize = 1 << 13;

/// For each point (x, y, z) the distance to the nearest other one, +inf for a lone one.
pub fn nearest_distances(points: &[[f64; 3]]) -> Vec<f64> {
    let mut sorted: Vec<Point> =
        points.iter().enumerate().map(|(i, &at)| Point { at, index: i as u32 }).collect();
    let tree = build(&mut sorted, 0);
    let mut leaves = Vec::new();
    tree.leaves(&mut leaves);
    // Neighbours in the tree are neighbours in space: searching in its order keeps the caches warm.
    let found: Vec<[f64; LEAF]> = leaves
        .par_iter()
        .map(|leaf| {
            let mut query = Query::new(leaf.clone(), &sorted);
            search(&mut query, &tree, &sorted);
            query.squares
        })
        .collect();
    let mut distances = vec![0.0; points.len()];
    for (leaf, squares) in leaves.into_iter().zip(found) {
        for (point, square) in sorted[leaf].iter().zip(squares) {
            distances[point.index as usize] = square.sqrt();
        }
    }
    distances
}

#[derive(Clone, Copy)]
struct Point {
    at: [f64; 3],
    index: u32,
}

/// A part of the sorted points.
enum Node {
    Leaf(Range<usize>),
    /// Of the points, those of the first half have at most `value` along `axis`, those of the other at least.
    Split {
        axis: usize,
        value: f64,
        halves: Box<[Node; 2]>,
    },
}

impl Node {
    /// Adds all leaves.
    fn leaves(&self, to: &mut Vec<Range<usize>>) {
        match self {
            Node::Leaf(range) => to.push(range.clone()),
            Node::Split { halves, .. } => halves.iter().for_each(|half| half.leaves(to)),
        }
    }
}

/// Sorts the points, the first of which has number `first` among all, into halves along the axis on which they are
/// farthest apart.
fn build(points: &mut [Point], first: usize) -> Node {
    if points.len() <= LEAF {
        return Node::Leaf(first..first + points.len());
    }
    let axis = longest_axis(points);
    let middle = points.len() / 2;
    let (_, median, _) = points.select_nth_unstable_by(middle, |a, b| a.at[axis].total_cmp(&b.at[axis]));
    let value = median.at[axis];
    let parallel = points.len() > PARALLEL;
    let (low, high) = points.split_at_mut(middle);
    let (low, high) = if parallel {
        rayon::join(|| build(low, first), || build(high, first + middle))
    } else {
        (build(low, first), build(high, first + middle))
    };
    Node::Split { axis, value, halves: Box::new([low, high]) }
}

/// The axis along which the box of the points is longest.
fn longest_axis(points: &[Point]) -> usize {
    let (low, high) = corners(points);
    let extent = |a: usize| high[a] - low[a];
    (1..3).fold(0, |longest, a| if extent(a) > extent(longest) { a } else { longest })
}

/// The low and the high corner of the box of the points.
fn corners(points: &[Point]) -> ([f64; 3], [f64; 3]) {
    let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for point in points {
        for a in 0..3 {
            low[a] = low[a].min(point.at[a]);
            high[a] = high[a].max(point.at[a]);
        }
    }
    (low, high)
}

/// The points of a leaf, whose nearest neighbours are looked for.
struct Query {
    leaf: Range<usize>,
    /// x y z.
    at: [[f64; LEAF]; 3],
    /// The squared distance to the nearest point so far; 0 where the leaf has no point.
    squares: [f64; LEAF],
    /// The largest of them.
    farthest: f64,
    /// The box of the points.
    low: [f64; 3],
    high: [f64; 3],
}

impl Query {
    fn new(leaf: Range<usize>, points: &[Point]) -> Query {
        let (low, high) = corners(&points[leaf.clone()]);
        let mut query = Query {
            leaf: leaf.clone(),
            at: [[0.0; LEAF]; 3],
            squares: [0.0; LEAF],
            farthest: f64::INFINITY,
            low,
            high,
        };
        for (i, point) in points[leaf].iter().enumerate() {
            query.squares[i] = f64::INFINITY;
            for a in 0..3 {
                query.at[a][i] = point.at[a];
            }
        }
        query
    }

    /// Goes through the points of the tree within the farthest distance.
    #[inline(always)]
    fn visit(&mut self, tree: &Node, points: &[Point]) {
        // Nodes, and the distances along each axis from the box of the points to that of the node.
        let mut stack = [(tree, [0.0; 3]); 64];
        let mut depth = 1;
        while depth > 0 {
            depth -= 1;
            let (node, gaps) = stack[depth];
            if !(gaps.iter().map(|gap| gap * gap).sum::<f64>() < self.farthest) {
                continue;
            }
            match node {
                Node::Leaf(leaf) => self.compare(leaf, points),
                Node::Split { axis, value, halves } => {
                    let (mut low, mut high) = (gaps, gaps);
                    low[*axis] = low[*axis].max(self.low[*axis] - value);
                    high[*axis] = high[*axis].max(value - self.high[*axis]);
                    // The nearer half last: it is taken first.
                    let nearer = usize::from(high[*axis] < low[*axis]);
                    for half in [1 - nearer, nearer] {
                        stack[depth] = (&halves[half], [low, high][half]);
                        depth += 1;
                    }
                }
            }
        }
    }

    /// Compares all with the points of `leaf`.
    #[inline(always)]
    fn compare(&mut self, leaf: &Range<usize>, points: &[Point]) {
        let own = *leaf == self.leaf;
        for (place, point) in points[leaf.clone()].iter().enumerate() {
            // No point is its own neighbour.
            let kept = self.squares[place];
            for i in 0..LEAF {
                let [x, y, z] = [0, 1, 2].map(|a| point.at[a] - self.at[a][i]);
                let square = x * x + y * y + z * z;
                self.squares[i] = if square < self.squares[i] { square } else { self.squares[i] };
            }
            if own {
                self.squares[place] = kept;
            }
        }
        self.farthest =
            self.squares.iter().fold(0.0, |most, &square| if square > most { square } else { most });
    }
}

for_every_width! {
    /// Finds the nearest neighbours among the points of the tree.
    fn search(query: &mut Query, tree: &Node, points: &[Point]) = Query::visit;
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

    /// Enough points for the tree to be built in parallel; some of them against all others.
    #[test]
    fn distances_of_many_points_agree_with_all_pairs() {
        let mut draws = crate::random::Streams::new(6, 0, "points").field("position").at(0);
        for extent in [[1.0, 1.0, 1.0], [1.0, 1.0, 0.0], [0.0, 3.0, 0.0]] {
            let points: Vec<[f64; 3]> = (0..30_000).map(|_| extent.map(|edge| edge * draws.unit())).collect();
            let distances = nearest_distances(&points);
            for (i, a) in points.iter().enumerate().step_by(101) {
                let squares = points.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, b)| {
                    let [x, y, z] = [0, 1, 2].map(|k| b[k] - a[k]);
                    x * x + y * y + z * z
                });
                assert_eq!(distances[i], squares.fold(f64::INFINITY, f64::min).sqrt(), "{i} {extent:?}");
            }
        }
    }

    #[test]
    fn a_lone_point_has_no_neighbour() {
        assert_eq!(nearest_distances(&[[1.0; 3]]), [f64::INFINITY]);
        assert!(nearest_distances(&[]).is_empty());
    }
}
