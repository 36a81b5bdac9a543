"""Consents: a person gives one by the words that they were shown, once for all their schools, and takes it back."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from models.accounts.accounts import Account, Membership
from models.accounts.consents import Consent, ConsentText, Purpose
from models.appointments.appointments import Appointment
from models.base.access import Role, Viewer
from models.base.statements import transaction, write
from models.records import erasure
from models.records.erasure import ErasureReason
from tests.support.asking import ask, do
from tests.support.databases import own_database
from tests.support.two_sides import viewer_of
from tests.support.world import (
    AT,
    Pair,
    as_provider,
    as_staff,
    confirmed,
    openings_of,
    pair_of,
    provider_of,
    requested,
    school_of,
    student_of,
)

TEXTS = "{ consentTexts { id purpose version language title body since } }"
MINE = "{ consents(first: 10) { nodes { id purpose givenAt withdrawnAt text { version } } } }"
SEEN = "query ($id: ID!) { appointment(id: $id) { telehealthConsent { givenAt version } } }"
HOUR = timedelta(hours=1)


@dataclass(kw_only=True)
class Stage:
    """A student who can sign in, their provider, and a confirmed session."""

    pair: Pair
    student: Viewer
    session: Appointment

    @property
    def provider(self) -> Viewer:
        """The provider of the session."""
        return as_provider(self.pair.provider)

    async def seen_by(self, viewer: Viewer, *, at: datetime = AT) -> Any:
        """What the session says of the consent."""
        return (await ask(SEEN, viewer, at=at, id=self.session.type_id))["appointment"]["telehealthConsent"]


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def database_of_module(postgres: str) -> AsyncIterator[None]:
    """A database of this module's own, with real commits."""
    async with own_database(postgres, pool_size=20):
        yield


@pytest_asyncio.fixture(loop_scope="session")
async def stage() -> Stage:
    """A new pair with a session to come."""
    pair = await pair_of()
    student = await viewer_of(Role.STUDENT, student_id=pair.student.id, school_id=pair.school.id)
    return Stage(pair=pair, student=student, session=await confirmed(pair.student, pair.openings[0]))


async def shown_text(viewer: Viewer, *, at: datetime = AT) -> str:
    """The id of the text that a client shows."""
    texts = (await ask(TEXTS, viewer, at=at))["consentTexts"]
    found: str = next(text["id"] for text in texts if (text["purpose"], text["language"]) == ("TELEHEALTH", "en"))
    return found


async def given(viewer: Viewer, *, at: datetime = AT) -> Any:
    """The payload of a consent by the text that is shown."""
    return await do(
        "giveConsent", viewer, "consent { id givenAt }", at=at, consentTextId=await shown_text(viewer, at=at)
    )


async def test_the_provider_of_a_live_session_sees_the_consent_and_its_withdrawal_at_once(stage: Stage) -> None:
    assert await stage.seen_by(stage.provider) is None, "no session waits for it"
    consent = (await given(stage.student))["consent"]
    told = {"givenAt": AT, "version": "2026-01"}
    assert await stage.seen_by(stage.provider) == await stage.seen_by(stage.student) == told
    later = AT + HOUR
    payload = await do("withdrawConsent", stage.student, "consent { withdrawnAt }", at=later, consentId=consent["id"])
    assert payload["userErrors"] == []
    assert await stage.seen_by(stage.provider, at=later) is await stage.seen_by(stage.student, at=later) is None
    nodes = (await ask(MINE, stage.student, at=later))["consents"]["nodes"]
    assert [(node["purpose"], node["text"]["version"], bool(node["withdrawnAt"])) for node in nodes] == [
        ("TELEHEALTH", "2026-01", True)
    ]


async def test_nobody_sees_it_on_a_session_that_has_ended(stage: Stage) -> None:
    await given(stage.student)
    async with transaction():
        session = await Appointment.locked(stage.session.id)
        await session.cancel(by=stage.provider, at=AT)
    assert await stage.seen_by(stage.provider) is None


async def test_a_provider_of_another_student_sees_nothing_of_it(stage: Stage) -> None:
    await given(stage.student)
    other = await requested(await student_of(stage.pair.school, credits=1), stage.pair.openings[5])
    found = await ask(SEEN, stage.provider, id=other.type_id)
    assert found["appointment"]["telehealthConsent"] is None


