"""A world whose every value follows from a seed: good ones, nulls, wrong types, and errors in every kind of field."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any
from uuid import UUID

from graphql import GraphQLError


class Colour(Enum):
    """An enum whose values differ from its names."""

    RED = "r"
    GREEN = "g"
    BLUE = "b"


class Level(StrEnum):
    """An enum that is a string as well, as a database likes it."""

    LOW = "low"
    HIGH = "high"


class Size(Enum):
    """An enum of numbers."""

    SMALL = 1
    LARGE = 2


class PlantedError(Exception):
    """An error planted by the world."""


class Textual:
    """A value that is not a string, but can be shown as one."""

    def __str__(self) -> str:
        return "textual"


GOOD: dict[str, list[Any]] = {
    "text": ["", "plain", "ünïcode ✓", 'quo"ted', Level.LOW],
    "number": [0, 1, -1, 2**31 - 1, -(2**31), 17],
    "real": [0.0, 1.5, -2.25, 1e300],
    "flag": [True, False],
    "key": ["a1", "b2", "c3"],
    "colour": [Colour.RED, Colour.GREEN, Colour.BLUE, "r"],
    "level": [Level.LOW, Level.HIGH, "low", "high"],
    "size": [Size.SMALL, Size.LARGE, 2],
    "at": [datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)],
    "day": [date(2026, 2, 3)],
    "uuid": [UUID(int=5)],
    "price": [100, 250],
    "amount": [Decimal("1.50")],
    "words": [[], ["a"], ["a", "b"], ("c", "d")],
    "matrix": [[], [[1]], [[1, 2], [], [3]], ((4,), [5])],
    "sparse": [[], [["x", None], None], [["y"]]],
}
BAD: dict[str, list[Any]] = {
    "text": [1, 1.5, True, math.inf, ["list"], {"a": 1}, Textual(), b"bytes"],
    "number": [True, "12", "x", 2**31, 1.0, 1.5, math.nan, Decimal(3), Decimal("3.5"), [1], object],
    "real": [True, 3, 2**80, "2.5", "x", math.nan, math.inf, Decimal("0.5"), [1.0]],
    "flag": [0, 1, 2.5, math.nan, "true", [], Decimal(1)],
    "key": [1, 1.0, 1.5, True, [], Textual()],
    "colour": ["g", "RED", Level.LOW, 5, [], Colour],
    "level": ["HIGH", Colour.RED, 0, {}],
    "size": [3, True, 1.0, "1", Level.LOW, []],
    "at": [datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=2))), datetime(2026, 1, 2), "now", 5],  # noqa: DTZ001
    "day": [datetime(2026, 1, 2, tzinfo=UTC), "today"],
    "uuid": ["not one", 7],
    "price": [-1, -2, "dear"],
    "amount": ["x", 3],
    "words": [["a", None], [1], ["a", PlantedError("word")], "text", 5, {"a": 1}, {"one"}],
    "matrix": [
        [[1], None],
        [[1, None]],
        [[2**40]],
        [5],
        ["12"],
        [[1, PlantedError("cell")], [2]],
        [PlantedError("row"), [1]],
    ],
    "sparse": [[["x", 1], None], [[PlantedError("x")], ["y"]], "text", [[[]]]],
}


@dataclass(frozen=True)
class World:
    """All values there are, and how often they are bad."""

    seed: int
    rate: float

    def chance(self, *of: Any) -> random.Random:
        """The dice that belong to one value."""
        return random.Random(f"{self.seed} {of}")

    def error(self, dice: random.Random, what: str) -> Exception:
        """An error as resolvers raise them."""
        return dice.choice(
            [
                PlantedError(f"planted in {what}"),
                ValueError(f"no value for {what}"),
                GraphQLError(f"refused {what}", extensions={"code": "FORBIDDEN", "what": what}),
                PlantedError(),
            ]
        )

    def refusal(self, name: str, arguments: str) -> Exception | None:
        """What a whole batch fails with, if it does."""
        dice = self.chance(name, arguments)
        return self.error(dice, name) if dice.random() < self.rate / 3 else None

    def leaf(self, identity: str, name: str) -> Any:
        """The value of a plain attribute; it may be raised, returned as an exception, null, or of a wrong type."""
        dice = self.chance(identity, name)
        kind = name.removeprefix("maybe_")
        if dice.random() < self.rate:
            match dice.randrange(8):
                case 0:
                    raise self.error(dice, name)
                case 1:
                    return self.error(dice, name)
                case 2 | 3:
                    return None
                case _:
                    return dice.choice(BAD[kind])
        if name.startswith("maybe_") and dice.random() < 0.3:
            return None
        return dice.choice(GOOD[kind])

    def thing(self, identity: str, name: str, *, may_be_null: bool = False, kinds: str = "PRB") -> Any:
        """The object of a relation; it may be null, an error, or something else altogether."""
        dice = self.chance(identity, name)
        if dice.random() < self.rate:
            return dice.choice([None, self.error(dice, name), 5, "text", None, Stranger()])
        if may_be_null and dice.random() < 0.15:
            return None
        return self.made(dice.choice(kinds), f"{identity}.{name}")

    def things(self, identity: str, name: str, *, kinds: str = "PRB") -> Any:
        """The objects of a relation to many."""
        dice = self.chance(identity, name)
        if dice.random() < self.rate:
            return dice.choice([None, self.error(dice, name), 5, "text", iter([]), {}])
        count = dice.choice([0, 1, 2, 3])
        found = [self.thing(f"{identity}.{name}", str(index), kinds=kinds) for index in range(count)]
        return tuple(found) if dice.random() < 0.1 else found

    def made(self, kind: str, identity: str) -> Any:
        """One object of a kind: a person, a robot, or a box as an object or as a row."""
        match kind:
            case "P":
                return Person(self, identity)
            case "R":
                return Robot(self, identity)
            case _:
                return (BoxRow if self.chance(identity).random() < 0.6 else Box)(self, identity)


class Stranger:
    """An object that no type of the schema knows."""


class Body:
    """Something whose attributes the world knows."""

    def __init__(self, world: World, identity: str) -> None:
        self.world = world
        self.identity = identity

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name.startswith("direct_"):
            _, kinds, *rest = name.split("_")
            if rest == ["list"]:
                return self.world.things(self.identity, name, kinds=kinds)
            return self.world.thing(self.identity, name, kinds=kinds, may_be_null=rest == ["maybe"])
        return self.world.leaf(self.identity, name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of the world>"


class Person(Body):
    """A human being."""


class Robot(Body):
    """A being of metal."""


class Box(Body):
    """A thing with contents."""


class Row:
    """What all rows have: their columns are items as well."""

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


class BoxRow(Row, Box):
    """A box as a row."""


@dataclass
class Context:
    """What a request carries, the calls that were made for it, and which fields looked at the world at once."""

    world: World
    loaders: dict[Any, Any] = field(default_factory=dict)
    calls: list[tuple[str, int]] = field(default_factory=list)
    looks: list[tuple[str, ...]] = field(default_factory=list)
