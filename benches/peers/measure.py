"""Running things and taking the time."""

import json
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass
class Times:
    """Milliseconds of several repetitions."""

    wall: list = field(default_factory=list)
    cpu: list = field(default_factory=list)

    def add(self, wall, cpu):
        self.wall.append(wall)
        self.cpu.append(cpu)

    def least(self):
        return min(self.wall), min(self.cpu)

    def middle(self):
        return statistics.median(self.wall), statistics.median(self.cpu)


def inside(function, *arguments):
    """Result, wall and processor milliseconds of a call in this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = function(*arguments)
    return result, (time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3


def process(command):
    """Output, wall and processor milliseconds of a process, from its start to its end."""
    before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    wall = time.perf_counter() - wall
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stderr[-500:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done.stdout, wall * 1e3, cpu * 1e3


def interleaved(runs, repetitions, budget):
    """Times of named functions that return (wall, cpu), taken in turns so that all see the same weather.

    A run that takes longer than `budget` seconds altogether is repeated less often.
    """
    times, spent = {name: Times() for name in runs}, dict.fromkeys(runs, 0.0)
    for repetition in range(repetitions):
        for name, run in runs.items():
            if repetition == 0 or spent[name] * (repetition + 1) / repetition < budget * 1e3:
                wall, cpu = run()
                times[name].add(wall, cpu)
                spent[name] += wall
    return times


def limits(threads, size):
    """What the machine can do, by `limits.c`; None without a C compiler."""
    compiler = os.environ.get("CC") or shutil.which("cc")
    if not compiler:
        return None
    with tempfile.TemporaryDirectory() as directory:
        program = Path(directory) / "limits"
        options = ["-O3", "-march=native", "-ffp-contract=fast", "-mprefer-vector-width=512", "-pthread"]
        for options in (options, options[:1] + options[2:3] + options[4:]):
            built = subprocess.run([compiler, *options, HERE / "limits.c", "-o", program], capture_output=True)
            if built.returncode == 0:
                break
        else:
            return None
        return json.loads(process([program, threads, size])[0])


def machine():
    """One line about where this runs."""
    model = "unknown processor"
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        model = f"{len(lines)} x {lines[0]}" if lines else model
    return f"{model}, {os.uname().sysname} {os.uname().release}, load {os.getloadavg()[0]:.1f}"
