-- An embryo: one cell that divides again and again. Cells are numbered so that those of cell n are 2 n and 2 n + 1:
-- the number alone tells all ancestors.
local vectors = require("lib/vectors")

return {
  about = "A lineage: the descendants of one cell, with their ancestry.",
  params = {
    generations = { default = 6, min = 0, max = 16, about = "Divisions from the first cell to the last." },
    rest = { default = 0.05, min = 0, max = 1, about = "Chance that a cell of the third generation or later divides no more." },
    sigma = { default = 3.0, unit = "grid.unit", above = 0, about = "Width of the first cell." },
    spread = { default = 2.5, above = 0, about = "How far daughters move from their mother's centre, in their own sigma." },
  },
  generate = function(p, scene)
    local cells = {}
    local function grow(cell, centre, sigma, generation)
      -- A stream for each cell: one more generation leaves all earlier divisions as they were.
      local rng = scene.rng:stream(cell)
      local rests = generation > 2 and rng:uniform() < p.rest
      if rests or generation == p.generations then
        cells[#cells + 1] = {
          x = centre.x,
          y = centre.y,
          z = centre.z,
          sigma = sigma,
          cell = cell,
          mother = math.floor(cell / 2),
          generation = generation,
        }
        return
      end
      local axis = rng:unit_vector()
      local half = sigma * 0.5 ^ (scene.grid.flat and 1 / 2 or 1 / 3) -- Daughters share the mother's volume.
      grow(2 * cell, vectors.add(centre, -p.spread * half, axis), half, generation + 1)
      grow(2 * cell + 1, vectors.add(centre, p.spread * half, axis), half, generation + 1)
    end
    grow(1, scene.grid.centre, p.sigma, 0)
    return cells
  end,
}
