"""Around Python: what raw SQL may not do to accounts, links, factors, keys and practices either."""

from __future__ import annotations

import inspect
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from importlib import import_module
from string import Template
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from models.accounts import agreements, links, second_factors
from models.accounts.accounts import Account
from models.accounts.links import Purpose
from models.base import encryption
from models.base.access import Role, Viewer
from models.base.events import happened
from models.base.ids import new_id
from models.base.statements import execute, fetch, transaction, write
from models.campus import campus
from models.invitations.invitations import Place, invite, membership_of
from models.keys import partner_keys
from models.practices.practices import Practice
from tests.models.breaches import Case, changed, copied
from tests.support.databases import own_database, undone
from tests.support.world import school_of, student_of

AT = datetime(2026, 3, 2, 15, tzinfo=UTC)
World = dict[str, Any]
OPS = Viewer(account_id=new_id(), role=Role.OPS)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def filled(postgres: str) -> AsyncIterator[World]:
    """A database with one row of each kind."""
    async with own_database(postgres) as settings:
        yield await build(settings.key_ring)


@pytest_asyncio.fixture(loop_scope="session")
async def world(filled: World) -> AsyncIterator[World]:
    """The same, in a transaction that leaves nothing behind."""
    async with undone():
        yield {**filled, "new": new_id(), "newer": new_id()}


async def build(key_ring: dict[str, bytes]) -> World:
    """Rows by the names that the cases use, made by the program's own verbs."""
    encryption.configure(key_ring)
    school = await school_of()
    student = await student_of(school)
    practice = await Practice.open(name="Harbor", by=None, at=AT)
    account = Account(email="somebody@example.test", name="", created_at=AT)
    owner = membership_of(account.id, Place(role=Role.OFFICE, practice_id=practice.id, is_owner=True), at=AT)
    user = Account(email="user@example.test", name="", created_at=AT)
    office_user = membership_of(user.id, Place(role=Role.OFFICE, practice_id=practice.id), at=AT)
    accepted = agreements.accepted_now(account.id, agreements.required_of(Role.OPS), at=AT)
    await write(account, user, owner, office_user, *accepted)
    async with transaction():
        place = Place(role=Role.STUDENT, student_id=student.id, school_id=school.id)
        invitation = await invite(email="new@example.test", name="", place=place, by=OPS, at=AT)
        used = await links.issue(Purpose.PASSWORD_RESET, email=user.email, subject=user.id, at=AT)
        await execute("UPDATE secret_links SET used_at = $2 WHERE id = $1", used.id, AT)
        link = await links.issue(Purpose.PASSWORD_RESET, email=account.email, subject=account.id, at=AT)
        withdrawn = await links.issue(Purpose.EMAIL_VERIFICATION, email=user.email, subject=user.id, at=AT)
        await links.withdraw(Purpose.EMAIL_VERIFICATION, subject=user.id, at=AT)
        await second_factors.enrol(account, at=AT)
        await execute("UPDATE second_factors SET last_step = 7 WHERE account_id = $1", account.id)
        await second_factors.new_recovery_codes(account.id, at=AT)
        key, _ = await partner_keys.create(school.id, name="Portal", days=30, by=None, at=AT)
        following, _ = await partner_keys.rotate(key, days=30, overlap_hours=1, by=OPS, at=AT)
        issuer = await campus.set_issuer(
            school.id, issuer="https://idp.test", client_id="x", client_secret="y", return_to=["https://app.test/"],
            by=OPS, at=AT,
        )  # fmt: skip
        await campus.begin(school.id, challenge="c" * 43, return_to="https://app.test/", at=AT)
        due = happened("office_user.revalidation_due", office_user, by=None, at=AT, since="then", until="soon")
        await write(due)
        identity = campus.CampusIdentity(issuer_id=issuer.id, subject="s", membership_id=owner.id, created_at=AT)
        await write(identity)
    return {
        "school": school.id, "student": student.id, "practice": practice.id, "account": account.id, "user": user.id,
        "owner": owner.id, "office_user": office_user.id, "acceptance": accepted[0].id, "invitation": invitation.id,
        "link": link.id, "used": used.id, "withdrawn": withdrawn.id, "key": key.id, "following": following.id,
        "issuer": issuer.id, "identity": identity.id, "due": due.id,
        "factor": await id_of("SELECT id FROM second_factors"), "code": await id_of("SELECT id FROM recovery_codes"),
        "attempt": await id_of("SELECT id FROM campus_attempts"),
    }  # fmt: skip


async def id_of(statement: str) -> str:
    """The first id that a statement finds."""
    return str((await fetch(f"{statement} LIMIT 1"))[0].id)


