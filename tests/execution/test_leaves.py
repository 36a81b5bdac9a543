"""Each leaf type with each value that may turn up, right or wrong: serialized and refused as graphql-core does."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from graphql import parse, print_type

from execution import Plans
from tests.execution.both import compiled, core
from tests.execution.comparing import assert_same
from tests.execution.sample import schema
from tests.execution.world import BAD, GOOD, Box, BoxRow, Context, World


class Holding(World):
    """A world in which one attribute has one value."""

    def __init__(self, name: str, value: Any) -> None:
        super().__init__(0, 0.0)
        object.__setattr__(self, "held", (name, value))

    def leaf(self, identity: str, name: str) -> Any:
        """The one value."""
        held, value = self.held  # type: ignore[attr-defined]
        return value if name == held else super().leaf(identity, name)


EXOTIC: list[Any] = [
    None,
    Exception("returned"),
    object(),
    (),
    float("inf"),
    -(2**31) - 1,
    2**31,
    2**53 + 1,
    "",
    b"",
    {},
]
FIELDS = sorted(set(BAD) | {f"maybe_{name}" for name in BAD})
IN_BOX = print_type(schema._schema.type_map["Box"])


def camel(name: str) -> str:
    """The GraphQL name of an attribute."""
    return "".join(part.title() if index else part for index, part in enumerate(name.split("_")))


def values_of(name: str) -> list[Any]:
    """All values that an attribute may turn out to have."""
    kind = name.removeprefix("maybe_")
    return [*GOOD[kind], *BAD[kind], *EXOTIC]


CASES = [(name, value) for name in FIELDS if f"  {camel(name)}:" in IN_BOX for value in values_of(name)]


class AlwaysBox(Holding):
    """The same, where each box is of one class."""

    def __init__(self, name: str, value: Any, of: type[Box]) -> None:
        super().__init__(name, value)
        object.__setattr__(self, "of", of)

    def made(self, kind: str, identity: str) -> Any:
        """A box."""
        return self.of(self, identity)  # type: ignore[attr-defined]


@pytest.mark.parametrize("of", [BoxRow, Box])
async def test_every_leaf_is_serialized_or_refused_as_by_graphql_core(of: type[Box]) -> None:
    assert len(CASES) > 400
    for name, value in CASES:
        document = parse(f"{{ box {{ before: key held: {camel(name)} after: text }} }}")
        world = AlwaysBox(name, value, of)
        answers = [await plans.execute(document, context=Context(world)) for plans in (core, compiled)]
        assert_same(answers[0], answers[1], about=f"{name} {value!r}")


async def test_native_scalars_are_left_to_the_json_writer() -> None:
    native = Plans(schema, native_scalars={"DateTime", "UUID", "Date"})
    document = parse("{ box { at uuid maybeDay } }")
    values: dict[str, Any] = {
        "at": datetime(2026, 1, 2, 3, tzinfo=UTC),
        "uuid": UUID(int=7),
        "maybe_day": date(2026, 1, 2),
    }
    for name, value in values.items():
        result = await native.execute(document, context=Context(Holding(name, value)))
        expected = await core.execute(document, context=Context(Holding(name, value)))
        assert result.data is not None
        assert result.data["box"][camel(name)] is value
        assert orjson.loads(orjson.dumps(result.data)) == expected.data


async def test_a_local_time_is_serialized_even_where_native_times_pass() -> None:
    native = Plans(schema, native_scalars={"DateTime"})
    for value in BAD["at"]:
        document = parse("{ box { maybeAt } }")
        answers = [
            await plans.execute(document, context=Context(Holding("maybe_at", value))) for plans in (core, native)
        ]
        assert_same(answers[0], answers[1])
