-- Chromosome territories: each chromosome is a random walk that keeps to its own part of the nucleus. A step that
-- would leave the territory is drawn again.
return {
  about = "Chromatin: random walks, each confined to a territory of its own within a nucleus.",
  params = {
    territories = { default = 12, min = 0, about = "How many chromosomes." },
    loci = { default = 1500, min = 1, about = "Spots along each." },
    step = { default = 0.12, unit = "grid.unit", above = 0, about = "Standard deviation of a step on every axis." },
    radius = { default = 1.2, unit = "grid.unit", above = 0, about = "Radius of a territory." },
    nucleus = { default = { x = 5.0, y = 4.0, z = 3.0 }, unit = "grid.unit", above = 0, about = "Radius of the nucleus." },
  },
  generate = function(p, scene)
    local middle, flat = scene.grid.centre, scene.grid.flat
    -- A territory touches the envelope at most.
    local room = {}
    for axis, radius in pairs(p.nucleus) do room[axis] = math.max(radius - p.radius, 0) end
    for territory = 1, p.territories do
      -- A stream for each chromosome: one more changes none of the others.
      local rng = scene.rng:stream(territory)
      -- Uniform in the unit ball (in a plane in the disc), stretched to the nucleus.
      local u, v, w
      repeat
        u, v, w = rng:uniform(-1, 1), rng:uniform(-1, 1), flat and 0 or rng:uniform(-1, 1)
      until u * u + v * v + w * w <= 1
      local cx, cy, cz = middle.x + u * room.x, middle.y + v * room.y, middle.z + w * room.z
      local x, y, z, locus = {}, {}, {}, {}
      local dx, dy, dz = 0, 0, 0
      for i = 1, p.loci do
        x[i], y[i], z[i], locus[i] = cx + dx, cy + dy, cz + dz, i
        local nx, ny, nz
        repeat
          nx, ny = dx + rng:normal(0, p.step), dy + rng:normal(0, p.step)
          nz = flat and 0 or dz + rng:normal(0, p.step)
        until nx * nx + ny * ny + nz * nz <= p.radius ^ 2
        dx, dy, dz = nx, ny, nz
      end
      -- A batch of columns: a list holds a number for each spot, a plain number is the same for all.
      coroutine.yield({ x = x, y = y, z = z, locus = locus, territory = territory })
    end
  end,
}
