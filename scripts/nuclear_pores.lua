-- Nuclear pore complexes as Nup96 shows them: two rings of eight subunits each, one on either side of the nuclear
-- envelope, facing along its normal (von Appen et al., Nature 526, 2015; Thevathasan et al., Nature Methods 16, 2019).
local vectors = require("lib/vectors")

-- A random point of an ellipsoid's surface, uniform by area, and the normal there. In a plane the unit vectors lie
-- on a circle, and the same formulas give its outline.
local function on_surface(rng, centre, r)
  local stretch_max = math.max(r.y * r.z, r.x * r.z, r.x * r.y)
  while true do
    local u = rng:unit_vector()
    -- How much the map from the sphere stretches the surface here; the chance to stay makes up for it.
    local normal = { x = u.x / r.x, y = u.y / r.y, z = u.z / r.z }
    local stretch = r.x * r.y * r.z * math.sqrt(vectors.dot(normal, normal))
    if rng:uniform() * stretch_max < stretch then
      return { x = centre.x + r.x * u.x, y = centre.y + r.y * u.y, z = centre.z + r.z * u.z }, vectors.unit(normal)
    end
  end
end

return {
  about = "Nuclear pores: pairs of eightfold rings on an ellipsoid, facing along its normal.",
  params = {
    centre = { default = { x = 0, y = 0, z = 0 }, unit = "grid.unit", about = "Centre of the nucleus." },
    radius = { default = { x = 1.0, y = 1.0, z = 1.0 }, unit = "grid.unit", above = 0, about = "Its radius on each axis." },
    pores = { default = 80, min = 0, about = "How many pores." },
    min_distance = { default = 0.16, unit = "grid.unit", min = 0, about = "No two pores are nearer to each other." },
    diameter = { default = 0.107, unit = "grid.unit", min = 0, about = "Diameter of a ring." },
    separation = { default = 0.05, unit = "grid.unit", min = 0, about = "Distance of the two rings." },
    twist = { default = 8.8, unit = "deg", about = "Angle by which the outer ring is turned against the inner." },
    labelling = { default = 0.8, min = 0, max = 1, about = "Chance that a subunit carries a label." },
  },
  -- What `emit` takes behind x, y and z; /spots gets these columns.
  columns = { "pore", "ring", "subunit" },
  generate = function(p, scene)
    local centres = {}
    local function is_free(point)
      for _, other in ipairs(centres) do
        local d = vectors.add(point, -1, other)
        if vectors.dot(d, d) < p.min_distance ^ 2 then return false end
      end
      return true
    end
    for pore = 1, p.pores do
      local centre, normal
      local tries = 0
      repeat
        centre, normal = on_surface(scene.rng, p.centre, p.radius)
        tries = tries + 1
        if tries > 1000 then error("only " .. #centres .. " pores fit at this min_distance") end
      until is_free(centre)
      centres[pore] = centre
      -- A stream for each pore: another `labelling` leaves all pores where they are.
      local rng = scene.rng:stream(pore)
      local a, b = vectors.tangents(normal)
      local start = rng:uniform(0, 2 * math.pi)
      for ring = 0, 1 do
        local middle = vectors.add(centre, (ring - 0.5) * p.separation, normal)
        for subunit = 1, 8 do
          local angle = start + ring * math.rad(p.twist) + subunit * math.pi / 4
          local at = vectors.add(middle, p.diameter / 2 * math.cos(angle), a)
          at = vectors.add(at, p.diameter / 2 * math.sin(angle), b)
          if rng:uniform() < p.labelling then scene.emit(at.x, at.y, at.z, pore, ring, subunit) end
        end
      end
    end
  end,
}