PRACTICES = [
    Case("a practice without a name", "practices_name", changed("practices", "practice", "name = ''")),
    Case("two practices of one name, in capitals", "practices_name_key",
         "INSERT INTO practices VALUES ('$new', 'HARBOR', now())"),
    Case("an office user of no practice that there is", "memberships_practice",
         changed("memberships", "office_user", "practice_id = '$new'")),
    Case("an invitation to no practice that there is", "invitations_practice",
         copied("invitations", "invitation", role="OFFICE", student_id=None, school_id=None, practice_id="$newer")),
    Case("an owner of nothing", "memberships_owner_of_practice",
         copied("memberships", "owner", role="OPS", practice_id=None)),
    Case("an office user who never lapses", "memberships_revalidation",
         changed("memberships", "office_user", "validated_at = NULL, revalidate_by = NULL")),
    Case("an owner who lapses", "memberships_revalidation",
         changed("memberships", "owner", "validated_at = now(), revalidate_by = now()")),
    Case("a lapse of nobody's word", "memberships_revalidation",
         changed("memberships", "office_user", "validated_at = NULL")),
    Case("more than 90 days", "memberships_revalidation",
         changed("memberships", "office_user", "revalidate_by = validated_at + interval '91 days'")),
    Case("two owners", "memberships_one_owner",
         changed("memberships", "office_user", "is_owner = true, validated_at = NULL, revalidate_by = NULL")),
    Case("a revalidation announced twice", "events_revalidation_once", copied("events", "due")),
    Case("a revalidation announced of no turn", "events_revalidation_since",
         copied("events", "due", data={"until": "soon"})),
]  # fmt: skip

INVITATIONS = [
    Case("an invitation to be a machine", "invitations_subject",
         changed("invitations", "invitation", "role = 'PARTNER', student_id = NULL")),
    Case("an invitation of a student without a student", "invitations_subject",
         changed("invitations", "invitation", "student_id = NULL")),
    Case("an invitation to own a school", "invitations_subject",
         changed("invitations", "invitation", "is_owner = true")),
    Case("an invitation with two ends", "invitations_one_end",
         changed("invitations", "invitation", "accepted_at = now(), withdrawn_at = now()")),
    Case("an invitation of a year", "invitations_expire",
         changed("invitations", "invitation", "expires_at = created_at + interval '1 year'")),
    Case("an invitation that has ended before it was sent", "invitations_expire",
         changed("invitations", "invitation", "expires_at = created_at")),
    Case("two open invitations to the same", "invitations_one_open", copied("invitations", "invitation")),
    Case("a document that is none", "acceptances_document",
         "INSERT INTO acceptances VALUES ('$new', '$account', 'RECIPE', '1', now())"),
    Case("a document in no version", "acceptances_version",
         "INSERT INTO acceptances VALUES ('$new', '$account', 'PRIVACY_POLICY', '', now())"),
    Case("one version accepted twice", "acceptances_once", copied("acceptances", "acceptance")),
    Case("an acceptance is edited", "acceptances_append_only", changed("acceptances", "acceptance", "version = 'x'")),
    Case("an acceptance is deleted", "acceptances_append_only", "DELETE FROM acceptances WHERE id = '$acceptance'"),
    Case("all acceptances are removed", "acceptances_append_only", "TRUNCATE acceptances"),
]  # fmt: skip

LINKS = [
    Case("a purpose that is none", "secret_links_purpose", changed("secret_links", "link", "purpose = 'FUN'")),
    Case("a token that is no hash", "secret_links_token_hash",
         changed("secret_links", "link", "token_hash = 'fc_link_plain'")),
    Case("a reset of nobody", "secret_links_subject", changed("secret_links", "link", "account_id = NULL")),
    Case("a reset of an invitation", "secret_links_subject",
         changed("secret_links", "link", "invitation_id = '$invitation'")),
    Case("a link that ends before it begins", "secret_links_times",
         changed("secret_links", "link", "expires_at = created_at")),
    Case("a link used after its end", "secret_links_times", changed("secret_links", "link", "used_at = expires_at")),
    Case("a link with two ends", "secret_links_one_end",
         changed("secret_links", "link", "used_at = created_at, withdrawn_at = created_at")),
    Case("two links of one token", "secret_links_token",
         "UPDATE secret_links SET token_hash = (SELECT token_hash FROM secret_links WHERE id = '$used')"
         " WHERE id = '$link'"),
    Case("two live links for the same", "secret_links_one_live",
         "INSERT INTO secret_links SELECT '$new', purpose, email, account_id, invitation_id, sha256('x'), NULL,"
         " created_at, expires_at, NULL, NULL FROM secret_links WHERE id = '$link'"),
    Case("a live link that has replaced an address", "secret_links_replaced",
         changed("secret_links", "link", "replaced_email = 'x@example.test'")),
    Case("a reset that has replaced an address", "secret_links_replaced",
         changed("secret_links", "used", "replaced_email = 'x@example.test'")),
    Case("a used link works again", "secret_links_single_use", changed("secret_links", "used", "used_at = NULL")),
    Case("a withdrawn link works again", "secret_links_single_use",
         changed("secret_links", "withdrawn", "withdrawn_at = NULL")),
]  # fmt: skip

