"""Effects to the right: what later areas do about a fact, in the transaction in which it is raised."""

from __future__ import annotations

from datetime import datetime

import pytest

from models import load
from models.accounts import accounts
from models.accounts.accounts import Account
from models.base.access import Role, Viewer
from models.base.effects import Effects, student_erased, student_leaves
from models.base.statements import write
from tests.support.world import AT, as_staff

OPS = as_staff(Role.OPS)


async def test_areas_act_from_the_right_to_the_left_whatever_was_declared_first() -> None:
    said: list[str] = []
    effects: Effects[str] = Effects()
    for area in ("accounts", "claims", "credits"):

        async def act(subject: str, *, by: Viewer, at: datetime, area: str = area) -> None:
            said.append(f"{area} {subject}")

        act.__module__ = f"models.{area}.leaving"
        effects.effect(act)
    await effects.raised("went", by=OPS, at=AT)
    assert said == ["claims went", "credits went", "accounts went"]


def test_sessions_end_before_unused_credits_are_taken_back() -> None:
    load()
    assert [effect.__module__ for effect in student_leaves.effects] == [
        "models.appointments.leaving", "models.credits.grants", "models.credits.credit_requests",
    ]  # fmt: skip
    assert {effect.__module__ for effect in student_erased.effects} == {
        "models.accounts.leaving", "models.files.files", "models.invitations.invitations", "models.jobs.jobs",
    }  # fmt: skip


@pytest.mark.usefixtures("rolled_back")
async def test_shutting_an_account_raises_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    shut: list[Account] = []
    effects: Effects[Account] = Effects()

    async def act(account: Account, *, by: Viewer, at: datetime) -> None:
        assert account.disabled_at == at
        shut.append(account)

    act.__module__ = "models.directory.providers"
    effects.effect(act)
    monkeypatch.setattr(accounts, "account_shut", effects)
    account = Account(email="shut@people.test", name="Shut", created_at=AT)
    await write(account)
    for _ in range(2):
        await account.disable(by=OPS, at=AT)
    assert shut == [account]
