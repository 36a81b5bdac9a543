"""What a client hears when it sends a change again with its idempotency key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from graphql import get_named_type

from schema.root import SCHEMA
from tests.support.api import Api, api_on
from tests.support.databases import own_database

STUDENT = "{ students(first: 1) { nodes { id } } }"
GRANT = """
mutation ($input: GrantCreditsInput!) {
  grantCredits(input: $input) { grant { id credits unused } warnings userErrors { code } }
}
"""
TWO_GRANTS = """
mutation ($first: GrantCreditsInput!, $second: GrantCreditsInput!) {
  first: grantCredits(input: $first) { grant { id } }
  second: grantCredits(input: $second) { grant { id } }
}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(postgres: str) -> AsyncIterator[Api]:
    """A client of a program of this module's own."""
    async with own_database(postgres) as settings, api_on(settings) as client:
        yield client


async def given(api: Api, **fields: Any) -> dict[str, Any]:
    """The input of a grant to the first student."""
    (student,) = (await api.ask(STUDENT, role="SCHOOL"))["students"]["nodes"]
    return {"studentId": student["id"], "credits": 3, **fields}


async def test_a_replay_says_so_and_answers_the_object_as_it_is_now(api: Api) -> None:
    sent = await given(api, idempotencyKey="twice")
    first, again = [(await api.send(GRANT, role="SCHOOL", variables={"input": sent})).json() for _ in range(2)]
    assert "replayed" not in first["extensions"]
    assert again["extensions"]["replayed"] is True
    assert again["data"] == first["data"]


async def test_a_request_of_which_one_change_is_replayed_says_so(api: Api) -> None:
    old, new = await given(api, idempotencyKey="old"), await given(api, idempotencyKey="new")
    await api.ask(GRANT, role="SCHOOL", input=old)
    answer = (await api.send(TWO_GRANTS, role="SCHOOL", variables={"first": old, "second": new})).json()
    assert answer["extensions"]["replayed"] is True


async def test_a_request_that_was_refused_is_no_replay(api: Api) -> None:
    sent = await given(api, idempotencyKey="refused", credits=1_000)
    for _ in range(2):
        answer = (await api.send(GRANT, role="SCHOOL", variables={"input": sent})).json()
        assert [error["code"] for error in answer["data"]["grantCredits"]["userErrors"]] == ["OUT_OF_BOUNDS"]
        assert "replayed" not in answer["extensions"]


def test_what_is_kept_with_a_key_are_objects_counts_and_warnings_but_no_text_that_is_shown_once() -> None:
    mutations = SCHEMA._schema.mutation_type
    assert mutations is not None
    texts = {
        (name, member)
        for name, field in mutations.fields.items()
        if takes_key(field)
        for member, below in get_named_type(field.type).fields.items()
        if get_named_type(below.type).name == "String"
    }
    assert texts == {
        ("grantCredits", "warnings"), ("decideCreditRequest", "warnings"), ("previewImport", "ignoredHeaders"),
    }  # fmt: skip


def takes_key(field: Any) -> bool:
    """Whether a mutation takes an idempotency key."""
    given = field.args.get("input")
    return given is not None and "idempotencyKey" in get_named_type(given.type).fields
