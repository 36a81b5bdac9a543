"""Payout details: set by the provider, sealed at rest, shown by last four, opened by FINANCE alone with a trace."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from models.base import clock, encryption
from models.base.access import Role
from models.base.events import Event
from models.base.ids import decode, encode
from models.base.statements import execute, fetch, transaction
from models.notifications.mails import Mail
from models.payouts import payout_details
from models.payouts.payout_details import PayoutDetails
from notifications.facts import mail_facts
from notifications.letters import write_letter
from notifications.outbox import write_mails
from notifications.site import Site
from notifications.words import words_of
from settings import Settings
from tests.support.api import Api, api_on
from tests.support.databases import own_database, undone
from tests.support.planted import places_of
from tests.support.world import AT, as_provider, provider_of

TIN, ACCOUNT = "536904399", "000198765432"
SECRETS = (TIN, "536-90-4399", ACCOUNT)
FIELDS: dict[str, Any] = {
    "legalName": "Noor Haddad",
    "tinKind": "SSN",
    "tin": "536-90-4399",
    "routingNumber": "111000025",
    "accountNumber": "0001 9876 5432",
    "accountKind": "CHECKING",
    "authorisesDirectDeposit": True,
}
SHOWN = "id legalName tinKind tinLast4 routingNumber accountLast4 accountKind authorisedAt setAt supersededAt"
SELECTION = f"payoutDetails {{ {SHOWN} }}"
MINE = f"{{ payoutDetails {{ {SHOWN} provider {{ name }} }} }}"
OF = f"query ($id: ID) {{ payoutDetails(providerId: $id) {{ {SHOWN} }} }}"
REVEALED = f"{SELECTION} tin accountNumber"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def settings(postgres: str) -> AsyncIterator[Settings]:
    """A database of this module's own."""
    async with own_database(postgres) as settings:
        yield settings


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(settings: Settings) -> AsyncIterator[Api]:
    """A client of the program with the demo data."""
    async with api_on(settings) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def details(api: Api) -> Any:
    """The demo provider's details, as the answer to their setting shows them."""
    answer = await api.do("setPayoutDetails", role="PROVIDER", selection=SELECTION, **FIELDS)
    assert answer["userErrors"] == []
    return answer["payoutDetails"]


def codes(answer: Any) -> list[tuple[str, str, str]]:
    """The codes, rules and places of an answer's user errors."""
    return [(error["code"], error["rule"], ".".join(error["field"])) for error in answer["userErrors"]]


async def test_a_provider_sets_where_payouts_go_and_sees_the_last_four(api: Api, details: Any) -> None:
    assert (details["tinLast4"], details["accountLast4"], details["routingNumber"]) == ("4399", "5432", "111000025")
    assert details["supersededAt"] is None
    assert (await api.ask(MINE, role="PROVIDER"))["payoutDetails"] == {**details, "provider": {"name": "Noor Haddad"}}


async def test_the_provider_is_written_to_so_that_a_stranger_changes_nothing_unseen(api: Api, details: Any) -> None:
    at = await clock.demo_now()
    await write_mails(at=at, domain="demo.test")
    mail = await Mail.filter(template="payout_details_changed", address="provider@demo.test").first()
    assert mail is not None
    facts = (await mail_facts([mail.id]))[mail.id]
    letter = write_letter(
        mail.template, await words_of(mail.template, facts, at=at, site=Site(address="https://credits.test"))
    )
    assert letter.subject == "Your payout details were changed"
    assert [number for number in (*SECRETS, "4399", "5432", "111000025") if number in letter.text + letter.html] == []


async def test_the_same_details_again_change_nothing(api: Api, details: Any) -> None:
    again = await api.do("setPayoutDetails", role="PROVIDER", selection=SELECTION, **FIELDS)
    assert again["payoutDetails"] == details
    assert await Event.filter(subject_id=decode("pyd", details["id"]), verb="payout_details.set").count() == 1


