"""The last use of sessions is known at once and written down soon, without anybody waiting for it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from models.accounts.accounts import Account, Membership
from models.accounts.last_used import Seen
from models.accounts.sessions import open_session
from models.base.access import Role
from models.base.statements import fetch_one, write

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


async def a_session() -> UUID:
    """A session that was opened at `AT`."""
    account = Account(email="seen@example.org", name="Seen", created_at=AT)
    membership = Membership(account_id=account.id, role=Role.OPS, created_at=AT)
    await write(account, membership)
    await open_session(membership, device="", at=AT)
    id: UUID = (await fetch_one("SELECT id FROM sessions WHERE membership_id = $1", membership.id)).id
    return id


async def seen_at(session: UUID) -> datetime:
    """What the database says."""
    at: datetime = (await fetch_one("SELECT seen_at FROM sessions WHERE id = $1", session)).seen_at
    return at


@pytest.mark.usefixtures("rolled_back")
async def test_a_use_is_known_at_once_and_written_later() -> None:
    session, seen, later = await a_session(), Seen(), AT + timedelta(minutes=5)
    seen.note(session, at=later)
    assert seen.latest(session, AT) == later
    assert await seen_at(session) == AT
    await seen.write()
    assert await seen_at(session) == later
    assert seen.latest(session, AT) == AT, "what is written is forgotten here"


async def test_what_is_written_never_goes_back(rolled_back: BaseDBAsyncClient) -> None:
    session, seen = await a_session(), Seen()
    seen.note(session, at=AT - timedelta(minutes=5))
    await seen.write()
    assert await seen_at(session) == AT
