"""What is compiled, how often, and what is left to graphql-core."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import strawberry
from graphql import GraphQLResolveInfo, parse
from strawberry.permission import BasePermission

from execution import Computed, Plans, Single, plans
from tests.execution.both import compiled, core
from tests.execution.comparing import assert_same
from tests.execution.sample import field, schema
from tests.execution.world import Context, World


class Allowed(BasePermission):
    """A permission that graphql-core has to check."""

    message = "no"

    def has_permission(self, source: Any, info: strawberry.Info, **kwargs: Any) -> bool:
        """Everybody may."""
        return True


@strawberry.type
class Odd:
    """Fields that only graphql-core knows how to answer."""

    @strawberry.field
    def resolved(self) -> str:
        """A field with an ordinary resolver."""
        return "resolved"

    guarded: str = strawberry.field(default="guarded", permission_classes=[Allowed])
    planned: str = strawberry.field(
        resolver=lambda: "planned",
        permission_classes=[Allowed],
        metadata={"plan": Computed(lambda parent: "unguarded")},
    )
    plain: str = "plain"


async def _odd(context: Any, parent: Any, selection: Any) -> Odd:
    return Odd()


@strawberry.type
class Query:
    """The root."""

    odd: Odd = field(Single(_odd), Odd)


@strawberry.type
class Subscription:
    """Only graphql-core subscribes."""

    @strawberry.subscription
    async def ticks(self) -> AsyncIterator[int]:
        """Numbers."""
        yield 1


odd_schema = strawberry.Schema(query=Query, subscription=Subscription)


@pytest.mark.parametrize(
    "text",
    [
        "{ odd { resolved } }",
        "{ odd { guarded } }",
        "{ odd { planned } }",
        "{ __schema { queryType { name } } }",
        '{ __type(name: "Odd") { name } }',
    ],
)
async def test_what_the_compiled_path_does_not_know_is_answered_by_graphql_core(text: str) -> None:
    both = Plans(odd_schema), Plans(odd_schema, compiled=False)
    document = parse(text)
    assert both[0].plan_of(document) is None
    answers = [await each.execute(document, context=Context(World(0, 0))) for each in both]
    assert answers[0].errors is None
    assert_same(answers[0], answers[1])


async def test_the_plain_fields_of_such_a_type_are_compiled() -> None:
    plan = Plans(odd_schema).plan_of(parse("{ odd { plain __typename } }"))
    assert plan is not None
    assert "plain" in plan.source


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("query A { plain } query B { plain }", None),
        ("query A { plain }", "B"),
        ("fragment F on Query { plain }", None),
        ("{ plain @unknown }", None),
        ("query @unknown { plain }", None),
        ("{ ...F } fragment F on Query @unknown { plain }", None),
    ],
)
async def test_documents_in_doubt_are_left_to_graphql_core(text: str, name: str | None) -> None:
    document = parse(text)
    assert compiled.plan_of(document, operation_name=name) is None
    answers = [
        await each.execute(document, operation_name=name, context=Context(World(0, 0))) for each in (core, compiled)
    ]
    assert_same(answers[0], answers[1])


async def test_a_switch_that_is_null_is_an_error_as_for_graphql_core() -> None:
    document = parse("query($on: Boolean = true) { plain box { key @include(if: $on) } }")
    answers = [
        await each.execute(document, variables={"on": None}, context=Context(World(0, 0))) for each in (core, compiled)
    ]
    assert answers[0].errors
    assert_same(answers[0], answers[1])


def test_a_document_is_compiled_once() -> None:
    document = parse("{ box { key } }")
    assert compiled.plan_of(document) is compiled.plan_of(document)


def test_a_kept_document_has_all_its_plans_before_it_is_asked_and_is_never_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plans, "OPERATIONS_MAX", 1)
    keeping = Plans(schema)
    document = parse("query Q($on: Boolean!) { plain box { key @include(if: $on) } }")
    keeping.keep(document, "Q")
    for text in ("{ plain }", "{ box { key } }"):
        keeping.plan_of(parse(text))
    monkeypatch.setattr(plans, "Planner", None)  # no plan can be made from here on
    settings = [keeping.plan_of(document, operation_name="Q", variables={"on": on}) for on in (True, False)]
    assert all(settings)
    assert settings[0] is not settings[1]


def test_a_document_has_a_plan_for_each_setting_of_its_switches() -> None:
    document = parse("query($on: Boolean!) { box { key text @include(if: $on) } }")
    on, off = (compiled.plan_of(document, variables={"on": value}) for value in (True, False))
    assert on is not None
    assert off is not None
    assert "text" in on.source
    assert "text" not in off.source.replace("texts", "")


def test_who_asks_for_too_many_settings_gets_graphql_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "VARIANTS_MAX", 2)
    few = Plans(schema)
    document = parse("query($a: Boolean!, $b: Boolean!) { plain @skip(if: $a) box { key @skip(if: $b) text } }")
    settings = [{"a": a, "b": b} for a in (True, False) for b in (True, False)]
    assert [few.plan_of(document, variables=setting) is not None for setting in settings] == [True, True, False, False]


def test_only_so_many_documents_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "OPERATIONS_MAX", 3)
    small = Plans(schema)
    documents = [parse("{ box { key } }") for _ in range(5)]
    first = [small.plan_of(document) for document in documents]
    assert small.plan_of(documents[4]) is first[4]
    assert small.plan_of(documents[0]) is not first[0]


def test_an_operation_with_too_many_possible_types_is_left_to_graphql_core() -> None:
    text = "{ __typename }"
    for _ in range(8):
        text = f"{{ ... on Robot {{ parts {text} }} }}"
    assert compiled.plan_of(parse(f"{{ thing {text} }}")) is not None
    for _ in range(20):
        text = f"{{ ... on Being {{ boss {text} }} }}"
    assert compiled.plan_of(parse(f"{{ thing {text} }}")) is None


async def test_inputs_are_made_anew_for_each_request() -> None:
    received: list[Any] = []

    @strawberry.input
    class Wanted:
        names: list[str]

    async def looked(context: Any, parent: Any, selection: Any, *, wanted: Any) -> str:
        wanted.names.append("changed")
        received.append(wanted)
        return ", ".join(wanted.names)

    @strawberry.type
    class Query:
        look: str = field(Single(looked), str, wanted=Wanted)

    own = Plans(strawberry.Schema(query=Query))
    for text in (
        '{ look(wanted: {names: ["a"]}) }',
        'query($names: [String!] = ["a"]) { look(wanted: {names: $names}) }',
    ):
        document = parse(text)
        for _ in range(2):
            result = await own.execute(document, context=Context(World(0, 0)))
            assert result.data == {"look": "a, changed"}
    assert len({id(wanted) for wanted in received}) == 4


async def test_a_test_of_the_type_is_told_about_the_request() -> None:
    seen: list[tuple[str, Any, str]] = []

    def is_type_of(value: Any, info: GraphQLResolveInfo[Any]) -> bool:
        seen.append((info.field_name, info.context.world.seed, str(info.return_type)))
        return True

    @strawberry.type
    class Leaf:
        name: str

    Leaf.__strawberry_definition__.is_type_of = is_type_of  # type: ignore[attr-defined]

    @strawberry.type
    class Query:
        leaf = field(Computed(lambda parent: Leaf(name="green")), Leaf)

    own = Plans(strawberry.Schema(query=Query))
    document = parse("{ leaf { name } }")
    assert own.plan_of(document) is not None
    result = await own.execute(document, context=Context(World(7, 0)))
    assert result.data == {"leaf": {"name": "green"}}
    assert seen == [("leaf", 7, "Leaf!")]


async def test_with_compiling_switched_off_graphql_core_answers() -> None:
    assert core.plan_of(parse("{ plain }")) is None
    assert (await core.execute(parse("{ plain }"), context=Context(World(0, 0)))).data == {"plain": "plain"}
