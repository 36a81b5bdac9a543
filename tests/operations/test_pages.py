"""Pages by cursors: rows that come and go make nobody miss or see one twice, and no cursor breaks anything."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as some

from models.base import encryption
from models.base.access import Role
from models.base.ids import decode
from models.base.statements import write
from models.invitations.invitations import Invitation
from operations.reads.pages import PAGE_DEFAULT, PAGE_MAX
from settings import Settings
from tests.support.asking import COMPILED, CORE, answer, ask, codes_of
from tests.support.databases import own_database, undone
from tests.support.two_sides import World, build
from tests.support.world import AT, as_staff

OPS = as_staff(Role.OPS)
FORWARD = """
query ($size: Int, $cursor: String) { invitations(first: $size, after: $cursor) {
  nodes { id } edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }
"""
BACKWARD = FORWARD.replace("first: $size, after: $cursor", "last: $size, before: $cursor")
EASY = hypothesis_settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(postgres: str) -> AsyncIterator[World]:
    """Two sides in a database of this module's own."""
    async with own_database(postgres):
        yield await build()


def invitation(minute: int) -> Invitation:
    """An invitation of that minute; few minutes, so that many are of the same."""
    at = AT + timedelta(days=1, minutes=minute)
    return Invitation(email="", role=Role.OPS, created_at=at, expires_at=at + timedelta(days=1))


async def invited(minutes: list[int]) -> list[Invitation]:
    """Invitations of these minutes, each to an address of its own."""
    rows = [invitation(minute) for minute in minutes]
    for number, row in enumerate(rows):
        row.email = f"{number}.{row.id}@example.test"
    if rows:
        await write(*rows)
    return rows


def in_order(rows: list[Invitation]) -> list[UUID]:
    """The ids as the list shows them: latest first, then by id, both downwards."""
    return [row.id for row in sorted(rows, key=lambda row: (row.created_at, row.id), reverse=True)]


MINUTES = some.lists(some.integers(0, 3), min_size=1, max_size=25)
CHANGES = some.lists(some.tuples(some.lists(some.integers(0, 3), max_size=3), some.integers(0, 100)), max_size=12)


@EASY
@given(MINUTES, CHANGES, some.integers(1, 6), some.booleans())
async def test_a_walk_neither_skips_nor_repeats_a_row_that_stays(
    world: World, minutes: list[int], changes: list[tuple[list[int], int]], size: int, backward: bool
) -> None:
    async with undone():
        await Invitation.all().delete()
        staying = await invited(minutes)
        seen: list[UUID] = []
        cursor, pending = None, list(changes)
        for _ in range(200):
            page = (await ask(BACKWARD if backward else FORWARD, OPS, size=size, cursor=cursor))["invitations"]
            ids = [decode(Invitation.PREFIX, node["id"]) for node in page["nodes"]]
            seen.extend(reversed(ids) if backward else ids)
            info = page["pageInfo"]
            if not (info["hasPreviousPage"] if backward else info["hasNextPage"]):
                break
            cursor = info["startCursor" if backward else "endCursor"]
            if pending:
                added, removed = pending.pop()
                await invited(added)
                gone = staying.pop(removed % len(staying)) if len(staying) > 1 else None
                if gone:
                    await Invitation.filter(id=gone.id).delete()
        else:
            pytest.fail("the walk does not end")
        assert len(seen) == len(set(seen)), "a row was shown twice"
        stayed = in_order(staying)
        expected = list(reversed(stayed)) if backward else stayed
        assert [id for id in seen if id in set(stayed)] == expected, "a row was skipped, or out of order"


@EASY
@given(MINUTES, some.integers(1, 8), some.data())
async def test_a_page_says_truly_what_lies_around_it(
    world: World, minutes: list[int], size: int, data: some.DataObject
) -> None:
    async with undone():
        await Invitation.all().delete()
        order = in_order(await invited(minutes))
        whole = (await ask(FORWARD, OPS, size=100, cursor=None))["invitations"]["edges"]
        assert [decode(Invitation.PREFIX, edge["node"]["id"]) for edge in whole] == order
        at = data.draw(some.integers(0, len(order) - 1))
        cursor = whole[at]["cursor"]
        behind = (await ask(FORWARD, OPS, size=size, cursor=cursor))["invitations"]
        before = (await ask(BACKWARD, OPS, size=size, cursor=cursor))["invitations"]
        assert [edge["cursor"] for edge in behind["edges"]] == [e["cursor"] for e in whole[at + 1 : at + 1 + size]]
        assert [edge["cursor"] for edge in before["edges"]] == [e["cursor"] for e in whole[max(0, at - size) : at]]
        assert behind["pageInfo"]["hasNextPage"] is (at + 1 + size < len(order))
        assert before["pageInfo"]["hasPreviousPage"] is (at - size > 0)


async def test_a_page_between_two_cursors_is_what_lies_between_them(world: World) -> None:
    text = "query ($a: String, $b: String) { invitations(first: 50, after: $a, before: $b) { edges { cursor } } }"
    async with undone():
        await Invitation.all().delete()
        await invited([0, 0, 1, 1, 2, 2])
        cursors = [edge["cursor"] for edge in (await ask(text, OPS))["invitations"]["edges"]]
        between = (await ask(text, OPS, a=cursors[1], b=cursors[4]))["invitations"]["edges"]
        assert [edge["cursor"] for edge in between] == cursors[2:4]


LISTS_OF_OPS = {
    "students": "students(first: 2, after: $cursor)",
    "students by a search": 'students(first: 2, after: $cursor, filter: { search: "a" })',
    "schools": "schools(first: 2, after: $cursor)",
    "appointments": "appointments(first: 2, after: $cursor)",
    "appointments, latest first": "appointments(first: 2, after: $cursor, orderBy: STARTS_AT_DESC)",
    "appointments, as requested": "appointments(first: 2, after: $cursor, orderBy: REQUESTED_AT_DESC)",
    "appointments of a status": "appointments(first: 2, after: $cursor, filter: { status: [CONFIRMED, REQUESTED] })",
    "claims": "claims(first: 2, after: $cursor)",
    "invitations": "invitations(first: 2, after: $cursor)",
    "open invitations": "invitations(first: 2, after: $cursor, filter: { open: true })",
    "providers": 'providers(first: 2, after: $cursor, filter: { state: "MA" })',
    "providers elsewhere": 'providers(first: 2, after: $cursor, filter: { state: "NY" })',
}
"""Lists that OPS read, some of the same rows in another order or by another filter."""


async def cursor_of(asked: str, viewer: Any) -> Any:
    """The cursor of the last row of a list's first page."""
    text = f"query ($cursor: String) {{ list: {asked} {{ pageInfo {{ endCursor }} }} }}"
    return (await ask(text, viewer, cursor=None))["list"]["pageInfo"]["endCursor"]


async def codes_with(asked: str, viewer: Any, cursor: str) -> list[Any]:
    """What a list answers to a cursor."""
    text = f"query ($cursor: String) {{ list: {asked} {{ nodes {{ id }} }} }}"
    return codes_of(await answer(text, viewer, cursor=cursor))


async def test_a_cursor_goes_on_in_the_list_order_and_filter_that_it_is_of_and_in_no_other(world: World) -> None:
    cursors = {name: await cursor_of(asked, OPS) for name, asked in LISTS_OF_OPS.items()}
    given = {name: cursor for name, cursor in cursors.items() if cursor is not None}
    assert len(given) >= 8, "two sides have rows in most of these lists"
    for of, cursor in given.items():
        for name, asked in LISTS_OF_OPS.items():
            codes = await codes_with(asked, OPS, cursor)
            assert codes == ([] if name == of else ["BAD_INPUT"]), f"a cursor of {of} in {name}"


async def test_a_filter_that_says_the_same_in_other_words_is_the_same(world: World) -> None:
    cursor = await cursor_of("appointments(first: 2, after: $cursor, filter: { upcoming: false })", OPS)
    same = "appointments(last: 1, after: $cursor, orderBy: STARTS_AT_ASC, filter: { upcoming: false, from: null })"
    assert await codes_with(same, OPS, cursor) == []


async def test_a_cursor_is_of_one_membership(world: World) -> None:
    asked = "appointments(first: 2, after: $cursor)"
    viewers = [side.viewers[role] for side in (world.a, world.b) for role in (Role.OPS, Role.STUDENT, Role.SCHOOL)]
    cursors = [await cursor_of(asked, viewer) for viewer in viewers]
    assert None not in cursors
    for viewer in viewers:
        taken = [await codes_with(asked, viewer, cursor) == [] for cursor in cursors]
        assert taken == [other is viewer for other in viewers]


async def test_a_cursor_of_one_students_list_is_refused_by_anothers_and_by_several_at_once(world: World) -> None:
    text = "query ($ids: [ID!]!, $cursor: String) { nodes(ids: $ids) { ... on Student {"
    text += " appointments(first: 1, after: $cursor) { nodes { id } pageInfo { endCursor } } } } }"
    here, there = world.a.student.type_id, world.b.student.type_id
    page = (await ask(text, OPS, ids=[here], cursor=None))["nodes"][0]["appointments"]
    cursor = page["pageInfo"]["endCursor"]
    assert codes_of(await answer(text, OPS, ids=[here], cursor=cursor)) == []
    assert codes_of(await answer(text, OPS, ids=[there], cursor=cursor)) == ["BAD_INPUT"]
    assert set(codes_of(await answer(text, OPS, ids=[here, there], cursor=cursor))) == {"BAD_INPUT"}


async def test_a_cursor_tells_nothing_of_its_row(world: World) -> None:
    cursor = await cursor_of("students(first: 1, after: $cursor)", OPS)
    content = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for student in (world.a.student, world.b.student):
        assert student.name.encode() not in content
        assert student.id.bytes not in content


async def test_a_cursor_holds_while_its_key_is_in_the_ring(world: World, database_settings: Settings) -> None:
    asked, ring = "students(first: 1, after: $cursor)", database_settings.key_ring
    cursor = await cursor_of(asked, OPS)
    newer = {"newer": b"1" * 32}
    try:
        for keys, codes in ((ring, []), ({**newer, **ring}, []), (newer, ["BAD_INPUT"])):
            encryption.configure(keys)
            assert await codes_with(asked, OPS, cursor) == codes
    finally:
        encryption.configure(ring)


async def test_without_a_size_there_are_twenty_rows(world: World) -> None:
    async with undone():
        await invited([0] * 30)
        assert len((await ask(FORWARD, OPS, size=None, cursor=None))["invitations"]["nodes"]) == PAGE_DEFAULT


@pytest.mark.parametrize("plans", [COMPILED, CORE], ids=["compiled", "core"])
@pytest.mark.parametrize(
    ("arguments", "is_fine"),
    [
        ("first: 1", True), (f"first: {PAGE_MAX}", True), ("last: 1", True), (f"last: {PAGE_MAX}", True),
        ("first: 0", False), (f"first: {PAGE_MAX + 1}", False), ("first: -1", False), ("first: 2147483647", False),
        ("last: 0", False), (f"last: {PAGE_MAX + 1}", False), ("last: -1", False), ("first: 1, last: 1", False),
        ('after: ""', False), ('before: "x"', False), ('after: "W10="', False), ("first: null, last: null", True),
    ],
)  # fmt: skip
async def test_a_size_is_one_to_a_hundred_and_a_cursor_one_of_ours(
    world: World, plans: Any, arguments: str, is_fine: bool
) -> None:
    for name in ("appointments", "students", "invitations"):
        result = await answer(f"{{ {name}({arguments}) {{ nodes {{ id }} }} }}", OPS, plans=plans)
        assert codes_of(result) == ([] if is_fine else ["BAD_INPUT"]), result


LISTS = (
    "appointments(first: 2, after: $cursor) { nodes { id } }",
    "students(first: 2, before: $cursor) { nodes { id } }",
    "appointments(first: 1) { nodes { history(first: 1, after: $cursor) { nodes { id } } } }",
)


def as_cursor(content: bytes) -> str:
    """Any bytes in the clothes of a cursor."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@hypothesis_settings(EASY, max_examples=200)
@given(some.text(max_size=100) | some.binary(max_size=100).map(as_cursor))
@example(as_cursor(b'["2026-03-02T15:00:00Z", "01a20220a67176aebb6d1db396ef6c6c"]'))  # what cursors once were
@example("a\x00b")
@example("\ud800")
@example("é")
@example("=" * 8)
@example("A")
async def test_no_cursor_breaks_a_list(world: World, cursor: str) -> None:
    for body in LISTS:
        async with undone():
            result = await answer(f"query ($cursor: String) {{ {body} }}", OPS, cursor=cursor)
        assert codes_of(result) == ["BAD_INPUT"], (cursor, result)


@EASY
@given(some.integers(0), some.integers(1, 255))
async def test_no_changed_cursor_is_taken(world: World, at: int, change: int) -> None:
    cursor = await cursor_of("students(first: 1, after: $cursor)", OPS)
    content = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    content[at % len(content)] ^= change
    assert await codes_with("students(first: 1, after: $cursor)", OPS, as_cursor(bytes(content))) == ["BAD_INPUT"]