async def test_new_details_replace_the_old_ones_which_stay_as_history(api: Api, details: Any) -> None:
    changed = {**FIELDS, "tinKind": "EIN", "tin": "91-1144442", "accountKind": "SAVINGS"}
    following = (await api.do("setPayoutDetails", role="PROVIDER", selection=SELECTION, **changed))["payoutDetails"]
    assert (following["tinKind"], following["tinLast4"], following["accountKind"]) == ("EIN", "4442", "SAVINGS")
    text = f"{{ payoutDetailsHistory(first: 2) {{ nodes {{ {SHOWN} }} }} }}"
    newest, before = (await api.ask(text, role="PROVIDER"))["payoutDetailsHistory"]["nodes"]
    assert newest == following
    assert before == {**details, "supersededAt": before["supersededAt"]}
    assert before["supersededAt"] == following["setAt"]
    await api.do("setPayoutDetails", role="PROVIDER", selection=SELECTION, **FIELDS)


async def test_everything_that_is_wrong_is_told_at_once_and_no_answer_repeats_a_number(api: Api) -> None:
    wrong = {
        "legalName": "Noor", "tinKind": "SSN", "tin": "666-90-4399", "routingNumber": "111000026",
        "accountNumber": "12AB", "accountKind": "CHECKING", "authorisesDirectDeposit": False,
    }  # fmt: skip
    before = await PayoutDetails.all().count()
    answer = await api.do("setPayoutDetails", role="PROVIDER", selection=SELECTION, **wrong)
    fields = ("tin", "routingNumber", "accountNumber", "authorisesDirectDeposit")
    assert codes(answer) == [("INVALID", "EN-3", f"input.{name}") for name in fields]
    assert not any(number in str(answer) for number in ("666-90", "66690", "111000026", "12AB"))
    assert await PayoutDetails.all().count() == before


@pytest.mark.parametrize(
    ("kind", "tin"),
    [("SSN", "000-12-3456"), ("SSN", "900-12-3456"), ("SSN", "078-05-1120"), ("SSN", "12345678"), ("EIN", "07-1234567"),
     ("EIN", "536904399x"), ("EIN", "５３６９０４３９９"), ("SSN", "٥٣٦٩٠٤٣٩٩")],
)  # fmt: skip
async def test_a_number_that_nobody_was_given_is_refused(api: Api, kind: str, tin: str) -> None:
    sent = {**FIELDS, "tinKind": kind, "tin": tin}
    answer = await api.do("setPayoutDetails", role="PROVIDER", selection=SELECTION, **sent)
    assert codes(answer) == [("INVALID", "EN-3", "input.tin")]


@pytest.mark.parametrize("number", ["000000000", "11100002", "1110000250", "111000024", "１１１０００025"])
async def test_a_routing_number_without_its_check_digit_is_refused(api: Api, number: str) -> None:
    answer = await api.do(
        "setPayoutDetails", role="PROVIDER", selection=SELECTION, **{**FIELDS, "routingNumber": number}
    )
    assert codes(answer) == [("INVALID", "EN-3", "input.routingNumber")]


@pytest.mark.parametrize(("number", "sound"), [("123", False), ("1234", True), ("1" * 17, True), ("1" * 18, False)])
async def test_an_account_number_has_4_to_17_digits(api: Api, number: str, sound: bool) -> None:
    answer = await api.do(
        "setPayoutDetails", role="PROVIDER", selection=SELECTION, **{**FIELDS, "accountNumber": number}
    )
    assert (answer["userErrors"] == []) is sound


async def test_finance_opens_the_numbers_and_leaves_who_when_and_why(api: Api, details: Any) -> None:
    sent = {"payoutDetailsId": details["id"], "reason": "TAX_FORM"}
    answer = await api.do("revealPayoutDetails", role="FINANCE", selection=REVEALED, **sent)
    assert (answer["tin"], answer["accountNumber"], answer["userErrors"]) == (TIN, ACCOUNT, [])
    event = (
        await Event.filter(subject_id=decode("pyd", details["id"]), verb="payout_details.revealed")
        .order_by("-id")
        .first()
    )
    assert event is not None
    finance = await fetch("SELECT id FROM accounts WHERE email = 'finance@demo.test'")
    assert (event.actor_id, event.actor_role, event.data) == (finance[0].id, "FINANCE", {"reason": "TAX_FORM"})
    assert event.request_id


