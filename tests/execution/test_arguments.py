"""Arguments that are refused: when that is told, of whom, and how often they are read."""

from __future__ import annotations

from typing import Any, NewType

import pytest
import strawberry
from graphql import ExecutionResult, parse, validate
from graphql.execution import values as core_values
from strawberry.schema.config import StrawberryConfig

from execution import Computed, Plans, Single, arguments
from tests.execution.both import compiled, core
from tests.execution.comparing import assert_same
from tests.execution.sample import field
from tests.execution.test_levels import Crowd
from tests.execution.world import Context, PlantedError, World

# graphql-core drops fields that it has begun when a sibling turns their parent to null, and lets Python notice.
pytestmark = pytest.mark.filterwarnings(
    "ignore:coroutine .* was never awaited:RuntimeWarning",
    "ignore:Exception ignored in.*coroutine:pytest.PytestUnraisableExceptionWarning",
)

Told = list[tuple[str, list[str | int]]]


async def both(
    text: str, variables: dict[str, Any], world: World, paths: tuple[Plans, Plans] = (core, compiled)
) -> tuple[ExecutionResult, list[tuple[str, int]]]:
    """The answer of both paths, which is the same to the last error, and the calls of the compiled one."""
    document = parse(text)
    assert validate(paths[1].schema, document) == []
    assert paths[1].plan_of(document, variables=variables) is not None
    contexts = Context(world), Context(world)
    expected, actual = [
        await plans.execute(document, variables=variables, context=context)
        for plans, context in zip(paths, contexts, strict=True)
    ]
    assert_same(expected, actual, about=text)
    return actual, contexts[1].calls


def told(result: ExecutionResult) -> Told:
    """The first word of each error, and where it was."""
    return [(error.message.split()[0], list(error.path or ())) for error in result.errors or []]


SPOILT = {":maybe_text": PlantedError("spoilt"), ":maybe_number": PlantedError("spoilt")}


async def test_a_refused_argument_is_told_between_the_fields_before_and_behind() -> None:
    text = "query($number: Int) { before: broken box(number: $number) { key } behind: broken }"
    result, calls = await both(text, {"number": None}, Crowd(1))
    assert [path for _, path in told(result)] == [["before"], ["box"], ["behind"]]
    assert result.data == {"before": None, "box": None, "behind": None}
    assert calls == []


async def test_an_input_that_cannot_be_made_is_told_between_the_fields_before_and_behind() -> None:
    text = """query($number: Int, $must: Boolean = true) {
      a: broken echo(either: {number: $number}) b: broken
      again: echo(filter: {must: $must}) c: broken filters: echo(filters: [{must: $must}]) }"""
    for variables in ({"number": None, "must": None}, {"must": None}):
        result, calls = await both(text, variables, Crowd(1))
        assert [path for _, path in told(result)] == [["a"], ["echo"], ["b"], ["again"], ["c"], ["filters"]]
        assert calls == []


@pytest.mark.parametrize("written", ["perhaps: {number: null}", "perhaps: $perhaps", "perhaps: {number: $number}"])
async def test_what_only_strawberry_refuses_is_told_when_the_field_is_resolved(written: str) -> None:
    text = f"query($perhaps: Perhaps, $number: Int) {{ a: broken echo({written}) b: broken }}"
    text = text if "$perhaps" in written else text.replace("$perhaps: Perhaps, ", "")
    text = text if "$number" in written else text.replace(", $number: Int", "").replace("($number: Int)", "")
    result, calls = await both(text, {"perhaps": {"number": None}, "number": None}, Crowd(1))
    assert [path for _, path in told(result)] == [["a"], ["b"], ["echo"]]
    assert calls == []


async def test_a_refused_argument_is_told_of_each_parent_in_its_turn() -> None:
    text = (
        "query($first: Int) { things { ... on Box { maybeText } ... on Being { maybeText boxes(first: $first) { key }"
    )
    text += " text } } }"
    result, calls = await both(text, {"first": None}, Crowd(3, SPOILT))
    assert told(result) == [
        (word, ["things", index, *([key] if key else [])])
        for index in range(3)
        for word, key in [("spoilt", "maybeText"), ("Argument", "boxes")]
        if index < 2 or key == "maybeText"
    ]
    assert calls == [("things", 1)]


