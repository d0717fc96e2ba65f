return {
  about = "Random Gaussian clusters.",
  params = { clusters = 5, per_cluster = 20, radius = 4.0 },
  generate = function(p, scene)
    local spots = {}
    for _ = 1, p.clusters do
      local c = scene.rng:point()
      for _ = 1, p.per_cluster do
        spots[#spots + 1] = {
          x = scene.rng:normal(c.x, p.radius),
          y = scene.rng:normal(c.y, p.radius),
          z = scene.rng:normal(c.z, p.radius),
          amplitude = scene.rng:uniform(50, 150),
        }
      end
    end
    return spots
  end,
}
