//! Finds the room that is left between the spots, to the last of it.
//!
//! After Ebeida et al., "A simple algorithm for maximal Poisson-disk sampling in high dimensions", Computer
//! Graphics Forum 31, 785 (2012). Of the cells of a mesh only those are kept that no single spot covers;
//! all room lies in them. Darts are thrown at them, all equally likely, so that a hit is uniform in the room
//! there is; then the cells are halved and looked at again, until none is left. Then there is no room for
//! another spot: every point of the grid is nearer than the distance to a spot.

use rayon::prelude::*;

use super::mesh::{Crowd, Mesh, apart};
use crate::generators::Layout;
use crate::spot::Refusal;

/// Longer lists of cells are split, and one part filled after the other, to bound the memory. A part takes
/// every n-th cell, so that spots do not crowd in one corner where the count is reached before the end.
const MOST_CELLS: usize = 1 << 20;
/// Darts thrown per cell before the cells are halved.
const DARTS: usize = 2;

/// Adds spots until there are `wanted`, or no room for one more.
pub fn fill(crowd: &mut Crowd, wanted: usize, layout: &Layout<'_>) -> Result<(), Refusal> {
    if crowd.len() >= wanted {
        return Ok(());
    }
    let field = layout.streams.field("poisson_disk.filling");
    let mut dart = 0;
    let mut waiting = vec![(crowd.mesh, open_cells(crowd))];
    while let Some((mesh, cells)) = waiting.pop() {
        if cells.len() > MOST_CELLS {
            let parts = cells.len().div_ceil(MOST_CELLS);
            let part = |i| (mesh, cells.iter().skip(i).step_by(parts).copied().collect());
            waiting.extend((0..parts).rev().map(part));
            continue;
        }
        for _ in 0..DARTS * cells.len() {
            let mut draws = field.at(dart);
            dart += 1;
            let cell = cells[draws.below(cells.len() as u64) as usize];
            let part = [0; 3].map(|_| draws.unit());
            let point = mesh.place(cell, part);
            if crowd.has_room(point) {
                layout.admit(crowd.len() as u64 + 1)?;
                crowd.add(point);
                if crowd.len() == wanted {
                    return Ok(());
                }
            }
        }
        // Where numbers end, what room there may be is narrower than their rounding.
        if let Some(finer) = mesh.halved() {
            let children = |cell: &[u64; 3]| mesh.children(*cell, &finer);
            let left: Vec<_> = cells
                .par_iter()
                .flat_map_iter(children)
                .filter(|&cell| is_open(crowd, &finer, cell))
                .collect();
            if !left.is_empty() {
                waiting.push((finer, left));
            }
        }
    }
    Ok(())
}

fn open_cells(crowd: &Crowd) -> Vec<[u64; 3]> {
    let mesh = &crowd.mesh;
    let [nx, ny, nz] = mesh.parts;
    let all = (0..nx * ny * nz).into_par_iter().map(|i| [i % nx, i / nx % ny, i / nx / ny]);
    all.filter(|&cell| is_open(crowd, mesh, cell)).collect()
}

/// Whether no single spot covers the cell: none is nearer than the distance to its farthest corner.
fn is_open(crowd: &Crowd, mesh: &Mesh, cell: [u64; 3]) -> bool {
    let (low, middle, high) =
        (mesh.place(cell, [0.0; 3]), mesh.place(cell, [0.5; 3]), mesh.place(cell, [1.0; 3]));
    let covers = |spot: [f64; 3]| {
        let farthest = [0, 1, 2].map(|a| if spot[a] < middle[a] { high[a] } else { low[a] });
        apart(spot, farthest) < crowd.distance
    };
    crowd.nearby(middle, covers).is_none()
}
