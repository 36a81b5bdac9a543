"""The presenting concern of a claim is the code of a term in use; documents from when it was an enum stay valid."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from models.appointments.appointments import Appointment
from models.base.access import Viewer
from models.base.statements import execute
from models.claims.claims import Claim
from settings import Settings
from tests.support.asking import COMPILED, CORE, answer, ask
from tests.support.databases import undone
from tests.support.world import AT, as_provider, confirmed, pair_of, requested

PAYLOAD = "{ claim { presentingConcern } userErrors { code field rule } }"


@pytest_asyncio.fixture(loop_scope="session")
async def session(database: Settings) -> AsyncIterator[Appointment]:
    """A confirmed session, in a transaction that leaves nothing behind."""
    async with undone():
        pair = await pair_of(credits=2)
        yield await confirmed(pair.student, pair.openings[0])


async def attest(session: Appointment, concern: str, **more: Any) -> Any:
    """The payload of an attestation."""
    text = f"mutation ($input: AttestSessionInput!) {{ attestSession(input: $input) {PAYLOAD} }}"
    sent = {"appointmentId": session.type_id, "presentingConcern": concern}
    return (await ask(text, by(session), at=session.ends_at, input=sent, **more))["attestSession"]


def by(session: Appointment) -> Viewer:
    """The provider who held it."""
    return as_provider(session.provider_id)


async def test_a_concern_that_came_with_the_vocabulary_is_taken(session: Appointment) -> None:
    assert await attest(session, "LONELINESS") == {"claim": {"presentingConcern": "LONELINESS"}, "userErrors": []}


@pytest.mark.parametrize("concern", ["ATHLETES", "NO_SUCH"])
async def test_what_is_no_concern_is_refused_and_nothing_is_claimed(session: Appointment, concern: str) -> None:
    assert await attest(session, concern) == {
        "claim": None,
        "userErrors": [{"code": "INVALID", "field": ["input", "presentingConcern"], "rule": "CL-1"}],
    }
    assert not await Claim.filter(appointment_id=session.id).exists()


async def test_a_retired_concern_stays_in_old_claims_and_is_refused_for_new_ones(session: Appointment) -> None:
    await attest(session, "SLEEP")
    await execute("UPDATE terms SET retired_at = now() WHERE kind = 'PRESENTING_CONCERN' AND code = 'SLEEP'")
    text = "query ($id: ID!) { node(id: $id) { ... on Claim { presentingConcern } } }"
    claim = await Claim.get(appointment_id=session.id)
    assert (await ask(text, by(session), id=claim.type_id))["node"] == {"presentingConcern": "SLEEP"}
    pair = await pair_of(credits=1)
    later = await confirmed(pair.student, pair.openings[0])
    assert [error["code"] for error in (await attest(later, "SLEEP"))["userErrors"]] == ["INVALID"]


async def test_a_missing_rate_and_an_unknown_concern_are_told_together(database: Settings) -> None:
    async with undone():
        pair = await pair_of(credits=1)
        asked = await requested(pair.student, pair.openings[0])
        await execute("UPDATE rates SET effective_from = '2200-01-01'")
        session = await Appointment.locked(asked.id)
        await session.confirm(by=by(session), at=AT)
        fields = [error["field"][1] for error in (await attest(session, "NO_SUCH"))["userErrors"]]
        assert fields == ["appointmentId", "presentingConcern"]


@pytest.mark.parametrize("core", [False, True])
@pytest.mark.parametrize(
    ("variable", "written"),
    [("", "ANXIETY"), ("", '"ANXIETY"'), (", $concern: PresentingConcern!", "$concern")],
)
async def test_documents_from_when_it_was_an_enum_are_valid(
    session: Appointment, variable: str, written: str, core: bool
) -> None:
    text = (
        f"mutation ($id: ID!{variable}) {{ attestSession(input: {{appointmentId: $id, presentingConcern: {written}}})"
        f" {PAYLOAD} }}"
    )
    more = {"concern": "ANXIETY"} if variable else {}
    plans = CORE if core else COMPILED
    told = await ask(text, by(session), at=session.ends_at, plans=plans, id=session.type_id, **more)
    assert told["attestSession"]["claim"] == {"presentingConcern": "ANXIETY"}


@pytest.mark.parametrize("concern", ["anxiety", "", "A" * 61, 7])
async def test_what_is_no_code_is_bad_input(session: Appointment, concern: Any) -> None:
    text = f"mutation ($input: AttestSessionInput!) {{ attestSession(input: $input) {PAYLOAD} }}"
    sent = {"appointmentId": session.type_id, "presentingConcern": concern}
    result = await answer(text, by(session), at=session.ends_at, input=sent)
    assert result.data is None
    assert result.errors
