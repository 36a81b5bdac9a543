"""A key that expires soon: its keepers hear of it once, unless it was rotated or revoked meanwhile (ID-5)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest_asyncio

from models.accounts.accounts import Account
from models.base.access import Role, Viewer
from models.base.scopes import Scope
from models.base.statements import execute, transaction
from models.keys import partner_keys, reminders
from models.keys.partner_keys import PartnerKey
from models.practices.practices import Practice
from models.schools.schools import School
from settings import Settings
from tests.notifications.server import content_of, mail_server, post_office
from tests.notifications.work import do_all, forget_mails_so_far, statuses
from tests.support.two_sides import SOMEBODY, viewer_of
from tests.support.world import AT, school_of

SOON = AT + timedelta(days=20)


class Keepers:
    """A school with two of staff, a practice with its owner and an office user, and a key of each."""

    school: School
    practice: Practice
    staff: list[str]
    owner: str
    schools_key: PartnerKey
    practices_key: PartnerKey


@pytest_asyncio.fixture(loop_scope="session")
async def keepers(committed: Settings) -> AsyncIterator[Keepers]:
    """Everybody, twenty days before SOON; the keys last thirty."""
    made = Keepers()
    made.school, made.practice = await school_of(), await Practice.open(name="Harbor", by=None, at=AT)
    made.staff = [await address(await viewer_of(Role.SCHOOL, school_id=made.school.id)) for _ in range(2)]
    made.owner = await address(await viewer_of(Role.OFFICE, practice_id=made.practice.id))
    await viewer_of(Role.OFFICE, practice_id=made.practice.id, is_owner=False)
    await viewer_of(Role.SCHOOL, school_id=(await school_of()).id)
    await execute("UPDATE accounts SET email_verified_at = $1", AT)
    made.schools_key, _ = await partner_keys.create(made.school.id, name="Portal", days=30, by=None, at=AT)
    made.practices_key, _ = await partner_keys.create(
        None, practice_id=made.practice.id, name="Calendar", scopes=[Scope.SCHEDULE_READ], days=30, by=None, at=AT
    )
    await forget_mails_so_far()
    yield made


async def address(viewer: Viewer) -> str:
    """Where somebody is written to."""
    return (await Account.get(id=viewer.account_id)).email


async def test_those_who_look_after_a_key_hear_of_its_end_once(keepers: Keepers) -> None:
    assert await reminders.remind(at=AT + timedelta(days=15)) == 0
    assert await reminders.remind(at=SOON) == 2
    assert await reminders.remind(at=SOON + timedelta(days=1)) == 0
    async with mail_server() as server, post_office(server.url) as office:
        await do_all(office)
    assert sorted(to for to, _ in server.taken) == sorted([*keepers.staff, keepers.owner])
    message = next(message for to, message in server.taken if to == keepers.owner)
    assert message["Subject"] == "An API key expires soon"
    for part in content_of(message):
        assert "Calendar" in part
        assert keepers.practices_key.type_id in part
        assert "rotatePartnerKey" in part


async def test_of_many_workers_one_tells_of_a_key(keepers: Keepers) -> None:
    assert sum(await asyncio.gather(*(reminders.remind(at=SOON) for _ in range(6)))) == 2


async def test_what_was_rotated_or_revoked_meanwhile_is_told_to_nobody(keepers: Keepers) -> None:
    assert await reminders.remind(at=SOON) == 2
    async with transaction():
        await partner_keys.rotate(keepers.schools_key, days=30, overlap_hours=24, by=SOMEBODY, at=SOON)
        await partner_keys.revoke(keepers.practices_key, by=SOMEBODY, at=SOON)
    async with mail_server() as server, post_office(server.url) as office:
        await do_all(office)
    assert server.taken == []
    assert (await statuses())["key_expires"] == "DROPPED"


async def test_keys_that_were_rotated_or_are_made_for_days_are_not_warned_of(keepers: Keepers) -> None:
    async with transaction():
        await partner_keys.rotate(keepers.schools_key, days=300, overlap_hours=168, by=SOMEBODY, at=SOON)
        await partner_keys.revoke(keepers.practices_key, by=SOMEBODY, at=SOON)
        await partner_keys.create(keepers.school.id, name="A day", days=1, by=None, at=SOON)
    assert await reminders.remind(at=SOON) == 0