async def test_behind_a_refused_field_that_may_not_be_null_nothing_is_started() -> None:
    text = "query($of: String) { thing { ... on Box { maybeText owner { key } echo(of: $of) maybeNumber } } }"

    class Boxes(Crowd):
        def thing(self, identity: str, name: str, *, may_be_null: bool = False, kinds: str = "PRB") -> Any:
            return self.made("B", f"{identity}.{name}")

    result, calls = await both(text, {"of": None}, Boxes(1, SPOILT))
    assert result.data == {"thing": None}
    assert told(result) == [("spoilt", ["thing", "maybeText"]), ("Argument", ["thing", "echo"])]
    assert calls == [("thing", 1)]


async def test_a_refused_argument_at_the_root_of_a_mutation_stops_only_what_it_makes_null() -> None:
    text = """mutation($must: Boolean = true, $of: String) {
      change { maybeText echo(of: $of) maybeNumber } many { maybeText }
      replace(filter: {must: $must}) { key } never: many { key } }"""
    result, calls = await both(text, {"must": None, "of": None}, Crowd(1, SPOILT))
    assert result.data is None
    assert told(result) == [
        ("spoilt", ["change", "maybeText"]),
        ("Argument", ["change", "echo"]),
        ("spoilt", ["many", 0, "maybeText"]),
        ("Argument", ["replace"]),
    ]
    assert calls == [("change", 1), ("many", 1)]


async def test_a_mutation_is_refused_before_it_has_changed_anything_and_the_next_one_goes_on() -> None:
    @strawberry.type
    class Query:
        plain: str = "plain"

    done: list[int] = []

    async def changed(context: Any, parent: Any, selection: Any, *, by: int) -> int:
        done.append(by)
        return by

    @strawberry.type
    class Mutation:
        change: int | None = field(Single(changed), int | None, by=(int, 1))
        broken: str | None = field(Computed(lambda parent: parent.text), str | None)

    own = strawberry.Schema(query=Query, mutation=Mutation)
    text = "mutation($by: Int) { a: change(by: 2) b: broken c: change(by: $by) d: broken e: change }"
    result, _ = await both(text, {"by": None}, World(0, 0), (Plans(own, compiled=False), Plans(own)))
    assert [path for _, path in told(result)] == [["b"], ["c"], ["d"]]
    assert done == [2, 1] * 2


async def test_arguments_are_read_once_for_all_parents(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Any] = []

    def counted(*of: Any) -> dict[str, Any]:
        read.append(of)
        return core_values.get_argument_values(*of)

    monkeypatch.setattr(arguments, "get_argument_values", counted)
    text = "query($must: Boolean = true) { boxes { owner { boxes(filter: {must: $must}) { key } } } }"
    for must in (True, None):
        read.clear()
        result = await compiled.execute(parse(text), variables={"must": must}, context=Context(Crowd(50)))
        assert [error.path for error in result.errors or []] == ([] if must else [["boxes", 0, "owner", "boxes"]])
        # Owners are people and robots; each type has this field as its own.
        assert len(read) == 2


@pytest.mark.parametrize(
    ("text", "refusable"),
    [
        ("query($number: Int!) { box(number: $number) { key } }", False),
        ("query($number: Int) { box(number: $number) { key } }", True),
        ("query($number: Int = 3) { box(number: $number) { key } }", True),
        ("query($even: Even) { echo(even: $even, flag: false) }", False),
        ("query($number: Int) { echo(number: $number) }", False),
        ("query($text: String) { echo(filter: {must: true, text: $text}) }", True),
        ("{ box(number: 4) { key } echo(numbers: [1]) }", False),
    ],
)
def test_only_what_may_be_refused_is_read_beforehand(text: str, refusable: bool) -> None:
    plan = compiled.plan_of(parse(text), variables={"number": 1, "even": 2, "text": "a"})
    assert plan is not None
    assert bool(plan.refusable) is refusable


async def test_a_scalar_that_makes_nothing_of_a_value_is_refused_where_null_may_not_stand() -> None:
    Void = NewType("Void", object)
    config = StrawberryConfig(scalar_map={Void: strawberry.scalar(name="Void", parse_value=lambda value: None)})

    @strawberry.type
    class Query:
        look: str | None = field(Single(_never), str | None, void=Void)
        broken: str | None = field(Computed(lambda parent: parent.text), str | None)

    own = strawberry.Schema(query=Query, config=config)
    paths = Plans(own, compiled=False), Plans(own)
    text = "query($void: Void!) { a: broken look(void: $void) b: broken }"
    result, _ = await both(text, {"void": 1}, World(0, 0), paths)
    assert [path for _, path in told(result)] == [["a"], ["look"], ["b"]]


async def _never(context: Any, parent: Any, selection: Any, **given: Any) -> Any:
    raise AssertionError("a refused field is not resolved")
