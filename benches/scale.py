#!/usr/bin/env python3
"""Times rendering into memory over spots, widths and voxels; prints tables and draws docs/images/scale.svg.

    cargo build --release --examples
    python3 benches/scale.py            needs matplotlib for the picture, and 6 GB of memory for 1024 cubed
    python3 benches/scale.py --quick    without the largest of each
"""

import argparse
import os
import re
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

SCENE = """\
grid = {{ shape = {edge}, unit = "px" }}
render = {{ cutoff = 4 }}
[spots.all]
generator = {{ kind = "uniform", count = {count} }}
profile = {{ kind = "gaussian", sigma = {sigma}, sampling = "point" }}
amplitude = 1
"""

# A curve: what changes, its values, and the scenes they make.
CURVES = {
    "spots": (
        "sigma 1.2 voxels, 256 cubed",
        [10**k for k in range(8)],
        lambda count: dict(edge=256, count=count, sigma=1.2),
    ),
    "sigma, voxels": (
        "1000 spots, 256 cubed",
        [0.3, 0.5, 1, 2, 5, 10, 20, 50, 100, 300],
        lambda sigma: dict(edge=256, count=1000, sigma=sigma),
    ),
    "voxels": (
        "sigma 2 voxels, a spot for every 10,000 voxels",
        [10**3, 32**3, 100**3, 200**3, 512**3, 1024**3],
        lambda voxels: dict(edge=round(voxels ** (1 / 3)), count=max(1, voxels // 10_000), sigma=2),
    ),
}


def timed(program, scene, threads, repetitions):
    """Least wall and processor milliseconds."""
    taken = []
    for _ in range(repetitions):
        text = subprocess.run([program, scene, "--threads", str(threads)], capture_output=True, text=True, check=True).stdout
        taken.append([float(re.search(rf"^{key} (\S+)", text, re.M)[1]) for key in ("time_ms", "cpu_ms")])
    return [min(column) for column in zip(*taken)]


def draw(results, picture):
    try:
        import matplotlib
    except ImportError:
        print("Without matplotlib there is no picture.")
        return
    matplotlib.use("svg")
    # The same figures make the same picture.
    matplotlib.rcParams.update({"svg.hashsalt": "scale", "svg.fonttype": "none"})
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(results), figsize=(12, 3.6), sharey=True, layout="constrained")
    for axis, (name, points) in zip(axes, results.items()):
        values, walls, cpus = zip(*points)
        axis.loglog(values, walls, "o-", label="wall")
        axis.loglog(values, cpus, "s--", alpha=0.6, label="processor")
        axis.set_xlabel(name)
        axis.set_title(CURVES[name][0], fontsize=9)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("ms")
    axes[0].legend()
    figure.savefig(picture, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--target", type=Path, default=ROOT / "target/release")
    parser.add_argument("--picture", type=Path, default=ROOT / "docs/images/scale.svg")
    options = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as directory:
        scene = Path(directory) / "scene.toml"
        for name, (fixed, values, parameters) in CURVES.items():
            print(f"| {name} ({fixed}) | wall ms | CPU ms |\n| ---: | ---: | ---: |")
            results[name] = []
            for value in values[: -1 if options.quick else None]:
                scene.write_text(SCENE.format(**parameters(value)))
                wall, cpu = timed(options.target / "examples/time_render", scene, options.threads, options.repetitions)
                results[name].append((value, wall, cpu))
                print(f"| {value:,} | {wall:.3g} | {cpu:.3g} |", flush=True)
            print()
    draw(results, options.picture)


if __name__ == "__main__":
    main()