FACTORS = [
    Case("two authenticators of one account", "second_factors_account_id_key", copied("second_factors", "factor")),
    Case("a code is taken twice", "second_factors_code_once", changed("second_factors", "factor", "last_step = 7")),
    Case("a code of the past is taken", "second_factors_code_once",
         changed("second_factors", "factor", "last_step = 6")),
    Case("what was taken is forgotten", "second_factors_code_once",
         changed("second_factors", "factor", "last_step = NULL")),
    Case("a recovery code that is no hash", "recovery_codes_hash",
         changed("recovery_codes", "code", "code_hash = 'ABCD'")),
    Case("one recovery code twice", "recovery_codes_account_code", copied("recovery_codes", "code")),
    Case("fewer tries than none", "throttles_tries",
         "INSERT INTO throttles VALUES ('k', now(), -1, NULL, NULL, now())"),
]  # fmt: skip

KEYS = [
    Case("a key without a name", "partner_keys_name", changed("partner_keys", "key", "name = ''")),
    Case("a key that is no hash", "partner_keys_hash", changed("partner_keys", "key", "key_hash = 'fc_partner_x'")),
    Case("a key for ever", "partner_keys_expire",
         changed("partner_keys", "key", "expires_at = created_at + interval '3 years'")),
    Case("a key that ends before it begins", "partner_keys_expire",
         changed("partner_keys", "key", "expires_at = created_at - interval '1 second'")),
    Case("one key twice", "partner_keys_key", copied("partner_keys", "key")),
    Case("a key with two that follow", "partner_keys_replaced_once",
         "INSERT INTO partner_keys SELECT '$new', school_id, name, sha256('x'), created_at, expires_at, NULL, NULL,"
         " replaces_id FROM partner_keys WHERE id = '$following'"),
    Case("a key that follows itself", "partner_keys_not_itself", changed("partner_keys", "key", "replaces_id = id")),
]  # fmt: skip

CAMPUS = [
    Case("two providers of one school", "campus_issuers_school_id_key", copied("campus_issuers", "issuer")),
    Case("a provider without a way back", "campus_issuers_return_to",
         changed("campus_issuers", "issuer", "return_to = '{}'")),
    Case("two people of one name", "campus_identities_subject",
         copied("campus_identities", "identity", membership_id="$office_user")),
    Case("two names of one person", "campus_identities_membership",
         copied("campus_identities", "identity", subject="other")),
    Case("a code of nobody", "campus_attempts_order",
         changed("campus_attempts", "attempt", "answered_at = now(), code_hash = 'x'")),
    Case("a code before the answer", "campus_attempts_order",
         changed("campus_attempts", "attempt", "membership_id = '$owner', code_hash = 'x'")),
    Case("an exchange without a code", "campus_attempts_order",
         changed("campus_attempts", "attempt", "exchanged_at = now()")),
    Case("one state twice", "campus_attempts_state", copied("campus_attempts", "attempt")),
    Case("one code twice", "campus_attempts_code",
         changed("campus_attempts", "attempt", "answered_at = now(), membership_id = '$owner', code_hash = 'x'")
         + ";" + copied("campus_attempts", "attempt", state_hash="\\\\x00")),
]  # fmt: skip

CASES = [*PRACTICES, *INVITATIONS, *LINKS, *FACTORS, *KEYS, *CAMPUS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.about)
async def test_the_database_itself_refuses(world: World, case: Case) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        async with transaction():
            await execute(Template(case.statement).substitute(world) + "; SET CONSTRAINTS ALL IMMEDIATE")
    assert refused.value.constraint_name == case.constraint, refused.value


HELD = """
SELECT conname AS name FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'u', 'x', 'f')
 UNION
SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
 WHERE i.relnamespace = 'public'::regnamespace AND x.indisunique AND NOT x.indisprimary
"""


MIGRATIONS = ("0003_accounts", "0011_revalidation", "0012_former_address")
COVERED_ELSEWHERE = {"mails_recipient"}
"""Rules of these migrations about other tables, with a test among those of their area."""


async def test_every_named_rule_of_these_tables_has_a_case(world: World) -> None:
    source = "".join(inspect.getsource(import_module(f"migrations.{name}")) for name in MIGRATIONS)
    named = {row.name for row in await fetch(HELD) if re.search(rf"\b{row.name}\b", source)}
    raised = set(re.findall(r"CONSTRAINT = '(\w+)'", source))
    assert (named | raised) - {case.constraint for case in CASES} - COVERED_ELSEWHERE == set()
    assert len(named) > 30
