"""Documents: remembered within bounds, trusted by their hash, and merged by the rule of the specification."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphql import GraphQLError, OverlappingFieldsCanBeMergedRule, build_schema, parse, specified_rules, validate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.transport.client import post
from tests.transport.stand_in import SCHEMA, StandInEngine
from transport import GraphQLApp, Limits, build_manifest, load_manifest, write_manifest
from transport import documents as documents_module
from transport.documents import DocumentRefused, Documents
from transport.overlap import check_overlaps
from transport.trusted import document_id

HELLO = "query Hello { hello }"


def test_a_document_is_parsed_once() -> None:
    documents = Documents(SCHEMA, Limits())
    assert documents.get(HELLO) is documents.get(HELLO)


def test_the_documents_used_last_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents_module, "REMEMBERED_DOCUMENTS_MAX", 2)
    documents = Documents(SCHEMA, Limits())
    first = documents.get("{ a: hello }")
    documents.get("{ b: hello }")
    assert documents.get("{ a: hello }") is first
    documents.get("{ c: hello }")
    assert documents.get("{ a: hello }") is first
    assert len(documents._free) == 2


def test_what_is_remembered_is_bounded_in_characters_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents_module, "REMEMBERED_CHARACTERS_MAX", 100)
    documents = Documents(SCHEMA, Limits())
    for number in range(20):
        documents.get(f"{{ a{number}: hello }}")
    assert documents._characters == sum(map(len, documents._free)) <= 100


def test_a_document_that_is_refused_is_not_remembered() -> None:
    documents = Documents(SCHEMA, Limits())
    with pytest.raises(DocumentRefused):
        documents.get("{ missing }")
    assert not documents._free


async def test_a_trusted_document_is_asked_for_by_its_hash() -> None:
    engine = StandInEngine(free_documents=False)
    name = document_id(HELLO)
    app = GraphQLApp(engine, trusted={name: HELLO})
    assert (await post(app, {"documentId": name})).json["data"] == {"hello": "hello you"}
    assert (await post(app, {"documentId": f"sha256:{name}"})).status == 200
    assert (await post(app, {"query": HELLO})).status == 200  # the very text is as trusted as its hash
    assert (await post(app, {"query": HELLO + " "})).code == "FORBIDDEN"
    missing = await post(app, {"documentId": "0" * 64})
    assert (missing.status, missing.code) == (400, "PERSISTED_QUERY_NOT_FOUND")


def test_a_manifest_is_built_from_a_folder_and_read_back(tmp_path: Path) -> None:
    folder = tmp_path / "documents" / "home"
    folder.mkdir(parents=True)
    (folder / "hello.graphql").write_text(HELLO + "\n")
    (folder / "items.graphql").write_text("query Items { item { ...Whole } }\n")
    (folder / "shared.graphql").write_text("fragment Whole on Item { ...Part }\n\nfragment Part on Item { id }\n")
    manifest = build_manifest(tmp_path / "documents", SCHEMA)
    path = tmp_path / "trusted.json"
    write_manifest(manifest, path)
    assert load_manifest(path) == manifest
    assert manifest[document_id(HELLO)] == HELLO
    assert any("fragment Part" in text and "fragment Whole" in text for text in manifest.values())
    assert len(manifest) == 2


def test_a_folder_with_a_document_that_cannot_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "wrong.graphql").write_text("{ missing }")
    with pytest.raises(ValueError, match="missing"):
        build_manifest(tmp_path, SCHEMA)


def test_a_manifest_whose_text_was_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trusted.json"
    write_manifest({document_id(HELLO): HELLO + " "}, path)
    with pytest.raises(ValueError, match="another hash"):
        load_manifest(path)


MERGING = build_schema(
    """
    interface Named { name: String same: String other(size: Int): Named list: [Named] }
    type A implements Named { name: String same: String! other(size: Int): A list: [Named] only: Int a: A b: B }
    type B implements Named { name: String same: String other(size: Int): B list: [Named] only: String a: A b: B }
    union Either = A | B
    type Query { named: Named a: A b: B either: Either }
    """
)
STOCK = [OverlappingFieldsCanBeMergedRule]
OTHERS = [rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule]

LEAVES = ["name", "same", "x: name", "x: same", "only", "x: only", "__typename"]
PARENTS = ["other", "other(size: 1)", "other(size: 2)", "x: other", "list", "x: list", "a", "b", "x: a", "x: b"]


def selections(levels: int, spreads: bool = False) -> st.SearchStrategy[str]:
    """Selection sets in which names collide often."""
    leaf = st.sampled_from(LEAVES)
    if levels == 0:
        return st.lists(leaf, min_size=1, max_size=3).map(" ".join)
    below = selections(levels - 1, spreads)
    field = st.builds(lambda name, inner: f"{name} {{ {inner} }}", st.sampled_from(PARENTS), below)
    fragment = st.builds(lambda on, inner: f"... on {on} {{ {inner} }}", st.sampled_from(["A", "B", "Named"]), below)
    parts = [leaf, field, fragment]
    if spreads:
        parts.append(st.sampled_from(["...OnA", "...OnB", "...OnNamed"]))
    return st.lists(st.one_of(parts), min_size=1, max_size=4).map(" ".join)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(selections(2, spreads=True), selections(1), selections(0))
def test_our_rule_of_merging_agrees_with_the_librarys(root: str, on_named: str, on_a: str) -> None:
    text = (
        f"{{ named {{ {root} }} named {{ ...OnA ...OnB ...OnNamed }} }} fragment OnA on A {{ {on_a} }}"
        f" fragment OnB on B {{ name x: name }} fragment OnNamed on Named {{ {on_named} }}"
    )
    document = parse(text)
    if validate(MERGING, document, OTHERS):
        return
    agreed = not validate(MERGING, document, STOCK)
    try:
        check_overlaps(MERGING, document)
        merges = True
    except GraphQLError:
        merges = False
    assert merges == agreed


@pytest.mark.parametrize(
    ("text", "merges"),
    [
        ("{ a { x: name x: name } }", True),
        ("{ a { x: name x: same } }", False),
        ("{ named { ... on A { x: name } ... on B { x: same } } }", True),
        ("{ named { ... on A { x: name } ... on B { x: only } } }", True),
        ("{ named { ... on A { x: only } ... on B { x: only } } }", False),
        ("{ named { ... on A { same } ... on B { same } } }", False),
        ("{ named { ... on A { x: other { y: name } } ... on B { x: other { y: only } } } }", True),
        ("{ named { ... on A { x: other { only } } ... on B { x: other { only } } } }", False),
        ("{ named { other(size: 1) { name } ... on A { other(size: 2) { name } } } }", False),
        ("{ named { x: list { name } ... on A { x: other { name } } } }", False),
        ("query($s: Int) { a { other(size: $s) { name } other(size: $s) { same } } }", True),
        ("query($s: Int, $t: Int) { a { other(size: $s) { name } other(size: $t) { name } } }", False),
    ],
)
def test_merging_follows_the_specification(text: str, merges: bool) -> None:
    document = parse(text)
    assert validate(MERGING, document, OTHERS) == []
    assert (not validate(MERGING, document, STOCK)) is merges
    if merges:
        check_overlaps(MERGING, document)
        return
    with pytest.raises(GraphQLError):
        check_overlaps(MERGING, document)


def test_types_that_multiply_are_stopped_by_a_bound() -> None:
    def level(left: int) -> str:
        if left == 0:
            return "name"
        below = level(left - 1)
        return f"... on A {{ list {{ {below} }} }} ... on B {{ list {{ {below} }} }} list {{ {below} }}"

    with pytest.raises(GraphQLError, match="repeats too many fields"):
        check_overlaps(MERGING, parse("{ named { " + level(7) + " } }"))
