-- A ring in a plane, a hollow ball in space: brightest at a distance from the centre.
return {
  about = "A donut: a Gaussian wall around a dark centre.",
  params = {
    radius = { default = 1.0, unit = "grid.unit", above = 0, about = "Distance of the brightest part from the centre." },
    wall = { default = 0.25, unit = "grid.unit", above = 0, about = "Standard deviation of the wall's thickness." },
  },
  support = function(p) return p.radius + 5.5 * p.wall end,
  radial = function(p, r)
    local u = (r - p.radius) / p.wall
    return math.exp(-u * u / 2)
  end,
}
