#!/usr/bin/env python3
"""Times other methods and blobscene on the same scenes, in turns, and prints the ratios as Markdown.

    compare.py                     everything, some minutes
    compare.py --scenes few,haze   only these of benches/scenes
    compare.py --parts memory      only one of: memory, processes, writer
"""

import argparse
import math
import os
import re
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", default="few,wide,field,crowd,slab,haze,mixed")
    parser.add_argument("--parts", default="memory,processes,writer")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--budget", type=float, default=20, help="seconds for all repetitions of one method")
    parser.add_argument("--target", type=Path, default=ROOT / "target/release", help="where cargo put the programs")
    return parser.parse_args()


OPTIONS = arguments()
# Before the libraries start their threads.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = str(OPTIONS.threads)

import h5py
import numpy as np

import measure
from compiled import missing, reference
from methods import METHODS, Field

BLOBSCENE = OPTIONS.target / "blobscene"
TIME_RENDER = OPTIONS.target / "examples/time_render"


def scene_file(name):
    return HERE.parent / "scenes" / f"{name}.toml"


def run(name, out, *changes):
    """The command that renders a scene to the file `out`."""
    out.unlink(missing_ok=True)
    sets = [part for change in changes for part in ("--set", change)]
    return [BLOBSCENE, "run", "--quiet", "--threads", OPTIONS.threads, *sets, "-o", out, scene_file(name)]


def read_field(name, directory):
    """The spots of a scene, as blobscene places them."""
    out = directory / f"{name}.h5"
    measure.process(run(name, out))
    with h5py.File(out) as file:
        spots, shape = file["spots"][:], file["volume"].shape
    out.unlink()
    cutoff = re.search(r"cutoff = ([0-9.]+)", scene_file(name).read_text())
    # Without one, the default tolerance of a millionth.
    cut = float(cutoff[1]) if cutoff else math.sqrt(2 * math.log(1e6))
    columns = lambda *names: np.stack([spots[column] for column in names], axis=1)
    sigma = columns("sigma_z", "sigma_y", "sigma_x")
    return Field(shape, columns("iz", "iy", "ix"), sigma, spots["amplitude"], cut, OPTIONS.threads)


def fits(function, field):
    work = len(field.amplitude) * math.prod(field.shape)
    return work <= function.most_work and field.sigma.max() <= function.widest


def figures(text):
    """The two figures that `time_render` prints."""
    return tuple(float(re.search(rf"^{key} (\S+)", text, re.M)[1]) for key in ("time_ms", "cpu_ms"))


def table(heading, rows):
    print("| " + " | ".join(heading) + " |")
    print("| --- |" + " ---: |" * (len(heading) - 1))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def number(x):
    return "" if x is None else f"{x:.3g}" if x < 1000 else f"{x:.0f}"


def compared(times, ours, extra):
    """Rows of least wall, least processor time, and both as multiples of ours, the quickest first."""
    own_wall, own_cpu = times[ours].least()
    for name, taken in sorted(times.items(), key=lambda item: item[1].least()[0]):
        wall, cpu = taken.least()
        ratios = [number(wall), number(cpu), number(wall / own_wall), number(cpu / own_cpu)]
        yield [name, *ratios, *extra.get(name, [""])]


