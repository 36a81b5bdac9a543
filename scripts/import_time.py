"""Measure how long importing a module takes, in fresh processes, and list what takes most of it.

Compiled bytecode is there, as on a server that has been started before: a first process, which does not count, writes
it. The total is a median, as a single process says little on a machine with other work; its CPU time swings least.
"""

import os
import re
import statistics
import subprocess
import sys
from typing import NamedTuple

LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \| (\s*)(\S+)")
SHOWN = 20
RUNS = 7
TIMED = """
import time
wall, cpu = time.perf_counter(), time.process_time()
import {module}
print(time.perf_counter() - wall, time.process_time() - cpu)
"""


class Import(NamedTuple):
    """One module and the microseconds its import took: alone, and with all it imports first."""

    name: str
    own_us: int
    total_us: int


class Total(NamedTuple):
    """Milliseconds that a whole import took, by the clock and of the processor's time: medians of several processes."""

    wall_ms: float
    cpu_ms: float


def total(module: str, runs: int = RUNS) -> Total:
    """Import the module in so many processes, one after the other."""
    run("-c", f"import {module}")
    times = [
        [1000 * float(part) for part in run("-c", TIMED.format(module=module)).stdout.split()] for _ in range(runs)
    ]
    walls, cpus = zip(*times, strict=True)
    return Total(statistics.median(walls), statistics.median(cpus))


def measure(module: str) -> list[Import]:
    """Import the module in a process of its own; the last entry is the module itself. Measuring each takes time too."""
    told = run("-X", "importtime", "-c", f"import {module}").stderr
    matches = (LINE.match(line) for line in told.splitlines())
    return [Import(match[4], int(match[1]), int(match[2])) for match in matches if match]


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """A fresh process of this Python, which keeps the bytecode that it compiles."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=True)


def by_package(imports: list[Import]) -> list[tuple[str, int]]:
    """The time spent in each top-level package's own files, the largest first."""
    sums: dict[str, int] = {}
    for entry in imports:
        package = entry.name.split(".")[0]
        sums[package] = sums.get(package, 0) + entry.own_us
    return sorted(sums.items(), key=lambda item: -item[1])


def main() -> None:
    """Print the total and the largest shares."""
    module = sys.argv[1] if len(sys.argv) > 1 else "app"
    whole = total(module)
    print(f"import {module}: {whole.wall_ms:.0f} ms, {whole.cpu_ms:.0f} ms of CPU time (medians of {RUNS} processes)")
    print("of one more, the interpreter's own start included:")
    for package, own_us in by_package(measure(module))[:SHOWN]:
        print(f"{own_us / 1000:8.1f} ms  {package}")


if __name__ == "__main__":
    main()
