local bessel = {}

-- J0, the Bessel function of order 0, to 1e-7 (Abramowitz and Stegun, 9.4.1 and 9.4.3).
function bessel.j0(x)
  x = math.abs(x)
  if x <= 3 then
    local t = (x / 3) ^ 2
    return 1 + t * (-2.2499997 + t * (1.2656208 + t * (-0.3163866 + t * (0.0444479 + t * (-0.0039444 + t * 0.00021)))))
  end
  local t = 3 / x
  local size = 0.79788456
    + t * (-0.00000077 + t * (-0.0055274 + t * (-0.00009512 + t * (0.00137237 + t * (-0.00072805 + t * 0.00014476)))))
  local angle = x - 0.78539816
    + t * (-0.04166397 + t * (-0.00003954 + t * (0.00262573 + t * (-0.00054125 + t * (-0.00029333 + t * 0.00013558)))))
  return size * math.cos(angle) / math.sqrt(x)
end

return bessel
