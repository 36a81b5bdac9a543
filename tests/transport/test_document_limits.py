"""Every limit on what a document may ask, on both sides of it, and documents made to hurt."""

from __future__ import annotations

import time
from typing import Any

import pytest
from graphql import get_introspection_query

from tests.transport.client import ask
from tests.transport.stand_in import StandInEngine
from transport import GraphQLApp, Limits

SECONDS_MAX = 0.1
BUSY_MACHINE = 5  # a shared machine may take a few tries to show what the code needs


def app_with(**limits: Any) -> GraphQLApp:
    return GraphQLApp(StandInEngine(budget=10**9), Limits(**limits))


def nested(levels: int) -> str:
    return "{ item " + "{ items " * (levels - 2) + "{ id }" + " }" * (levels - 2) + " }"


def aliased(count: int) -> str:
    return "{ item { " + " ".join(f"a{number}: id" for number in range(count)) + " } }"


def numbers(count: int) -> str:
    return ", ".join(["1"] * count)


BOTH_SIDES: list[tuple[str, dict[str, Any], str, str, dict[str, Any]]] = [
    # code, limits, the largest document that passes, the smallest that does not, variables
    ("TOKEN_LIMIT", {"tokens": 7}, "{ item { id name } }"[:-2] + "}", "{ item { id name id } }", {}),
    ("DEPTH_LIMIT", {"depth": 5}, nested(5), nested(6), {}),
    ("ALIAS_LIMIT", {}, aliased(15), aliased(16), {}),
    ("ROOT_FIELD_LIMIT", {}, "{" + " hello" * 10 + "}", "{" + " hello" * 11 + "}", {}),
    ("FIELD_LIMIT", {"fields": 4}, "{ item { id name id } }", "{ item { id name id name } }", {}),
    (
        "OPERATION_LIMIT",
        {"operations": 2},
        "query A { hello } query B { hello }",
        "query A { hello } query B { hello } query C { hello }",
        {},
    ),
    (
        "DIRECTIVE_LIMIT",
        {},
        "{ item {" + " id @skip(if: false)" * 20 + " } }",
        "{ item {" + " id @skip(if: false)" * 21 + " } }",
        {},
    ),
    (
        "INPUT_LIST_LIMIT",
        {},
        "{ total(numbers: [" + numbers(250) + "]) }",
        "{ total(numbers: [" + numbers(251) + "]) }",
        {},
    ),
    ("PAGE_LIMIT", {}, "{ items(first: 100) { total } }", "{ items(first: 101) { total } }", {}),
    ("PAGE_LIMIT", {}, "{ items(last: 100) { total } }", "{ items(last: 101) { total } }", {}),
    (
        "NODE_LIMIT",
        {"cost": 20_000},
        "{ items(first: 99) { nodes { items(first: 100) { id } } } }",
        "{ items(first: 100) { nodes { items(first: 100) { id } } } }",
        {},
    ),
    ("COST_LIMIT", {"cost": 21}, "{ items(first: 20) { nodes { id } } }", "{ items(first: 21) { nodes { id } } }", {}),
]


def picked(document: str, name: str) -> dict[str, Any]:
    return {"operationName": name} if "query A" in document else {}


@pytest.mark.parametrize(("code", "limits", "passes", "refused", "variables"), BOTH_SIDES)
async def test_each_limit_holds_on_both_sides(
    code: str, limits: dict[str, Any], passes: str, refused: str, variables: dict[str, Any]
) -> None:
    app = app_with(**limits)
    good = await ask(app, passes, variables=variables, **picked(passes, "A"))
    assert (good.status, good.json.get("errors")) == (200, None)
    bad = await ask(app, refused, variables=variables, **picked(refused, "A"))
    assert (bad.status, bad.code) == (400, code)
    assert "data" not in bad.json


PAGES = "query($n: Int) { items(first: $n) { nodes { id } } }"
DEFAULT_PAGES = "query($n: Int = 101) { items(first: $n) { nodes { id } } }"
IDS = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
MATRIX = "query($rows: [[Int!]!]) { total(numbers: [1], matrix: $rows) }"


