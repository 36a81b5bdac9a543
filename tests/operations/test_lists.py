"""Root lists: one way to narrow, one way to order, and each order is one that pages can walk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from graphql import GraphQLEnumType, GraphQLField, GraphQLInputObjectType, GraphQLNonNull, get_named_type

from models.base.access import Role
from models.claims.claims import Claim, ClaimStatus
from models.invitations.invitations import Invitation
from operations.reads.pages import PAGE_ARGUMENTS
from schema.root import SCHEMA
from tests.support.asking import ask
from tests.support.databases import own_database, undone
from tests.support.two_sides import World, build
from tests.support.world import AT, as_staff

OPS = as_staff(Role.OPS)
QUERY = SCHEMA._schema.query_type
assert QUERY is not None
LISTS: dict[str, GraphQLField] = {
    name: field for name, field in QUERY.fields.items() if get_named_type(field.type).name.endswith("Connection")
}
PAGE_NAMES = {name for name, _, _ in PAGE_ARGUMENTS}
NEEDED = {"providers": 'filter: {state: "MA"}, ', "auditTrail": "filter: {studentId: $student}, "}
"""What a list cannot be asked without."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(postgres: str) -> AsyncIterator[World]:
    """Two sides in a database of this module's own."""
    async with own_database(postgres):
        yield await build()


def row_type(field: GraphQLField) -> str:
    """The name of what a list lists."""
    return get_named_type(field.type).name.removesuffix("Connection")


@pytest.mark.parametrize("name", LISTS)
def test_a_root_list_is_narrowed_by_a_filter_and_ordered_by_an_enum_of_its_type(name: str) -> None:
    field = LISTS[name]
    assert set(field.args) - PAGE_NAMES <= {"filter", "orderBy"}
    if (given := field.args.get("filter")) is not None:
        kind = get_named_type(given.type)
        assert isinstance(kind, GraphQLInputObjectType)
        assert kind.name == f"{row_type(field)}Filter"
        required = any(isinstance(inner.type, GraphQLNonNull) for inner in kind.fields.values())
        assert isinstance(given.type, GraphQLNonNull) is required
    if (given := field.args.get("orderBy")) is not None:
        order = get_named_type(given.type)
        assert isinstance(order, GraphQLEnumType)
        assert order.name == f"{row_type(field)}Order"
        assert len(order.values) > 1, "one order is no choice"


def orders_of(field: GraphQLField) -> list[str]:
    """The orders that a list takes."""
    order = get_named_type(field.args["orderBy"].type) if "orderBy" in field.args else None
    return list(order.values) if isinstance(order, GraphQLEnumType) else []


ORDERS = [(name, order) for name, field in LISTS.items() for order in orders_of(field)]


def column_of(order: str) -> str:
    """The field that an order is about, as clients write it."""
    first, *rest = order.rsplit("_", 1)[0].lower().split("_")
    return first + "".join(word.capitalize() for word in rest)


@pytest.mark.parametrize(("name", "order"), ORDERS, ids=[f"{name}-{order}" for name, order in ORDERS])
async def test_each_order_is_what_its_name_says_and_pages_walk_it_both_ways(
    world: World, name: str, order: str
) -> None:
    column = column_of(order)
    given = f"{NEEDED.get(name, '')}orderBy: {order}"

    async def page(arguments: str) -> Any:
        text = f"{{ {name}({given}, {arguments}) {{ edges {{ cursor node {{ id }} }} }} }}"
        return (await ask(text, OPS))[name]["edges"]

    whole = await page("first: 100")
    ids = [edge["node"]["id"] for edge in whole]
    assert len(ids) > 1
    for forward in (True, False):
        walked: list[str] = []
        way = "first: 1" if forward else "last: 1"
        while edges := await page(way):
            walked.append(edges[0]["node"]["id"])
            way = f'{"first: 1, after" if forward else "last: 1, before"}: "{edges[0]["cursor"]}"'
        assert walked == (ids if forward else ids[::-1])
    if column in SCHEMA._schema.type_map[row_type(LISTS[name])].fields:  # type: ignore[attr-defined]  # an object type
        text = f"{{ {name}({given}, first: 100) {{ nodes {{ {column} }} }} }}"
        told = [node[column] for node in (await ask(text, OPS))[name]["nodes"]]
        assert told == sorted(told, reverse=order.endswith("_DESC"))


async def test_invitations_are_narrowed_to_the_open_ones_and_to_the_others(world: World) -> None:
    async def found(conditions: str) -> set[str]:
        text = f"{{ invitations(filter: {conditions}, first: 100) {{ nodes {{ id }} }} }}"
        return {node["id"] for node in (await ask(text, OPS))["invitations"]["nodes"]}

    async with undone():
        some = await Invitation.all().order_by("id")
        assert len(some) > 1
        await Invitation.filter(id=some[0].id).update(withdrawn_at=AT)
        still_open, ended, every = await found("{open: true}"), await found("{open: false}"), await found("{}")
        assert some[0].type_id in ended
        assert still_open
        assert not still_open & ended
        assert still_open | ended == every == await found("{open: null}")


async def test_claims_are_narrowed_by_status_and_by_the_time_of_their_submission(world: World) -> None:
    claims = await Claim.all().order_by("submitted_at")
    first, last = claims[0].submitted_at, claims[-1].submitted_at

    async def count(**conditions: Any) -> int:
        text = "query ($filter: ClaimFilter) { claims(filter: $filter) { totalCount } }"
        return int((await ask(text, OPS, filter=conditions))["claims"]["totalCount"])

    after = (last + timedelta(seconds=1)).isoformat()
    assert await count(**{"from": first.isoformat(), "until": after}) == len(claims)
    assert await count(until=first.isoformat()) == 0
    assert await count(**{"from": after}) == 0
    assert await count(status=[]) == 0
    accepted = [claim for claim in claims if claim.status is ClaimStatus.ACCEPTED]
    assert await count(status=["ACCEPTED"], until=after) == len(accepted) > 0


@pytest.mark.parametrize(("name", "field"), [("schools", "name"), ("practices", "name"), ("students", "email")])
async def test_a_search_finds_a_part_of_the_text_and_takes_its_signs_literally(
    world: World, name: str, field: str
) -> None:
    text = f"query ($search: String) {{ {name}(filter: {{search: $search}}) {{ nodes {{ {field} }} }} }}"
    every = (await ask(text, OPS, search=None))[name]["nodes"]
    wanted = every[0][field]
    found = (await ask(text, OPS, search=wanted[1:].upper()))[name]["nodes"]
    assert wanted in {node[field] for node in found}
    assert (await ask(text, OPS, search="%_%_no such"))[name]["nodes"] == []
