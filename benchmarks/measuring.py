"""Windows of load, one side after the other in turn, long enough to be true, and what they come to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

import orjson

from benchmarks.decks import Operation
from benchmarks.servers import Client, FaultError, Target

MANY = 32
WINDOW_IN_MEDIANS = 20
WARM_UP_REQUESTS, WARM_UP_ALONE = 400, 20


@dataclass(frozen=True, slots=True)
class Effort:
    """How long and how often."""

    rounds: int
    seconds_alone: float
    seconds_together: float


FULL = Effort(rounds=9, seconds_alone=0.6, seconds_together=1.2)
QUICK = Effort(rounds=3, seconds_alone=0.4, seconds_together=0.6)


@dataclass(slots=True)
class Figures:
    """What the windows of one operation came to: for each side medians of latency alone and rates together."""

    latency: dict[str, list[float]] = field(default_factory=lambda: {"product": [], "floor": []})
    rate: dict[str, list[float]] = field(default_factory=lambda: {"product": [], "floor": []})

    def latency_ratios(self) -> list[float]:
        """How much longer the product takes, in each round."""
        return [mine / base for mine, base in zip(self.latency["product"], self.latency["floor"], strict=True)]

    def rate_ratios(self) -> list[float]:
        """How many times more the floor answers, in each round."""
        return [base / mine for mine, base in zip(self.rate["product"], self.rate["floor"], strict=True)]


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of several figures and the quarters around it."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Spread:
        """The median and the quartiles."""
        if len(figures) == 1:
            return cls(figures[0], figures[0], figures[0])
        low, _, high = quantiles(figures, n=4, method="inclusive")
        return cls(low, median(figures), high)


async def same_answers(client: Client, operation: Operation, sides: Sequence[Target]) -> None:
    """Both sides answer the same question with the same data; ids and times of what is new differ, their form not."""
    answers = []
    for target in sides:
        found = await client.load(operation, target, connections=1, seconds=0, most=1, keep=True)
        data = orjson.loads(found["answer"])["data"]
        answers.append(shape_of(data) if operation.changes else without_cursors(data))
    if answers[0] != answers[1]:
        raise FaultError(f"{operation.name}: the answers differ: {first_difference(answers[0], answers[1])}")


def first_difference(mine: Any, other: Any, path: str = "") -> str:
    """Where two answers differ first."""
    if isinstance(mine, dict) and isinstance(other, dict) and mine.keys() == other.keys():
        pairs = [(name, mine[name], other[name]) for name in mine]
    elif isinstance(mine, list) and isinstance(other, list) and len(mine) == len(other):
        pairs = [(str(index), *pair) for index, pair in enumerate(zip(mine, other, strict=True))]
    else:
        return f"{path}: {str(mine)[:200]} and {str(other)[:200]}"
    name, first, second = next(pair for pair in pairs if pair[1] != pair[2])
    return first_difference(first, second, f"{path}.{name}")


def without_cursors(value: Any) -> Any:
    """An answer without its cursors, which the product seals and the floor does not."""
    if isinstance(value, dict):
        return {name: "a cursor" if name == "endCursor" else without_cursors(item) for name, item in value.items()}
    return [without_cursors(item) for item in value] if isinstance(value, list) else value


def shape_of(value: Any) -> Any:
    """An answer without what is new each time."""
    if isinstance(value, dict):
        return {name: shape_of(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape_of(item) for item in value]
    if isinstance(value, str) and ("_" in value[:4] or value.endswith("Z")):
        return value[:4] if "_" in value[:4] else "a time"
    return value


async def warm_up(
    client: Client, operation: Operation, sides: Sequence[Target], *, first_visits: bool = False
) -> dict[str, float]:
    """Let each connection of each pool prepare its statements; answers how long one request takes about.

    Sessions have asked before what is measured, unless `first_visits` are to be.
    """
    expected = {}
    for target in sides:
        if not first_visits:
            await client.greet(operation, target, connections=MANY)
        await client.load(operation, target, connections=MANY, seconds=20, most=WARM_UP_REQUESTS)
        found = await client.load(operation, target, connections=1, seconds=20, most=WARM_UP_ALONE)
        expected[target.name] = found["median"]
    return expected


def shares(client: Client, operation: Operation, effort: Effort) -> tuple[int, int]:
    """How many requests a window may send, alone and together: what changes something is asked once, and must last."""
    if not operation.changes:
        return 10**9, 10**9
    left = client.questions[operation.name] - WARM_UP_REQUESTS - WARM_UP_ALONE - 2 * MANY * effort.rounds
    return left // (4 * effort.rounds), 3 * left // (4 * effort.rounds)


async def measure(
    client: Client,
    operations: Sequence[Operation],
    sides: Sequence[Target],
    effort: Effort,
    tell: Callable[[str], None],
    *,
    first_visits: bool = False,
) -> dict[str, Figures]:
    """All operations, round by round, the sides in turn and each round in another order."""
    expected = {}
    for operation in operations:
        expected[operation.name] = await warm_up(client, operation, sides, first_visits=first_visits)
    found = {operation.name: Figures() for operation in operations}
    for number in range(effort.rounds):
        for operation in operations:
            order = list(sides) if number % 2 else list(reversed(sides))
            most_alone, most_together = shares(client, operation, effort)
            alone = max(effort.seconds_alone, WINDOW_IN_MEDIANS * max(expected[operation.name].values()))
            for target in order:
                window = await client.load(operation, target, connections=1, seconds=alone, most=most_alone)
                found[operation.name].latency[target.name].append(window["median"])
            together = max(effort.seconds_together, WINDOW_IN_MEDIANS * max(expected[operation.name].values()) * 2)
            for target in order:
                window = await client.load(operation, target, connections=MANY, seconds=together, most=most_together)
                found[operation.name].rate[target.name].append(window["rate"])
        tell(f"round {number + 1} of {effort.rounds}")
    return found
