"""Encryption at rest: a sealed value opens for its own row and column alone, and keys can be changed while in use."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from models.accounts import links
from models.accounts.accounts import Account
from models.accounts.links import Purpose, SecretLink
from models.accounts.second_factors import SecondFactor, enrol
from models.base import encryption
from models.base.encryption import UnopenableError, open_sealed, open_token, seal, seal_token
from models.base.ids import new_id
from models.base.statements import write
from settings import Settings

AT = datetime(2026, 3, 2, 15, tzinfo=UTC)
OLD = {"old": secrets.token_bytes(32)}
BOTH = {"new": secrets.token_bytes(32), **OLD}
NEW = {"new": BOTH["new"]}


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def keys(committed: Settings) -> AsyncIterator[None]:
    """The old key alone, on a database that no other key has sealed in; afterwards the program's own again."""
    encryption.configure(OLD)
    yield
    encryption.configure(committed.key_ring)


def test_a_sealed_value_opens_again_and_shows_nothing_of_itself() -> None:
    row = new_id()
    sealed = seal("123456789", "providers.tin", row)
    assert sealed.startswith("old:")
    assert "123456789" not in sealed
    assert sealed != seal("123456789", "providers.tin", row)
    assert open_sealed(sealed, "providers.tin", row) == "123456789"


def test_a_value_that_was_moved_or_changed_does_not_open() -> None:
    row = new_id()
    sealed = seal("123456789", "providers.tin", row)
    changed = sealed[:-10] + ("A" if sealed[-10] != "A" else "B") + sealed[-9:]
    for value, purpose, id in (
        (sealed, "providers.tin", new_id()),
        (sealed, "providers.account", row),
        (changed, "providers.tin", row),
        ("old:", "providers.tin", row),
        ("old:%%%", "providers.tin", row),
        ("unknown:" + sealed.partition(":")[2], "providers.tin", row),
    ):
        with pytest.raises(UnopenableError):
            open_sealed(value, purpose, id)


async def test_a_rotation_seals_every_column_anew_so_that_the_old_key_can_go() -> None:
    account = Account(email="keys@people.test", name="Keys", created_at=AT)
    await write(account)
    secret, _ = await enrol(account, at=AT)
    link = await links.issue(Purpose.PASSWORD_RESET, email=account.email, subject=account.id, at=AT)
    token = await links.token_of(link.id, at=AT)
    assert await encryption.rotate(BOTH) >= 2
    assert await encryption.rotate(BOTH) == 0
    encryption.configure(NEW)
    assert (await SecondFactor.get(account_id=account.id)).secret == secret
    assert await links.token_of(link.id, at=AT) == token
    assert ((await SecretLink.get(id=link.id)).sealed_token or "").startswith("new:")


def test_a_token_is_the_same_each_time_and_opens_for_what_it_is_bound_to_alone() -> None:
    token = seal_token(b"a place", b"this list")
    assert token == seal_token(b"a place", b"this list")
    assert open_token(token, b"this list") == b"a place"
    for unfit, bound in ((token, b"another list"), (token[:-1], b"this list"), ("", b"this list"), ("é", b"this list")):
        with pytest.raises(UnopenableError):
            open_token(unfit, bound)


def test_a_token_opens_until_its_key_is_taken_out_of_the_ring() -> None:
    token = seal_token(b"a place", b"this list")
    encryption.configure(BOTH)
    assert open_token(token, b"this list") == b"a place"
    encryption.configure(NEW)
    with pytest.raises(UnopenableError):
        open_token(token, b"this list")
