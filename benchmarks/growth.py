"""`make bench-growth`: the same operations on 1, 4 and 16 times the data, and the memory of one process over time."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

from benchmarks.__main__ import tell
from benchmarks.dataset import Scale
from benchmarks.decks import OPERATIONS, Operation
from benchmarks.loading import fresh_copy, loaded_database
from benchmarks.measuring import MANY, warm_up
from benchmarks.servers import Client, Target, client, product

FACTORS = (1, 4, 16)
FULL, QUICK = Scale(), Scale(providers=500, students=2_000, schools=10)
WINDOWS, WINDOW_SECONDS = 5, 0.5
EARLY_REQUESTS, LATE_REQUESTS, LATE_REQUESTS_QUICK = 1_000, 100_000, 20_000
KEYED_MOST, SEARCH_MOST, MEMORY_MOST = 1.3, 2.0, 1.2
SEARCHES = frozenset({"directory-page"})


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="make bench-growth", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the data")
    options = parser.parse_args()
    latencies = [await latencies_at((QUICK if options.quick else FULL).times(factor)) for factor in FACTORS]
    print("latency at one connection, times that on 1x the data (medians)")
    for operation in OPERATIONS:
        ratios = [found[operation.name] / latencies[0][operation.name] for found in latencies]
        most = SEARCH_MOST if operation.name in SEARCHES else KEYED_MOST
        told = "  ".join(f"{factor}x {ratio:.2f}" for factor, ratio in zip(FACTORS, ratios, strict=True))
        print(f"{operation.title:20} {told}  (at most {most})", flush=True)
    print(await memory(QUICK, LATE_REQUESTS_QUICK if options.quick else LATE_REQUESTS))


@asynccontextmanager
async def served(scale: Scale, operations: Sequence[Operation]) -> AsyncIterator[tuple[Client, Target]]:
    """The product on a copy of such a data set, and a load generator with the questions of these operations."""
    folder = Path(tempfile.mkdtemp(prefix="fc-bench-"))
    try:
        async with loaded_database(scale, tell) as (postgres, data):
            url = await fresh_copy(postgres)
            async with product(url) as ours, client(folder) as load:
                for operation in operations:
                    load.prepare(operation, operation.deck(data), ours)
                yield load, ours
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def latencies_at(scale: Scale) -> dict[str, float]:
    """The median latency of each operation on a data set of this scale."""
    async with served(scale, OPERATIONS) as (load, ours):
        return {operation.name: await latency(load, operation, ours) for operation in OPERATIONS}


async def latency(load: Client, operation: Operation, target: Target) -> float:
    """The median of several windows."""
    await warm_up(load, operation, [target])
    windows = [
        await load.load(operation, target, connections=1, seconds=WINDOW_SECONDS, most=most_of(operation))
        for _ in range(WINDOWS)
    ]
    return float(median(window["median"] for window in windows))


def most_of(operation: Operation) -> int:
    """What changes something has a bounded number of questions."""
    return 40 if operation.changes else 10**9


async def memory(scale: Scale, late: int) -> str:
    """The resident memory of the process after many requests, as a multiple of that after a few."""
    reads = [operation for operation in OPERATIONS if not operation.changes]
    async with served(scale, reads) as (load, ours):
        await spread(load, reads, ours, EARLY_REQUESTS)
        early = ours.memory_kb()
        await spread(load, reads, ours, late - EARLY_REQUESTS)
        ratio = f"{ours.memory_kb() / early:.2f} times that after {EARLY_REQUESTS:,}"
        return f"memory after {late:,} requests: {ratio} (at most {MEMORY_MOST})"


async def spread(load: Client, operations: Sequence[Operation], target: Target, requests: int) -> None:
    """So many requests, of all operations alike."""
    for operation in operations:
        await load.load(operation, target, connections=MANY, seconds=3_600, most=requests // len(operations))


if __name__ == "__main__":
    asyncio.run(main())
