"""The guide of the first day, done: an empty database, settings of production, real mail and HTTP, and no SQL."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest_asyncio

from models.accounts.accounts import ACCESS_LASTS, INACTIVITY
from models.accounts.office_users import REMIND_BEFORE, REVALIDATE_EVERY
from models.base.access import Role
from tests.support.first_day import STEPS, FirstDay, Person, command, commands_of_guide, new_server, steps_of_guide
from web.examples import screens

_, INVITE_FIRST, SERVE = commands_of_guide()
OPS, OWNER, OFFICE_USER = "ada@credits.example", "owner@practice.example", "desk@practice.example"


@pytest_asyncio.fixture(loop_scope="session")
async def day(postgres: str, tmp_path: Path) -> AsyncIterator[FirstDay]:
    """A server that has been set up as the guide says."""
    async with new_server(postgres, tmp_path) as day:
        yield day


async def test_the_guide_leads_from_an_empty_server_to_a_settled_session(day: FirstDay) -> None:
    assert SERVE == "serve"  # which is what `served` starts
    printed = await command(INVITE_FIRST, day.data_dir, **day.settings)
    async with day.served():
        assert printed.strip() in await day.letter(OPS, "invited")
        await program_staff_begins(day)
        await others_join_and_prepare(day)
        ends_at = await a_session_is_confirmed(day)
    day.ahead = ends_at - day.now + timedelta(minutes=1)
    async with day.served():
        used = await the_session_is_attested(day)
        await a_practice_gets_an_office(day)
    day.ahead += timedelta(minutes=1)
    async with day.served():
        await a_refresh_token_used_twice_ends_the_session(day, used)
    day.ahead += REVALIDATE_EVERY - REMIND_BEFORE + timedelta(days=1)
    async with day.served():
        await day.follow(await day.letter(OWNER, "confirm one of your office users"), "login")
    day.ahead += REMIND_BEFORE
    async with day.served():
        await an_office_user_lapses_and_is_revalidated(day)
        await a_program_of_the_school_reads(day)
    assert day.ran == steps_of_guide() == list(STEPS)


async def program_staff_begins(day: FirstDay) -> None:
    """The first of OPS joins, enters a school and a provider, and invites FINANCE, who announces rates."""
    await day.join(OPS, "OPS", "Ada")
    await day.step("01-open-school")
    await day.step("02-invite-school-staff")
    for name in ("03-join-provider", "04-enter-license", "05-verify-license"):
        await day.step(name)
    assert (await day.step("06-enroll-provider"))["provider"]["searchable"]
    await day.step("07-invite-provider")
    await day.step("08-invite-finance")
    await day.join("finance@credits.example", "FINANCE")
    rates = json.loads(STEPS["09-announce-rates"].variables)["input"]["rates"]
    await day.step("09-announce-rates", rates=[rate | {"effectiveFrom": day.now.date().isoformat()} for rate in rates])


async def others_join_and_prepare(day: FirstDay) -> None:
    """The school's staff enter a student and grant credits, the provider sets hours."""
    await day.join("counseling@harborside.example", "SCHOOL")
    assert (await day.step("10-set-crisis-line"))["school"]["crisisLine"] == "617 555 0100"
    await day.step("11-enter-student")
    await day.step("12-invite-student")
    await day.step("13-grant-credits")
    await day.letter("lena@practice.example", "profile is live")
    await day.join("lena@practice.example", "PROVIDER")
    await day.step("14-set-weekly-hours")
    await day.join("ana@harborside.example", "STUDENT")


async def a_session_is_confirmed(day: FirstDay) -> datetime:
    """The student requests, the provider confirms on the page that the mail leads to; when the session ends."""
    [provider] = (await day.step("15-find-opening"))["nodes"]
    assert (provider["bookingBlockedBy"], len(provider["openings"]["nodes"])) == ([], 5)
    assert (await day.step("16-preflight"))["wouldSucceed"]
    await day.step("17-request-appointment")
    request = await day.follow(await day.letter("lena@practice.example", "New request"), "appointments")
    assert request == day.known["appointment"]
    assert (await day.page("Appointment", "PROVIDER", id=request, paid=True))["status"] == "REQUESTED"
    await day.page("ConfirmAppointment", "PROVIDER", input={"appointmentId": request})
    confirmed = await day.page("Appointment", "STUDENT", id=request, paid=False)
    assert (confirmed["status"], confirmed["telehealthLink"]) == ("CONFIRMED", "https://video.example/lena")
    assert "https://video.example/lena" in await day.letter("ana@harborside.example", "Confirmed")
    return datetime.fromisoformat(confirmed["endsAt"])