@pytest.mark.parametrize(
    ("document", "variables", "code"),
    [
        (PAGES, {"n": 100}, None),
        (PAGES, {"n": 101}, "PAGE_LIMIT"),
        (PAGES, {"n": 101.0}, "PAGE_LIMIT"),
        (PAGES, {"n": 1e300}, "PAGE_LIMIT"),
        (PAGES, {"n": None}, None),
        (PAGES, {}, None),
        (PAGES, {"n": -1}, None),
        (PAGES, {"n": "100000"}, "BAD_INPUT"),
        (PAGES, {"n": True}, "BAD_INPUT"),
        (DEFAULT_PAGES, {}, "PAGE_LIMIT"),
        (DEFAULT_PAGES, {"n": 5}, None),
        ("{ items(first: 99999999999999999999) { total } }", {}, "BAD_INPUT"),
        ("{ items(first: 2147483647) { total } }", {}, "PAGE_LIMIT"),
        (IDS, {"ids": ["a"] * 250}, None),
        (IDS, {"ids": ["a"] * 251}, "INPUT_LIST_LIMIT"),
        (IDS, {"ids": "a"}, None),
        (MATRIX, {"rows": [[1] * 250] * 250}, None),
        (MATRIX, {"rows": [[1] * 251]}, "INPUT_LIST_LIMIT"),
        (MATRIX, {"rows": [[1]] * 251}, "INPUT_LIST_LIMIT"),
        ("{ hello }", {"unused": [[]] * 251}, "INPUT_LIST_LIMIT"),
    ],
)
async def test_variables_are_held_to_the_same_limits(
    document: str, variables: dict[str, Any], code: str | None
) -> None:
    assert (await ask(app_with(body_bytes=10**6), document, variables=variables)).code == code


@pytest.mark.parametrize(("levels", "code"), [(20, None), (21, "DEPTH_LIMIT")])
async def test_values_are_nested_only_so_deep(levels: int, code: str | None) -> None:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    assert (await ask(app_with(), "{ hello }", variables={"a": value})).code == code
    literal = "{ total(numbers: " + "[" * levels + "1" + "]" * levels + ") }"
    assert (await ask(app_with(), literal)).code == (code or "BAD_INPUT")


@pytest.mark.parametrize(("sets", "code"), [(50, None), (51, "DEPTH_LIMIT")])
async def test_selection_sets_are_nested_only_so_deep_even_without_fields(sets: int, code: str | None) -> None:
    inline = "{" + "... {" * (sets - 1) + "hello" + "}" * sets
    assert (await ask(app_with(), inline)).code == code
    chain = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(sets - 2))
    spreads = f"{{ ...F0 }} {chain} fragment F{sets - 2} on Query {{ hello }}"
    assert (await ask(app_with(), spreads)).code == code
    # Whichever use of a fragment comes first, the deepest one counts.
    known = f"{{ ...F{sets - 2} ...F0 }} {chain} fragment F{sets - 2} on Query {{ hello }}"
    assert (await ask(app_with(), known)).code == code


@pytest.mark.parametrize(("levels", "code"), [(20, None), (21, "DEPTH_LIMIT")])
async def test_introspection_has_its_own_depth_on_both_sides(levels: int, code: str | None) -> None:
    document = '{ __type(name: "Item") ' + "{ ofType " * (levels - 2) + "{ name }" + " }" * (levels - 2) + " }"
    assert (await ask(app_with(), document)).code == code


@pytest.mark.parametrize(
    ("document", "cost"),
    [
        ("{ hello }", 1),
        ("{ item { id name } }", 1),
        ("{ items(first: 10) { total } }", 1),
        ("{ items(first: 10) { nodes { id } } }", 11),
        ("{ items(first: 10) { nodes { items(first: 3) { id } } } }", 41),
        ("{ items { nodes { id } } }", 21),
        ("{ item { items { id } } }", 3),
        ("{ items(first: 2, last: 5) { nodes { id } } }", 6),
        ('{ nodes(ids: ["a", "b", "c"]) { id } }', 3),
        ("{ ...F ...F } fragment F on Query { item { id } }", 2),
        ("{ ... on Query { ... { item { id } } } }", 1),
        ('mutation { rename(name: "a") { id } }', 11),
        ('mutation { ...M } fragment M on Mutation { __typename rename(name: "a") { id } }', 11),
        ("{ __schema { types { name } } }", 100),
    ],
)
async def test_the_cost_is_one_for_each_object_that_may_be_answered(document: str, cost: int) -> None:
    engine = StandInEngine()
    answer = await ask(GraphQLApp(engine), document)
    assert engine.charged == [cost]
    assert answer.json["extensions"]["cost"]["requested"] == cost


