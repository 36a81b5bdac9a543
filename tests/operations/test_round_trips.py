"""How often a change waits for the database: statements sent, from the beginning of its transaction to its commit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest_asyncio

from models.availability.openings import Opening
from models.base.access import Role, Viewer
from models.base.ids import encode
from models.base.statements import fetch_one
from operations.audit_trail import Auditor
from tests.support.asking import COMPILED, context_of, document_of
from tests.support.databases import own_database, statements_sent
from tests.support.world import AT, Pair, as_provider, as_staff, as_student, pair_of, requested, student_of

WITH_KEY = {"requestAppointment": 2}
"""Statements more with an idempotency key: its answer is kept last, and it takes the place of what else is sent with
BEGIN: of nothing, or of the wallet's lock.
"""


@pytest_asyncio.fixture(scope="module", autouse=True, loop_scope="session")
async def one_connection(postgres: str) -> AsyncIterator[None]:
    """A database of this module's own, with one connection and real commits."""
    async with own_database(postgres, pool_size=1):
        yield


async def sent_for(
    verb: str, viewer: Viewer, selection: str, *, with_key: bool, at: datetime = AT, **fields: Any
) -> list[str]:
    """The statements of a change that succeeds, with its entry in the audit trail."""
    if with_key:
        fields["idempotencyKey"] = f"for {verb}"
    name = verb[0].upper() + verb[1:]
    text = f"mutation ($input: {name}Input!) {{ {verb}(input: $input) {{ {selection} userErrors {{ code }} }} }}"
    context, document = context_of(viewer, at=at), document_of(text)
    Auditor().prepare(context, document, None)
    async with statements_sent() as sent:
        result = await COMPILED.execute(document, variables={"input": fields}, context=context)
    assert result.errors is None
    assert result.data is not None
    assert result.data[verb]["userErrors"] == []
    return sent


async def counts_of(pair: Pair, *, with_key: bool) -> dict[str, int]:
    """How many statements each verb sends."""
    student, provider, openings = as_student(pair.student), as_provider(pair.provider), pair.openings
    others = [await student_of(pair.school, credits=2) for _ in range(2)]
    to_confirm, to_decline = [
        await requested(other, openings[turn]) for turn, other in zip((6, 12), others, strict=True)
    ]
    sent = {
        "grantCredits": await sent_for(
            "grantCredits", as_staff(Role.SCHOOL, school=pair.school), "grant { id }",
            studentId=pair.student.type_id, credits=2, with_key=with_key,
        ),
        "confirmAppointment": await sent_for(
            "confirmAppointment", provider, "appointment { id }", appointmentId=to_confirm.type_id, with_key=with_key
        ),
        "declineAppointment": await sent_for(
            "declineAppointment", provider, "appointment { id }", appointmentId=to_decline.type_id, with_key=with_key
        ),
        "attestSession": await sent_for(
            "attestSession", provider, "claim { id }", at=to_confirm.ends_at,
            appointmentId=to_confirm.type_id, presentingConcern="ANXIETY", with_key=with_key,
        ),
        "requestAppointment": await sent_for(
            "requestAppointment", student, "appointment { id }",
            openingId=encode(Opening.PREFIX, openings[0].id), state="MA", with_key=with_key,
        ),
    }  # fmt: skip
    return {verb: len(statements) for verb, statements in sent.items()}


EXPECTED = {
    "grantCredits": 5,
    "confirmAppointment": 5,
    "declineAppointment": 5,
    "attestSession": 5,
    "requestAppointment": 4,
}


async def test_a_change_waits_for_the_database_five_times_at_most() -> None:
    assert await counts_of(await pair_of(credits=10), with_key=False) == EXPECTED


async def test_an_idempotency_key_costs_one_or_two_statements_more() -> None:
    counts = await counts_of(await pair_of(credits=10), with_key=True)
    assert counts == {verb: count + WITH_KEY.get(verb, 1) for verb, count in EXPECTED.items()}


async def test_the_statements_of_another_viewer_are_prepared_already() -> None:
    prepared = [await prepared_for(await pair_of(credits=10)) for _ in range(2)]
    assert prepared[0] > 3
    assert prepared[1] == prepared[0]


async def prepared_for(pair: Pair) -> int:
    """How many statements the connection has prepared, once this pair has done everything."""
    await counts_of(pair, with_key=True)
    count: int = (await fetch_one("SELECT count(*) AS n FROM pg_prepared_statements")).n
    return count