async def the_session_is_attested(day: FirstDay) -> str:
    """A day or more later only the student's device is signed in still; the provider signs in and attests.

    Answers the refresh token that the device has exchanged.
    """
    assert ACCESS_LASTS < timedelta(days=1) < INACTIVITY[Role.STUDENT]
    assert {INACTIVITY[role] for role in (Role.OPS, Role.FINANCE)} == {timedelta(minutes=15)}
    assert {INACTIVITY[role] for role in (Role.SCHOOL, Role.OFFICE, Role.PROVIDER)} == {timedelta(minutes=30)}
    used = day.people["STUDENT"].refresh
    assert await day.refreshed("STUDENT") == []
    for role in ("OPS", "FINANCE", "SCHOOL", "PROVIDER"):
        assert await day.refreshed(role) == ["INVALID_CREDENTIALS"]
    await day.sign_in("PROVIDER")
    attested = {"appointmentId": day.known["appointment"], "presentingConcern": "ANXIETY"}
    claim = (await day.page("AttestSession", "PROVIDER", input=attested))["claim"]
    assert claim["status"] == "ACCEPTED"
    assert "125.00" in await day.letter("lena@practice.example", "accepted")
    await day.follow(await day.letter("ana@harborside.example", "take place"), "appointments")
    [home] = [screen for screen in screens() if screen.role == "STUDENT" and "wallet" in screen.query][:1]
    wallet = (await day.answer({"query": home.query}, "STUDENT"))["data"]["wallet"]
    assert (wallet["available"], wallet["held"]) == (3, 0)
    return used


async def a_refresh_token_used_twice_ends_the_session(day: FirstDay, used: str) -> None:
    """Whoever comes with a token that was exchanged before may have stolen it: the session ends for both (ID-2)."""
    newest = day.people["STUDENT"].refresh
    for token in (used, newest):
        day.people["STUDENT"].refresh = token
        assert await day.refreshed("STUDENT") == ["INVALID_CREDENTIALS"]


async def a_practice_gets_an_office(day: FirstDay) -> None:
    """OPS opens a practice, its owner invites an office user and modifies them (ID-4)."""
    await day.sign_in("OPS")
    for name in ("18-open-practice", "19-set-practice", "20-invite-owner"):
        await day.step(name)
    owner = await day.join(OWNER, "OFFICE")
    await day.step("21-invite-office-user")
    user = await day.join(OFFICE_USER, "OFFICE")
    day.people |= {"OFFICE": owner, "DESK": user}
    users = (await day.step("22-office-users"))["practice"]["officeUsers"]
    [day.known["membership"]] = [one["id"] for one in users if not one["isOwner"]]
    assert (await day.step("23-modify-office-user"))["officeUser"]["title"] == "Billing"


async def an_office_user_lapses_and_is_revalidated(day: FirstDay) -> None:
    """After 90 days an office user is kept out until the owner revalidates them, and for good once removed (ID-4)."""
    assert codes(await day.sign_in("DESK")) == ["NOT_ELIGIBLE"]
    await day.sign_in("OFFICE")
    await day.step("24-revalidate-office-user")
    assert codes(await day.sign_in("DESK")) == []
    await day.step("25-remove-office-user")
    assert codes(await day.sign_in("DESK")) != []


async def a_program_of_the_school_reads(day: FirstDay) -> None:
    """The school makes a key; its holder reads the schema, and the school's numbers by a worked query (ID-5)."""
    await day.sign_in("SCHOOL")
    key = (await day.step("26-create-partner-key"))["secret"]
    day.people["PARTNER"] = Person(email="", access=key, refresh="")
    read = await day.http.get("/schema.graphql", headers={"authorization": f"Bearer {key}"})
    assert "type Query" in read.text
    [dashboard] = [screen for screen in screens() if screen.role == "PARTNER"]
    variables = {"year": day.now.year}
    answer = await day.answer({"query": dashboard.query, "variables": variables}, "PARTNER")
    assert answer["data"]["viewer"]["school"]["name"] == "Harborside College"


def codes(payload: Any) -> list[str]:
    """The codes of a payload's refusals."""
    return [error["code"] for error in payload["userErrors"]]
