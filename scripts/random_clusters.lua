-- Clusters as receptors or vesicles form them: Gaussian clouds around random centres.
return {
  about = "Random Gaussian clusters.",
  params = {
    clusters = { default = 5, min = 0, about = "How many clusters." },
    per_cluster = { default = 20, min = 0, about = "Spots in each." },
    radius = { default = 4.0, unit = "grid.unit", min = 0, about = "Standard deviation of a cluster on every axis." },
  },
  generate = function(p, scene)
    local spots = {}
    for cluster = 1, p.clusters do
      local c = scene.rng:point() -- uniform in the grid
      for _ = 1, p.per_cluster do
        spots[#spots + 1] = {
          x = scene.rng:normal(c.x, p.radius),
          y = scene.rng:normal(c.y, p.radius),
          z = scene.rng:normal(c.z, p.radius),
          amplitude = scene.rng:uniform(50, 150), -- overrides the scene's
          cluster = cluster, -- any other name becomes a column of /spots
        }
      end
    end
    return spots
  end,
}