async def test_each_reveal_leaves_a_trace_of_its_own(api: Api, details: Any) -> None:
    traces = Event.filter(subject_id=decode("pyd", details["id"]), verb="payout_details.revealed")
    before = await traces.count()
    for _ in range(2):
        sent = {"payoutDetailsId": details["id"], "reason": "AUDIT"}
        await api.do("revealPayoutDetails", role="FINANCE", selection="tin", **sent)
    assert await traces.count() == before + 2


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.FINANCE, Role.OFFICE, Role.PARTNER}))
async def test_nobody_else_opens_the_numbers_the_provider_included(api: Api, details: Any, role: str) -> None:
    before = await Event.filter(verb="payout_details.revealed").count()
    text = "mutation ($i: RevealPayoutDetailsInput!) { revealPayoutDetails(input: $i) { tin accountNumber } }"
    errors = await api.fail(text, role=role, i={"payoutDetailsId": details["id"], "reason": "AUDIT"})
    assert [error["extensions"]["code"] for error in errors] == ["FORBIDDEN"]
    assert await Event.filter(verb="payout_details.revealed").count() == before


async def test_a_reveal_that_cannot_be_noted_shows_nothing(
    api: Api, details: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unwritten(*_: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(payout_details, "write", unwritten)
    text = "mutation ($i: RevealPayoutDetailsInput!) { revealPayoutDetails(input: $i) { tin } }"
    sent = {"i": {"payoutDetailsId": details["id"], "reason": "AUDIT"}}
    answer = (await api.send(text, role="FINANCE", variables=sent)).json()
    assert answer["data"] == {"revealPayoutDetails": None}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["INTERNAL"]


async def test_ops_and_finance_see_the_last_four_others_nothing_at_all(api: Api, details: Any) -> None:
    noor = await fetch("SELECT id FROM providers WHERE name = 'Noor Haddad'")
    id = encode("prv", noor[0].id)
    for role in ("OPS", "FINANCE"):
        assert (await api.ask(OF, role=role, id=id))["payoutDetails"] == details
    node = "query ($id: ID!) { node(id: $id) { id } }"
    for role in ("STUDENT", "SCHOOL"):
        assert [e["extensions"]["code"] for e in await api.fail(OF, role=role, id=id)] == ["FORBIDDEN"]
        assert (await api.ask(node, role=role, id=details["id"]))["node"] is None


async def test_a_provider_sees_nothing_of_another_one(api: Api, details: Any) -> None:
    other = await provider_of(week=())
    row = await payout_details.set_details(other.id, PAYEE, authorises_deposit=True, by=as_provider(other), at=AT)
    assert (await api.ask(OF, role="PROVIDER", id=encode("prv", other.id)))["payoutDetails"] is None
    node = await api.ask("query ($id: ID!) { node(id: $id) { id } }", role="PROVIDER", id=row.type_id)
    assert node["node"] is None


PAYEE = payout_details.Payee(
    legal_name="Somebody Else",
    tin_kind=payout_details.TinKind.SSN,
    tin=TIN,
    routing_number="111000025",
    account_number=ACCOUNT,
    account_kind=payout_details.AccountKind.CHECKING,
)


async def test_the_numbers_stand_nowhere_in_the_database_nor_in_any_log(
    api: Api, details: Any, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await api.do("setPayoutDetails", role="PROVIDER", selection=SELECTION, **{**FIELDS, "accountKind": "SAVINGS"})
        await api.do("setPayoutDetails", role="PROVIDER", selection=SELECTION, **FIELDS)
        sent = {"payoutDetailsId": details["id"], "reason": "AUDIT"}
        await api.do("revealPayoutDetails", role="FINANCE", selection=REVEALED, **sent)
        # Of a type that the schema refuses: GraphQL's own error repeats the value, to its sender alone.
        text = "mutation ($i: SetPayoutDetailsInput!) { setPayoutDetails(input: $i) { userErrors { code } } }"
        await api.fail(text, role="PROVIDER", i={**FIELDS, "tin": int(TIN)})
    told = capsys.readouterr()
    assert [secret for secret in SECRETS if secret in caplog.text + told.out + told.err] == []
    assert await places_of(*SECRETS) == []
    assert await places_of("Noor Haddad"), "the search finds what is there"
    assert [secret for secret in SECRETS if secret in repr(PAYEE) + repr(payout_details.compact(PAYEE))] == []


async def test_neither_verb_takes_an_idempotency_key_that_would_keep_its_answer(api: Api) -> None:
    for name in ("SetPayoutDetailsInput", "RevealPayoutDetailsInput"):
        found = await api.ask(f'{{ __type(name: "{name}") {{ inputFields {{ name }} }} }}', role="OPS")
        assert "idempotencyKey" not in {field["name"] for field in found["__type"]["inputFields"]}


async def test_of_many_settings_at_once_one_is_current_and_none_is_lost(settings: Settings) -> None:
    provider = await provider_of(week=())

    async def set_one(number: int) -> None:
        async with transaction():
            payee = replace(PAYEE, account_number=f"{10_000 + number}")
            await payout_details.set_details(
                provider.id, payee, authorises_deposit=True, by=as_provider(provider), at=AT
            )

    encryption.configure(settings.key_ring)
    await asyncio.gather(*(set_one(number) for number in range(8)))
    rows = await PayoutDetails.filter(provider_id=provider.id)
    assert len(rows) == 8
    assert len([row for row in rows if row.superseded_at is None]) == 1


async def test_a_rotation_of_keys_covers_both_numbers(settings: Settings) -> None:
    old, new = {"old": secrets.token_bytes(32)}, {"new": secrets.token_bytes(32)}
    try:
        async with undone():
            encryption.configure({**old, **settings.key_ring})
            provider = await provider_of(week=())
            made = await payout_details.set_details(
                provider.id, PAYEE, authorises_deposit=True, by=as_provider(provider), at=AT
            )
            assert made.sealed_tin.startswith("old:")
            await encryption.rotate({**new, **old, **settings.key_ring})
            encryption.configure(new)
            for row in await PayoutDetails.all():
                assert (row.sealed_tin.split(":")[0], row.sealed_account.split(":")[0]) == ("new", "new")
            kept = await PayoutDetails.get(id=made.id)
            assert (kept.numbers.tin, kept.numbers.account_number) == (TIN, ACCOUNT)
    finally:
        encryption.configure(settings.key_ring)


BREACHES = {
    "UPDATE payout_details SET legal_name = 'Another'": "payout_details_keep_history",
    "UPDATE payout_details SET account_last4 = '0000'": "payout_details_keep_history",
    "UPDATE payout_details SET superseded_at = now() + interval '9 days' WHERE superseded_at IS NOT NULL":
        "payout_details_keep_history",
    "DELETE FROM payout_details": "payout_details_keep_history",
    "TRUNCATE payout_details": "payout_details_append_only",
    "UPDATE payout_details SET sealed_tin = '536904399'": "payout_details_sealed",
    "INSERT INTO payout_details SELECT (jsonb_populate_record(p, jsonb_build_object('id', gen_random_uuid()))).*"
    " FROM payout_details p WHERE superseded_at IS NULL": "payout_details_one_current",
}  # fmt: skip


@pytest.mark.parametrize("statement", BREACHES)
async def test_the_database_itself_keeps_the_history(api: Api, details: Any, statement: str) -> None:
    await api.do("setPayoutDetails", role="PROVIDER", selection=SELECTION, **{**FIELDS, "accountKind": "SAVINGS"})
    async with undone():
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
            await execute(statement)
    assert refused.value.constraint_name == BREACHES[statement]