async def test_a_field_may_cost_more_than_its_objects() -> None:
    engine = StandInEngine()
    await ask(GraphQLApp(engine, Limits(cost_fields={"Query.item": 7})), "{ item { id } a: item { id } }")
    assert engine.charged == [16]


async def test_the_price_follows_the_variables_of_each_request() -> None:
    engine = StandInEngine()
    app = GraphQLApp(engine)
    for size in [5, 50, 5]:
        await ask(app, PAGES, variables={"n": size})
    assert engine.charged == [6, 51, 6]


@pytest.mark.parametrize("options", [{}, {"specified_by_url": True, "input_value_deprecation": True}])
async def test_the_standard_introspection_query_passes(options: dict[str, bool]) -> None:
    answer = await ask(app_with(), get_introspection_query(**options))
    assert (answer.status, answer.json.get("errors")) == (200, None)


async def test_introspection_may_be_asked_under_another_name() -> None:
    assert (await ask(app_with(), '{ a: __type(name: "Item") { fields { type { fields { name } } } } }')).status == 200


async def test_one_name_for_two_fields_is_refused_and_for_one_field_merged() -> None:
    app = app_with()
    assert (await ask(app, "{ item { a: id a: name } }")).code == "VALIDATION_FAILED"
    assert (await ask(app, '{ hello(name: "a") hello(name: "b") }')).code == "VALIDATION_FAILED"
    merged = await ask(app, "{ item { id } ...F } fragment F on Query { item { id name } }")
    assert merged.json["data"] == {"item": {"id": "1", "name": "item 1"}}


def spread_bomb(levels: int, width: int = 2, leaf: str = "hello") -> str:
    """Each fragment spreads the next one several times: a kilobyte of text, 2 to the power of its levels in fields."""
    parts = ["{ ...F0 }"]
    for level in range(levels):
        parts.append(f"fragment F{level} on Query {{ {f'...F{level + 1} ' * width}}}")
    return " ".join([*parts, f"fragment F{levels} on Query {{ {leaf} }}"])


def field_bomb(levels: int) -> str:
    """The same through fields, which is what hung the library's own limiters."""
    parts = ["{ item { ...F0 } }"]
    for level in range(levels):
        parts.append(f"fragment F{level} on Item {{ a: items {{ ...F{level + 1} }} b: items {{ ...F{level + 1} }} }}")
    return " ".join([*parts, f"fragment F{levels} on Item {{ id }}"])


def every_fragment_spreads_every(count: int) -> str:
    names = " ".join(f"...F{number}" for number in range(count))
    return "{ ...F0 } " + " ".join(f"fragment F{number} on Query {{ {names} }}" for number in range(count))


def operations_with_fragments(operations: int, fragments: int) -> str:
    chain = " ".join(f"fragment F{n} on Query {{ hello ...F{n + 1} }}" for n in range(fragments))
    last = f"fragment F{fragments} on Query {{ hello }}"
    return " ".join(f"query Q{n} {{ ...F0 }}" for n in range(operations)) + chain + last


