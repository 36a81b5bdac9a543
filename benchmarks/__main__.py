"""`make bench`: the product beside the floor, interleaved; prints ratios, keeps them, draws them."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.dataset import Scale
from benchmarks.decks import OPERATIONS
from benchmarks.loading import fresh_copy, loaded_database
from benchmarks.measuring import FULL, QUICK, measure, same_answers
from benchmarks.report import keep, table
from benchmarks.servers import client, floor, product


def tell(line: str) -> None:
    """Say what is going on, beside the results."""
    print(line, file=sys.stderr, flush=True)


async def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter windows, fewer rounds; nothing is kept")
    parser.add_argument("--only", nargs="*", help="these operations alone; nothing is kept")
    parser.add_argument("--rounds", type=int, help="how many rounds, if not as many as usual")
    parser.add_argument("--first-visits", action="store_true", help="of sessions that ask for the first time")
    options = parser.parse_args()
    effort = QUICK if options.quick else FULL
    if options.rounds:
        effort = replace(effort, rounds=options.rounds)
    chosen = [one for one in OPERATIONS if not options.only or one.name in options.only]
    folder = Path(tempfile.mkdtemp(prefix="fc-bench-"))
    try:
        async with loaded_database(Scale(), tell) as (postgres, data):
            url = await fresh_copy(postgres)
            async with product(url) as ours, floor(url) as theirs, client(folder) as load:
                sides = (ours, theirs)
                for operation in chosen:
                    questions = operation.deck(data)
                    for target in sides:
                        load.prepare(operation, questions, target)
                    await same_answers(load, operation, sides)
                found = await measure(load, chosen, sides, effort, tell, first_visits=options.first_visits)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(table(chosen, found))
    if not (options.quick or options.only or options.first_visits):
        keep(chosen, found)


if __name__ == "__main__":
    asyncio.run(main())