async def test_who_studies_at_two_schools_gives_it_once(stage: Stage) -> None:
    await given(stage.student)
    school = await school_of()
    twin = await student_of(school, credits=1)
    membership = Membership(
        account_id=stage.student.account_id, role=Role.STUDENT, student_id=twin.id, school_id=school.id, created_at=AT
    )
    await write(membership)
    other = await provider_of()
    session = await requested(twin, (await openings_of(other))[9])
    found = await ask(SEEN, as_provider(other), id=session.type_id)
    assert found["appointment"]["telehealthConsent"] is not None
    assert len((await ask(MINE, membership.viewer()))["consents"]["nodes"]) == 1
    assert [error["code"] for error in (await given(membership.viewer()))["userErrors"]] == ["CONFLICT"]


async def test_other_words_are_a_new_version_and_a_consent_by_them_replaces_the_old_one(stage: Stage) -> None:
    await given(stage.student)
    old = await shown_text(stage.student)
    soon, later = AT + HOUR, AT + 2 * HOUR
    await write(
        ConsentText(
            purpose=Purpose.TELEHEALTH, version="2026-03", language="en", title="Video", body="New.", since=soon
        )
    )
    assert await shown_text(stage.student, at=AT) == old, "a text is shown from its day on"
    payload = await do("giveConsent", stage.student, "consent { id }", at=later, consentTextId=old)
    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [
        ("NOT_OPEN", ["input", "consentTextId"])
    ]
    assert (await given(stage.student, at=later))["userErrors"] == []
    assert (await stage.seen_by(stage.provider, at=later))["version"] == "2026-03"
    nodes = (await ask(MINE, stage.student, at=later))["consents"]["nodes"]
    assert [(node["text"]["version"], bool(node["withdrawnAt"])) for node in nodes] == [
        ("2026-03", False),
        ("2026-01", True),
    ]


async def test_what_is_withdrawn_is_not_withdrawn_again_and_can_be_given_again(stage: Stage) -> None:
    consent = (await given(stage.student))["consent"]
    first = await do("withdrawConsent", stage.student, "consent { id }", consentId=consent["id"])
    second = await do("withdrawConsent", stage.student, "consent { id }", consentId=consent["id"])
    assert (first["userErrors"], [error["code"] for error in second["userErrors"]]) == ([], ["NOT_OPEN"])
    assert (await given(stage.student))["userErrors"] == []


async def test_of_a_dozen_who_give_it_at_once_one_does(stage: Stage) -> None:
    answers = await asyncio.gather(*(given(stage.student) for _ in range(12)))
    outcomes = Counter(error["code"] for answer in answers for error in answer["userErrors"])
    assert outcomes == {"CONFLICT": 11}
    assert len((await ask(MINE, stage.student))["consents"]["nodes"]) == 1


async def test_giving_and_withdrawing_at_once_end_in_one_order_or_the_other(stage: Stage) -> None:
    for _ in range(5):
        live = (await given(stage.student))["consent"]
        withdrawn, again = await asyncio.gather(
            do("withdrawConsent", stage.student, "consent { id }", consentId=live["id"]), given(stage.student)
        )
        assert withdrawn["userErrors"] == []
        left = [node for node in (await ask(MINE, stage.student))["consents"]["nodes"] if not node["withdrawnAt"]]
        assert len(left) == (0 if again["userErrors"] else 1)
        for node in left:
            await do("withdrawConsent", stage.student, "consent { id }", consentId=node["id"])


async def test_erasure_ends_it_and_the_record_tells_of_it_and_its_words(stage: Stage) -> None:
    await given(stage.student)
    ops = as_staff(Role.OPS)
    for query in ("myRecord", f'studentRecord(studentId: "{stage.pair.student.type_id}")'):
        viewer = stage.student if query == "myRecord" else ops
        answered = await ask(f"{{ record: {query} {{ json {{ content }} }} }}", viewer)
        record = json.loads(answered["record"]["json"]["content"])
        [consent], [text] = record["consents"], record["consent_texts"]
        assert (consent["purpose"], consent["consentTextId"]) == ("TELEHEALTH", text["id"])
        assert "911" in text["body"]
    async with transaction():
        await erasure.erase(stage.pair.student.id, reason=ErasureReason.STUDENT_ASKED, by=ops, at=AT + HOUR)
    person = await Account.get(id=stage.student.account_id)
    [ended] = await Consent.filter(person_id=person.person_id)
    assert ended.withdrawn_at == AT + HOUR


@pytest.mark.parametrize("role", [Role.PROVIDER, Role.OPS])
async def test_the_words_are_shown_to_everybody_who_may_have_to_explain_them(stage: Stage, role: Role) -> None:
    viewer = stage.provider if role is Role.PROVIDER else as_staff(role)
    assert await shown_text(viewer) == await shown_text(stage.student)
