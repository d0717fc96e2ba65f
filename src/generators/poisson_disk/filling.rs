//! Finds the room that is left between the spots, to the last of it.
//!
//! After Ebeida et al., "A simple algorithm for maximal Poisson-disk sampling in high dimensions", Computer
//! Graphics Forum 31, 785 (2012). Of the cells of a mesh only those are kept that no single spot covers;
//! all room lies in them. Darts are thrown at them, all equally likely, so that a hit is uniform in the room
//! there is; then the cells are halved and looked at again, until none is left. Then there is no room for
//! another spot: every point of the grid is nearer than the distance to a spot, up to the rounding of f64.
//! Lists beyond [`MOST_CELLS`] (some 100 000 spots near saturation) are filled part by part: still without
//! a gap, but the last few spots are no longer uniform in all of the room that was left at their turn.

use rayon::prelude::*;

use super::mesh::{Crowd, Mesh, apart};
use crate::generators::Layout;
use crate::spot::Refusal;

/// Longer lists are split to bound the memory. A part takes every n-th cell, so that spots do not crowd in
/// one corner where the count is reached before the end.
const MOST_CELLS: usize = 1 << 20;
/// Darts thrown per cell before the cells are halved.
const DARTS: u64 = 1;
/// Darts looked at in one go; the result is the same as one by one.
const VOLLEY: u64 = 1 << 14;

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
        let aim = |dart: u64| {
            let mut draws = field.at(dart);
            let cell = cells[draws.below(cells.len() as u64) as usize];
            mesh.place(cell, [0; 3].map(|_| draws.unit()))
        };
        let end = dart + DARTS * cells.len() as u64;
        while dart < end {
            // Where there is no room now there will be none later: a volley is looked at in parallel first.
            let volley = dart..end.min(dart + VOLLEY);
            dart = volley.end;
            let hits: Vec<_> =
                volley.into_par_iter().map(aim).filter(|&point| crowd.has_room(point)).collect();
            for point in hits {
                if crowd.has_room(point) {
                    layout.admit(crowd.len() as u64 + 1)?;
                    crowd.add(point);
                    if crowd.len() == wanted {
                        return Ok(());
                    }
                }
            }
        }
        // Where numbers end, what room there may be is narrower than their rounding.
        if let Some(finer) = mesh.halved() {
            let children = |cell: &[u64; 3]| open_children(crowd, &mesh, *cell, &finer);
            let left: Vec<_> = cells.par_iter().flat_map_iter(children).collect();
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
    all.flat_map_iter(|cell| open_children(crowd, mesh, cell, mesh)).collect()
}

/// The parts of a cell that no single spot covers: no spot is nearer than the distance to their farthest
/// corner.
fn open_children(crowd: &Crowd, mesh: &Mesh, cell: [u64; 3], finer: &Mesh) -> Vec<[u64; 3]> {
    // Every child touches the middle, so that a spot which covers one covers the middle too.
    let middle = mesh.place(cell, [0.5; 3]);
    let mut near = Vec::new();
    crowd.nearby(middle, |spot| {
        near.push(spot);
        false
    });
    let covered = |child: [u64; 3]| {
        let (low, high) = (finer.place(child, [0.0; 3]), finer.place(child, [1.0; 3]));
        near.iter().any(|spot| {
            let farthest =
                [0, 1, 2].map(|a| if spot[a] - low[a] < high[a] - spot[a] { high[a] } else { low[a] });
            apart(*spot, farthest) < crowd.distance
        })
    };
    mesh.children(cell, finer).filter(|&child| !covered(child)).collect()
}