def memory(name, field, directory):
    """A new array in memory from spots in memory."""
    raw = directory / "volume.raw"
    command = [TIME_RENDER, scene_file(name), "--threads", OPTIONS.threads]
    exact = reference(field)
    peak = np.abs(exact).max()
    error = lambda volume: [f"{np.abs(volume - exact).max() / peak:.1e}"]
    measure.process([*command, "--out", raw])
    errors = {"blobscene": error(np.fromfile(raw, "<f4").reshape(field.shape))}
    raw.unlink()
    errors["blobscene, new memory"] = errors["blobscene"]
    runs = {
        "blobscene": lambda: figures(measure.process(command)[0]),
        "blobscene, new memory": lambda: figures(measure.process([*command, "--new-memory"])[0]),
    }
    for title, function in METHODS.items():
        if fits(function, field):
            # The first call compiles and starts threads.
            volume = function(field)
            errors[title] = error(volume) if function.exact else ["another kernel"]
            del volume
            runs[title] = lambda function=function: measure.inside(function, field)[1:]
    times = measure.interleaved(runs, OPTIONS.repetitions, OPTIONS.budget)
    print(f"### {name}: {len(field.amplitude)} spots, {' x '.join(map(str, field.shape))} voxels\n")
    heading = ["in memory", "wall ms", "CPU ms", "wall / ours", "CPU / ours", "error / peak"]
    table(heading, compared(times, "blobscene", errors))
    known = measure.limits(OPTIONS.threads, 4 * math.prod(field.shape))
    if known:
        updates = field.updates()
        ours, new = (times[row].least()[0] for row in ("blobscene", "blobscene, new memory"))
        sums = updates / known["fma_per_ms"] / OPTIONS.threads
        rows = updates / known["rows_per_ms"] / OPTIONS.threads
        print(
            f"Limits: a fill of the array takes {number(known['fill_ms'])} ms; {updates:.3g} updates take {number(sums)} ms at the "
            f"peak of {known['fma_per_ms'] / 1e6:.0f} G fused multiply-adds per second and thread, {number(rows)} ms as rows in "
            f"the first-level cache. blobscene takes {number(ours / max(known['fill_ms'], sums))} times the larger of fill and "
            f"peak, in new memory {number(new / max(known['fill_ms'], sums))} times.\n",
            flush=True,
        )


def processes(name, field, directory):
    """From the start of a process to its uncompressed file."""
    spots, out = directory / "spots.npz", directory / "volume.h5"
    np.savez(spots, **vars(field))
    runs = {"blobscene run": lambda: measure.process(run(name, out))[1:]}
    for title, function in METHODS.items():
        if function.question and fits(function, field):
            command = [sys.executable, HERE / "whole.py", title, spots, directory / "volume.npy"]
            runs[title] = lambda command=command: measure.process(command)[1:]
    if len(runs) == 1:
        return
    times = measure.interleaved(runs, OPTIONS.repetitions, OPTIONS.budget)
    print(f"### {name}: whole processes, the file written uncompressed\n")
    table(["process", "wall ms", "CPU ms", "wall / ours", "CPU / ours"], (row[:5] for row in compared(times, "blobscene run", {})))


def writer(name, directory):
    """Compressed files: h5py's filter pipeline, its volume in memory, beside whole runs of blobscene."""
    ours, theirs = directory / "ours.h5", directory / "theirs.h5"
    print(f"### {name}: gzip level 1 and shuffle, chunks of 64 cubed\n")
    for dtype in ("float32", "uint16"):
        changes = ['output.compression="gzip"', f'output.dtype="{dtype}"']
        measure.process(run(name, ours, *changes))
        with h5py.File(ours) as file:
            volume = file["volume"][:]
            stored = file["volume"].id.get_storage_size()

        def pipeline():
            with h5py.File(theirs, "w") as file:
                chunks = tuple(min(64, n) for n in volume.shape)
                kept = file.create_dataset(
                    "volume", data=volume, chunks=chunks, compression="gzip", compression_opts=1, shuffle=True
                )
                return kept.id.get_storage_size()

        runs = {
            "blobscene run, all of it": lambda: measure.process(run(name, ours, *changes))[1:],
            "h5py, the writing alone": lambda: measure.inside(pipeline)[1:],
        }
        sizes = {"blobscene run, all of it": [f"{stored / 1e6:.2f}"], "h5py, the writing alone": [f"{pipeline() / 1e6:.2f}"]}
        times = measure.interleaved(runs, OPTIONS.repetitions, OPTIONS.budget)
        heading = [dtype, "wall ms", "CPU ms", "wall / ours", "CPU / ours", "MB"]
        table(heading, compared(times, "blobscene run, all of it", sizes))


def main():
    print(f"{measure.machine()}; {OPTIONS.threads} threads; least of {OPTIONS.repetitions} repetitions in turns\n")
    for package in missing():
        print(f"Without {package}, which is not installed.\n")
    parts = OPTIONS.parts.split(",")
    with tempfile.TemporaryDirectory() as directory:
        directory = Path(directory)
        for name in OPTIONS.scenes.split(","):
            if "memory" in parts or "processes" in parts:
                field = read_field(name, directory)
            if "memory" in parts:
                memory(name, field, directory)
            if "processes" in parts:
                processes(name, field, directory)
            if "writer" in parts:
                writer(name, directory)


if __name__ == "__main__":
    main()
