-- A mitotic spindle in metaphase: fibres that bulge from pole to pole, fibres that end at the chromosomes in its
-- middle, and asters, whose microtubules radiate from the poles. All are beads in a row.
local vectors = require("lib/vectors")

return {
  about = "A mitotic spindle: pole-to-pole and kinetochore fibres, and an aster at each pole.",
  params = {
    axis = { default = { x = 1, y = 0, z = 0 }, about = "Direction from pole to pole; its length does not matter." },
    length = { default = 9.0, unit = "grid.unit", above = 0, about = "Distance of the poles." },
    width = { default = 6.0, unit = "grid.unit", min = 0, about = "Of the spindle at its middle." },
    plate = { default = 1.2, unit = "grid.unit", min = 0, about = "Gap that kinetochore fibres leave for the chromosomes." },
    interpolar = { default = 16, min = 0, about = "Fibres from pole to pole." },
    kinetochore = { default = 40, min = 0, about = "Fibres from a pole to the plate, on either side." },
    pole = { default = 0.35, unit = "grid.unit", min = 0, about = "Standard deviation of the fibres' beginnings at a pole." },
    astral = { default = 40, min = 0, about = "Microtubules of an aster." },
    astral_length = { default = 2.0, unit = "grid.unit", min = 0, about = "Their mean; lengths are exponential." },
    spacing = { default = 0.06, unit = "grid.unit", above = 0, about = "Distance of the beads along a fibre." },
  },
  columns = { "fibre", "astral" },
  generate = function(p, scene)
    local rng, middle = scene.rng, scene.grid.centre
    local axis = vectors.unit(p.axis)
    local fibre = 0
    -- Where the next fibre has the middle of its spindle: a pole is no point.
    local function shifted()
      return { x = rng:normal(middle.x, p.pole), y = rng:normal(middle.y, p.pole), z = rng:normal(middle.z, p.pole) }
    end
    -- Along the axis from `pole` (-1 or 1) and outwards by a sine, up to the share `last` of the way.
    local function bulging(pole, last)
      fibre = fibre + 1
      local from, outwards = shifted(), vectors.across(axis, rng)
      -- The root spreads the fibres evenly over the spindle's cross section.
      local bulge = p.width / 2 * math.sqrt(rng:uniform())
      local t = 0
      while t <= last do
        local at = vectors.add(from, pole * (0.5 - t) * p.length, axis)
        at = vectors.add(at, bulge * math.sin(math.pi * t), outwards)
        scene.emit(at.x, at.y, at.z, fibre, 0)
        -- The speed of the curve makes the beads equally distant.
        t = t + p.spacing / math.sqrt(p.length ^ 2 + (math.pi * bulge * math.cos(math.pi * t)) ^ 2)
      end
    end
    for _ = 1, p.interpolar do bulging(1, 1) end
    for pole = -1, 1, 2 do
      for _ = 1, p.kinetochore do bulging(pole, 0.5 - p.plate / (2 * p.length)) end
      for _ = 1, p.astral do
        fibre = fibre + 1
        local from = vectors.add(shifted(), pole * p.length / 2, axis)
        local direction = rng:unit_vector()
        for s = 0, rng:exponential(p.astral_length), p.spacing do
          local at = vectors.add(from, s, direction)
          scene.emit(at.x, at.y, at.z, fibre, 1)
        end
      end
    end
  end,
}
