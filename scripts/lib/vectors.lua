-- Vectors { x, y, z }: what scripts share that place things on surfaces and along axes.
local vectors = {}

function vectors.dot(a, b)
  return a.x * b.x + a.y * b.y + a.z * b.z
end

-- a + s * b
function vectors.add(a, s, b)
  return { x = a.x + s * b.x, y = a.y + s * b.y, z = a.z + s * b.z }
end

function vectors.unit(v)
  local length = math.sqrt(vectors.dot(v, v))
  return { x = v.x / length, y = v.y / length, z = v.z / length }
end

-- Two unit vectors at right angles to the unit vector n and to each other
-- (Duff et al., "Building an Orthonormal Basis, Revisited", JCGT 6, 2017).
function vectors.tangents(n)
  local sign = n.z < 0 and -1 or 1
  local a = -1 / (sign + n.z)
  local b = n.x * n.y * a
  return { x = 1 + sign * n.x * n.x * a, y = sign * b, z = -sign * n.x },
    { x = b, y = sign + n.y * n.y * a, z = -n.y }
end

-- A random unit vector at right angles to the unit vector n.
function vectors.across(n, rng)
  local v = rng:unit_vector()
  return vectors.unit(vectors.add(v, -vectors.dot(v, n), n))
end

return vectors
