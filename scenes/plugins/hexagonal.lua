-- A plugin by file: because it lies in `plugins/` beside a scene, the scene may write { kind = "hexagonal", … }.
--
-- Close packing: layers of triangles, every other one shifted into the hollows of the one below (in a plane one layer).
-- All twelve neighbours are `spacing` away; `sublattice` tells the layers apart.
return {
  about = "A hexagonal close packing that fills the grid.",
  params = {
    spacing = { default = 1.0, unit = "grid.unit", above = 0, about = "Distance of the nearest neighbours." },
    jitter = { default = 0, unit = "grid.unit", min = 0, about = "Standard deviation by which spots are off, per axis." },
  },
  columns = { "sublattice" },
  generate = function(p, scene)
    local grid, rng = scene.grid, scene.rng
    local row, layer = p.spacing * math.sqrt(3) / 2, p.spacing * math.sqrt(2 / 3)
    local layers = grid.flat and 0 or math.floor(grid.size.z / layer)
    for k = 0, layers do
      local sublattice = k % 2
      for j = 0, math.floor(grid.size.y / row) do
        for i = 0, math.floor(grid.size.x / p.spacing) do
          scene.emit(
            rng:normal(grid.min.x + p.spacing * (i + (j + sublattice) % 2 / 2), p.jitter),
            rng:normal(grid.min.y + row * (j + sublattice / 3), p.jitter),
            rng:normal(grid.min.z + layer * k, p.jitter),
            sublattice
          )
        end
      end
    end
  end,
}
