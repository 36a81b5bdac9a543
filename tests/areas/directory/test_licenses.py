"""A submitted license: its provider or OPS enters it, and all of OPS but who did it hear that it waits (PR-4)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest_asyncio

from models.accounts.accounts import Account
from models.base.access import Role, Viewer
from models.base.statements import execute
from models.directory.licenses import VERIFIED_WITHIN
from models.directory.providers import Provider
from settings import Settings
from tests.notifications.server import MailServer, content_of, mail_server, post_office
from tests.notifications.work import do_all, forget_mails_so_far, statuses
from tests.support.asking import ask, do
from tests.support.two_sides import viewer_of
from tests.support.world import AT, as_student, provider_of, school_of, student_of

LICENSE: dict[str, Any] = {
    "licenseClass": "PSYCHOLOGIST",
    "title": "Licensed Psychologist",
    "number": "PSY-4711",
    "state": "VT",
    "expiresOn": "2030-01-01",
}
NODE = "query ($id: ID!) { node(id: $id) { id } }"
SUBJECT = "A license from VT waits to be verified"


@dataclass(kw_only=True)
class Stage:
    """A provider, two people of OPS and one of FINANCE, and a mail server."""

    provider: Provider
    clinician: Viewer
    ops: list[Viewer]
    addresses: list[str]
    server: MailServer

    async def enter(self, by: Viewer) -> str:
        """The id of the license, entered through the API."""
        payload = await do("enterLicense", by, "license { id verifiedAt }", providerId=self.provider.type_id, **LICENSE)
        assert payload["userErrors"] == []
        assert payload["license"]["verifiedAt"] is None
        return str(payload["license"]["id"])

    async def told(self) -> list[str]:
        """To whom mail was sent since the beginning."""
        async with post_office(self.server.url) as office:
            await do_all(office)
        return [to for to, _ in self.server.taken]


@pytest_asyncio.fixture(loop_scope="session")
async def stage(committed: Settings) -> AsyncIterator[Stage]:
    """Everybody, before anything is told."""
    provider = await provider_of()
    clinician = await viewer_of(Role.PROVIDER, provider_id=provider.id)
    ops = [await viewer_of(Role.OPS) for _ in range(2)]
    await viewer_of(Role.FINANCE)
    await execute("UPDATE accounts SET email_verified_at = $1", AT)
    accounts = [await Account.get(id=viewer.account_id) for viewer in ops]
    await forget_mails_so_far()
    async with mail_server() as server:
        addresses = [account.email for account in accounts]
        yield Stage(provider=provider, clinician=clinician, ops=ops, addresses=addresses, server=server)


async def test_a_license_that_its_provider_submits_is_told_to_everybody_of_ops_once(stage: Stage) -> None:
    id = await stage.enter(stage.clinician)
    assert sorted(await stage.told()) == sorted(stage.addresses)
    assert sorted(await stage.told()) == sorted(stage.addresses), "nobody is told twice"
    _, message = stage.server.taken[0]
    assert str(message["Subject"]) == SUBJECT
    for part in content_of(message):
        assert stage.provider.name in part
        assert id in part
        assert "Wed, Mar 4, 2026, 10:00 AM EST" in part  # 48 hours after it, in the provider's zone
        assert "https://credits.example.test/login" in part
        for more in (LICENSE["number"], LICENSE["title"], "sychologist", stage.provider.email):
            assert more not in part
    assert timedelta(hours=24) <= VERIFIED_WITHIN <= timedelta(hours=48)


async def test_who_of_ops_entered_it_is_not_told_and_the_others_are(stage: Stage) -> None:
    await stage.enter(stage.ops[0])
    assert await stage.told() == [stage.addresses[1]]


async def test_what_is_verified_meanwhile_is_told_to_nobody(stage: Stage) -> None:
    id = await stage.enter(stage.clinician)
    verified = await do("verifyLicense", stage.ops[0], "license { verifiedAt }", licenseId=id)
    assert verified["userErrors"] == []
    await stage.told()
    assert (await statuses())["license_submitted"] == "DROPPED"


async def test_others_see_it_only_once_ops_verified_it(stage: Stage) -> None:
    school = await school_of()
    student = await student_of(school)
    id = await stage.enter(stage.clinician)
    as_them = as_student(student)
    assert (await ask(NODE, as_them, id=id))["node"] is None
    assert (await ask(NODE, stage.clinician, id=id))["node"] == {"id": id}
    await do("verifyLicense", stage.ops[0], "license { id }", licenseId=id)
    assert (await ask(NODE, as_them, id=id))["node"] == {"id": id}
