"""The differential test for as long as one likes: `python -m tests.execution.soak DOCUMENTS [FIRST SEED]`."""

from __future__ import annotations

import asyncio
import random
import sys
import time
import warnings

from tests.execution.both import same, valid
from tests.execution.operations import operation
from tests.execution.sample import schema
from tests.execution.test_differential import RATES
from tests.execution.world import World


async def soak(documents: int, first: int) -> None:
    """Compare both paths on many documents; stops at the first difference and tells its seed."""
    started, compiled, failing = time.monotonic(), 0, 0
    for seed in range(first, first + documents):
        asked = operation(schema._schema, random.Random(seed))
        document = valid(asked)
        for rate in RATES:
            try:
                answers = await same(asked, document, World(seed, rate))
            except Exception as difference:
                difference.add_note(f"seed {seed}, rate {rate}")
                raise
            compiled += answers.was_compiled
            failing += bool(answers.core.errors)
    cases = documents * len(RATES)
    took = time.monotonic() - started
    print(f"{cases} cases, {compiled} compiled, {failing} with errors, no difference, {took:.0f} s")


if __name__ == "__main__":
    warnings.filterwarnings("ignore", message="coroutine .* was never awaited")
    asyncio.run(soak(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
