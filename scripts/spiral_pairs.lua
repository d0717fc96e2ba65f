-- A resolution target: pairs of spots along a spiral, each pair wider than the one before. Where a detector begins to
-- see two, there is its resolution.
return {
  about = "Pairs of spots at rising distance along a spiral.",
  params = {
    centre = { default = { x = 0, y = 0, z = 0 }, unit = "grid.unit", about = "Middle of the spiral." },
    pairs = { default = 24, min = 1, about = "How many pairs." },
    nearest = { default = 0.05, unit = "grid.unit", min = 0, about = "Distance within the first pair." },
    farthest = { default = 0.6, unit = "grid.unit", min = 0, about = "Distance within the last pair." },
    pitch = { default = 1.2, unit = "grid.unit", above = 0, about = "Distance of the turns, and of the pairs along them." },
    tilt = { default = 0, unit = "deg", min = 0, max = 90, about = "Of a pair out of the plane: 0 lateral, 90 axial." },
  },
  generate = function(p, scene)
    local lateral, axial = math.cos(math.rad(p.tilt)), math.sin(math.rad(p.tilt))
    local spots = {}
    local angle = 2 * math.pi -- The first turn would be too tight.
    for pair = 1, p.pairs do
      local share = p.pairs > 1 and (pair - 1) / (p.pairs - 1) or 0
      local distance = p.nearest + share * (p.farthest - p.nearest)
      -- Archimedes' spiral: the radius grows by `pitch` with each turn.
      local radius = p.pitch * angle / (2 * math.pi) - p.pitch / 2
      -- Pairs lie across the spiral, so that neighbours do not come nearer as they grow.
      local out = { x = math.cos(angle), y = math.sin(angle) }
      for side = -0.5, 0.5 do
        spots[#spots + 1] = {
          x = p.centre.x + (radius + side * distance * lateral) * out.x,
          y = p.centre.y + (radius + side * distance * lateral) * out.y,
          z = p.centre.z + side * distance * axial,
          pair = pair,
          distance = distance,
        }
      end
      angle = angle + p.pitch / radius
    end
    return spots
  end,
}