HOSTILE: dict[str, str] = {
    "a nest of spreads": spread_bomb(60),
    "a wide nest of spreads": spread_bomb(40, width=9),
    "a nest of empty spreads": spread_bomb(60, leaf=""),
    "a nest of unknown spreads": spread_bomb(60, leaf="...missing"),
    "a nest of fields": field_bomb(30),
    "a kilobyte of fields": field_bomb(12),
    "a fragment of itself": "{ ...F } fragment F on Query { ...F }",
    "fragments in a ring": "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
    "every fragment spreads every": every_fragment_spreads_every(12),
    "two fragments of one name": "{ ...F } fragment F on Query { ...F } fragment F on Query { hello }",
    "an unknown fragment": "{ ...missing }",
    "a chain of fragments": operations_with_fragments(1, 300),
    "many operations": operations_with_fragments(20, 40),
    "very many operations": operations_with_fragments(300, 1),
    "one field two thousand times": "{ item {" + " id" * 1990 + " } }",
    "a thousand times within the limit": "{ item {" + " id" * 990 + " } }",
    "objects to merge": "{ item {" + " items { id }" * 450 + " } }",
    "objects to merge, deeply": "{ item {" + " items { items { items { id } } }" * 150 + " } }",
    "objects to merge, and one differs": "{ item {"
    + " items { items { id } }" * 200
    + " items { items { id: name } } } }",
    "unknown fields": "{ item {" + " idd" * 990 + " } }",
    "unknown fields far down a long text": "{ item {" + "\n" * 90_000 + " idd" * 990 + " } }",
    "unknown arguments": "{ item {" + " items(frist: 1) { id }" * 190 + " } }",
    "unknown types": "{" + " ... on Itme { id }" * 300 + "}",
    "unknown variables": "{ item {" + " items(first: $a) { id }" * 200 + " } }",
    "many variables": "query(" + " ".join(f"$v{n}: Int" for n in range(600)) + ") { hello }",
    "a thousand selection sets": "{" + "item {" * 1000,
    "closed selection sets": "{" + "item {" * 600 + "id" + "}" * 601,
    "inline fragments in each other": "{" + "... {" * 600 + "hello" + "}" * 601,
    "few inline fragments in each other": "{" + "... {" * 120 + "hello" + "}" * 121,
    "lists in each other": "{ total(numbers: " + "[" * 900 + "]" * 900 + ") }",
    "few lists in each other": "{ total(numbers: " + "[" * 60 + "]" * 60 + ") }",
    "objects in each other": "{ total(numbers: " + "{a: " * 400 + "1" + "}" * 400 + ") }",
    "list types in each other": "query($a: " + "[" * 900 + "Int" + "]" * 900 + ") { hello }",
    "few list types in each other": "query($a: " + "[" * 90 + "Int" + "]" * 90 + ") { hello }",
    "100 KB of brackets": "[" * 99_000,
    "100 KB of braces": "{" * 99_000,
    "100 KB of commas": "," * 99_000,
    "100 KB of lines": "\n" * 99_000,
    "100 KB of comments": "#\n" * 49_000 + "{ hello }",
    "100 KB in one comment": "#" * 99_000 + "\n{",
    "100 KB of digits": "{ total(numbers: " + "1" * 98_000 + ") }",
    "100 KB of name": "{ " + "a" * 98_000 + " }",
    "100 KB of text": '{ hello(name: "' + "a" * 98_000 + '"',
    "100 KB of escapes": '{ hello(name: "' + "\\n" * 49_000 + '"',
    "100 KB of block text": '{ hello(name: """' + "\n a" * 32_000 + '"""',
    "100 KB of spreads": "{ " + "...F " * 19_000 + "}",
    "100 KB of directives": "{ hello " + "@a " * 32_000 + "}",
    "100 KB of quotes": '"' * 99_000,
}


@pytest.mark.parametrize("document", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_hostile_document_is_refused_quickly(document: str) -> None:
    app = app_with(body_bytes=300_000)  # the escapes of JSON come on top
    assert len(document) < 100_000
    fastest = SECONDS_MAX
    for _ in range(BUSY_MACHINE):
        started = time.thread_time()  # what it takes of a processor, whoever else is at work on the machine
        answer = await ask(app, document)
        fastest = time.thread_time() - started
        if fastest < SECONDS_MAX:
            break
    assert fastest < SECONDS_MAX
    if answer.status == 200:  # some are merely large: answering them must be as quick
        assert "errors" not in answer.json
    else:
        assert (answer.status, answer.code != "INTERNAL") == (400, True)
