-- A point as a wide-field microscope sees it through a mismatched medium: sharp in focus, rings beside it, and
-- spherical aberration that makes one side of the focus unlike the other. It is the scalar Debye integral over the
-- pupil (Born and Wolf, Principles of Optics, 8.8), with the aberration as a phase:
--
--   | integral from 0 to 1 of J0(v sqrt(t)) exp(i (u t / 2 + phase (6 t^2 - 6 t + 1))) dt |^2
--
-- with v = 2 pi NA r / wavelength, u = 2 pi NA^2 z / (wavelength index), t the square of the pupil's radius.
local j0 = require("lib/bessel").j0

local STEPS = 12

return {
  about = "A defocused point spread function with rings and spherical aberration.",
  params = {
    na = { default = 1.2, above = 0, about = "Numerical aperture." },
    index = { default = 1.33, min = 1, about = "Refractive index of the medium." },
    wavelength = { default = 0.6, unit = "grid.unit", above = 0, about = "Of the light, in vacuum." },
    aberration = { default = 1.0, unit = "rad", about = "Primary spherical aberration; 0 is symmetric along z." },
    defocus = { default = 0, unit = "grid.unit", about = "Distance of the focus above the spot." },
    support = { default = 1.6, unit = "grid.unit", above = 0, about = "Beyond this distance there is nothing." },
  },
  support = function(p) return p.support end,
  intensity = function(p, dx, dy, dz)
    local r2 = dx * dx + dy * dy
    local v = 2 * math.pi * p.na / p.wavelength * math.sqrt(r2)
    local u = 2 * math.pi * p.na ^ 2 / (p.wavelength * p.index) * (dz - p.defocus)
    local re, im = 0, 0
    for i = 1, STEPS do
      local t = (i - 0.5) / STEPS
      local wave = j0(v * math.sqrt(t)) / STEPS
      local phase = u * t / 2 + p.aberration * (6 * t * t - 6 * t + 1)
      re, im = re + wave * math.cos(phase), im + wave * math.sin(phase)
    end
    -- Light reaches on without end; here it fades out smoothly towards the support, so that no edge is seen.
    local fade = math.max(1 - (r2 + dz * dz) / p.support ^ 2, 0) ^ 2
    return (re * re + im * im) * fade
  end,
}
