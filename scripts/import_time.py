"""Measure how long importing a module takes, in fresh processes, and list what takes most of it.

Compiled bytecode is there, as on a server that has been started before: a first process, which does not count, writes
it. The total is a median, as a single process says little on a machine with other work; its CPU time swings least.
With `--mutations N` it tells what so many more mutations add, each with an input, a payload and a type of six fields:
the best CPU time of five processes each.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
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
BEST_OF = 5
RESOLVERS = """
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID
from models.directory.providers import Provider, Service
from operations.context import Context
"""
RESOLVER = """
async def change_{number}(
    context: Context,
    *,
    provider_id: Annotated[UUID, Provider, "The provider."],
    name: Annotated[str, "The name."],
    starts_at: Annotated[datetime, "The start."],
    count: Annotated[int, "The count."],
    service: Annotated[Service, "The service."] = Service.THERAPY,
    note: Annotated[str | None, "A note."] = None,
) -> Any:
    \"\"\"Change thing {number}.\"\"\"
"""
TYPES = """
from datetime import datetime
import generated_resolvers as resolvers
from models.base.access import Role
from operations.mutations import mutation
from schema.base.shape import payload, shown, value
"""
TYPE = """
@value
class Thing{number}:
    \"\"\"Thing {number}.\"\"\"
    name: str = shown("The name.")
    starts_at: datetime = shown("The start.")
    count: int = shown("The count.")
    place: str = shown("The place.")
    done: bool = shown("Whether it is done.")
    note: str | None = shown("A note.")
"""
MUTATION = """
    change_thing_{number} = mutation(
        resolvers.change_{number}, answers=payload("ChangeThing{number}", Thing{number}), allow=[Role.PROVIDER]
    )
"""
WITH_GENERATED = """
import sys
sys.path.append({folder!r})
import models
own = models.modules
models.modules = lambda layer: own(layer) + (["generated_schema"] if layer == "schema" else [])
import time
before = time.process_time()
import app
print(time.process_time() - before)
from schema.root import SCHEMA
print(sum(name.startswith("changeThing") for name in SCHEMA._schema.mutation_type.fields))
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


def with_mutations(count: int, runs: int = BEST_OF) -> float:
    """The milliseconds of CPU time that `app` takes with so many generated mutations more: the best of several runs."""
    with tempfile.TemporaryDirectory() as folder:
        numbers = range(count)
        Path(folder, "generated_resolvers.py").write_text(
            RESOLVERS + "".join(RESOLVER.format(number=number) for number in numbers)
        )
        types = "".join(TYPE.format(number=number) for number in numbers)
        mutations = "".join(MUTATION.format(number=number) for number in numbers)
        Path(folder, "generated_schema.py").write_text(f"{TYPES}{types}\n\nclass Mutation:\n    pass\n{mutations}")
        program = WITH_GENERATED.format(folder=folder)
        run("-c", program)
        times: list[float] = []
        for _ in range(runs):
            cpu, shown = run("-c", program).stdout.split()
            if int(shown) != count:
                raise RuntimeError(f"{shown} of {count} generated mutations stand in the schema")
            times.append(1000 * float(cpu))
        return min(times)


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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module", nargs="?", default="app")
    parser.add_argument("--mutations", type=int, metavar="N", help="measure `app` with so many mutations more")
    asked = parser.parse_args()
    if asked.mutations is not None:
        without, more = with_mutations(0), with_mutations(asked.mutations)
        print(f"import app: {without:.0f} ms of CPU time, with {asked.mutations} mutations more {more:.0f} ms (best)")
        return
    module = asked.module
    whole = total(module)
    print(f"import {module}: {whole.wall_ms:.0f} ms, {whole.cpu_ms:.0f} ms of CPU time (medians of {RUNS} processes)")
    print("of one more, the interpreter's own start included:")
    for package, own_us in by_package(measure(module))[:SHOWN]:
        print(f"{own_us / 1000:8.1f} ms  {package}")


if __name__ == "__main__":
    main()
