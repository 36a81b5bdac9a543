"""The rows that the breaches start from, by the names that they use."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from models.accounts import agreements, links, second_factors
from models.accounts.accounts import Account, Membership
from models.accounts.consents import Consent, ConsentText
from models.accounts.consents import Purpose as ConsentPurpose
from models.accounts.links import Purpose
from models.base.access import Role, Viewer
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.scopes import Scope
from models.base.statements import execute, fetch, transaction, write
from models.campus import campus
from models.credits import credit_requests
from models.credits.credit_requests import CreditDecisionReason, CreditRequest, CreditRequestReason
from models.directory.license_evidence import LicenseEvidence
from models.directory.licenses import License
from models.files.files import FileBlob, FilePurpose, FileState, remove
from models.imports.imports import ImportState
from models.invitations.invitations import MembershipOffer, invite, membership_of
from models.keys import partner_keys
from models.practices.practices import Practice
from models.records.audit import write_entries
from models.schools.students import Student
from tests.support.file_rows import expected_file, received_file, used_file, written
from tests.support.import_rows import preview_of
from tests.support.two_sides import SOMEBODY, job_of, mail_of, paid_to, read_by
from tests.support.world import (
    AT,
    as_provider,
    as_staff,
    as_student,
    attested,
    confirmed,
    granted,
    openings_of,
    pair_of,
    provider_of,
    requested,
    school_of,
    student_of,
)

LATER = AT + timedelta(days=200)

World = dict[str, Any]

END = "SELECT id FROM transfers WHERE appointment_id = $1 AND kind = $2"


async def build() -> World:
    """A small program at work: a row of each kind, in the states that matter."""
    world = await sessions_and_claims()
    world |= await accounts(world["ana_row"])
    world |= await credit_requests_of(world["ana_row"], world["ben"])
    world |= await records(world)
    world |= await files(world)
    world |= await imports(world)
    return {name: getattr(value, "id", value) for name, value in world.items()}


async def sessions_and_claims() -> World:
    """Students with credits, and appointments on every part of their way."""
    pair = await pair_of(credits=6)
    other_school, other_provider = await school_of(), await provider_of()
    ana, ben, cleo = pair.student, await student_of(pair.school), await student_of(pair.school)
    small, bens = await granted(ana, 3), await granted(ben, 6)
    big = await granted(cleo, 1)
    openings, others = pair.openings, await openings_of(other_provider)
    declined = await requested(ben, openings[5])
    async with transaction():
        await declined.decline(by=as_provider(pair.provider), at=AT)
    completed = await confirmed(ben, openings[1])
    claim = await attested(completed)
    late = await confirmed(ben, others[2])
    late_claim = await attested(late, at=late.attest_by)
    first = await requested(ana, openings[0])
    second = await confirmed(ana, others[1])
    erased = await student_of(pair.school)
    await execute(
        "UPDATE students SET erased_at = now(), name = 'Erased student', email = 'erased+1@invalid', phone = NULL"
        " WHERE id = $1",
        erased.id,
    )
    return {
        "school": pair.school, "other_school": other_school,
        "provider": pair.provider, "other_provider": other_provider,
        "ana": ana, "ana_row": ana, "ben": ben, "cleo": cleo, "erased": erased,
        "grant": await id_of("SELECT id FROM grants WHERE wallet_id = $1 AND credits = 6", ana.id),
        "small_grant": small, "bens_grant": bens, "big_grant": big,
        "opening": openings[3], "requested": first, "confirmed": second, "declined": declined,
        "completed": completed, "claim": claim, "late_claim": late_claim,
        "late": late, "payee": await id_of("SELECT payee_id AS id FROM appointments WHERE id = $1", completed.id),
        "settlement": await id_of(END, completed.id, "SETTLE"), "late_release": await id_of(END, late.id, "RELEASE"),
        "license": first.license_id, "other_license": second.license_id,
        "enrollment": await id_of("SELECT id FROM enrollments WHERE provider_id = $1", pair.provider.id),
        "hours": await id_of("SELECT id FROM weekly_hours WHERE provider_id = $1", pair.provider.id),
        "rate": await id_of("SELECT id FROM rates"),
        "policy": await id_of("SELECT id FROM school_policies WHERE school_id = $1", pair.school.id),
        "other_policy": await id_of("SELECT id FROM school_policies WHERE school_id = $1", other_school.id),
        "term": await id_of("SELECT id FROM terms WHERE kind = 'SPECIALTY' AND code = 'GRIEF'"),
        "transfer": await id_of("SELECT id FROM transfers WHERE wallet_id = $1", ana.id),
        "event": await id_of("SELECT id FROM events WHERE subject_id = $1", ana.id),
        "later": LATER.isoformat(), "later_end": (LATER + timedelta(hours=1)).isoformat(),
        "later_short": (LATER + timedelta(minutes=50)).isoformat(),
        "soon_short": (openings[0].starts_at + timedelta(minutes=50)).isoformat(),
        "at": AT.isoformat(), "begins": others[1].starts_at.isoformat(), "begins_end": others[1].ends_at.isoformat(),
        "moved": others[6].starts_at.isoformat(), "moved_end": others[6].ends_at.isoformat(),
        "free": openings[3].starts_at.isoformat(),
        "free_short": (openings[3].starts_at + timedelta(minutes=50)).isoformat(),
        "much_later": (LATER + timedelta(days=31)).isoformat(),
    }  # fmt: skip


async def accounts(ana: Student) -> World:
    """An account that is a student's and a practice's owner's, an office user, and what belongs to them."""
    practice = await Practice.open(name="Harbor", by=None, at=AT)
    account = Account(email="somebody@example.test", name="", created_at=AT)
    membership = Membership(
        account_id=account.id, role=Role.STUDENT, student_id=ana.id, school_id=ana.school_id, created_at=AT
    )
    owner = membership_of(account.id, MembershipOffer(role=Role.OFFICE, practice_id=practice.id, is_owner=True), at=AT)
    user = Account(email="user@example.test", name="", created_at=AT)
    office_user = membership_of(user.id, MembershipOffer(role=Role.OFFICE, practice_id=practice.id), at=AT)
    accepted = agreements.accepted_now(account.id, agreements.required_of(Role.OPS), at=AT)
    await write(account, user, membership, owner, office_user, *accepted)
    consent, withdrawn_consent = await consents_of(account), await consents_of(user, withdrawn_at=LATER)
    async with transaction():
        place = MembershipOffer(role=Role.STUDENT, student_id=ana.id, school_id=ana.school_id)
        invitation = await invite(email="new@example.test", name="", offer=place, by=SOMEBODY, at=AT)
        used = await links.issue(Purpose.PASSWORD_RESET, email=user.email, subject=user.id, at=AT)
        await execute("UPDATE secret_links SET used_at = $2 WHERE id = $1", used.id, AT)
        link = await links.issue(Purpose.PASSWORD_RESET, email=account.email, subject=account.id, at=AT)
        withdrawn = await links.issue(Purpose.EMAIL_VERIFICATION, email=user.email, subject=user.id, at=AT)
        await links.withdraw(Purpose.EMAIL_VERIFICATION, subject=user.id, at=AT)
        await second_factors.enrol(account, at=AT)
        await execute("UPDATE second_factors SET last_step = 7 WHERE account_id = $1", account.id)
        await second_factors.new_recovery_codes(account.id, at=AT)
        key, _ = await partner_keys.create(ana.school_id, name="Portal", days=30, by=None, at=AT)
        practice_key, _ = await partner_keys.create(
            None, practice_id=practice.id, name="Calendar", scopes=[Scope.SCHEDULE_READ], days=30, by=None, at=AT
        )
        following, _ = await partner_keys.rotate(key, days=30, overlap_hours=1, by=SOMEBODY, at=AT)
        issuer = await campus.set_issuer(
            ana.school_id, issuer="https://idp.test", client_id="x", client_secret="y",
            return_to=["https://app.test/"], by=SOMEBODY, at=AT,
        )  # fmt: skip
        await campus.begin(ana.school_id, challenge="c" * 43, return_to="https://app.test/", at=AT)
        due = new_event(EventVerb.OFFICE_USER_REVALIDATION_DUE, office_user, by=None, at=AT, since="then", until="soon")
        await write(due)
        identity = campus.CampusIdentity(issuer_id=issuer.id, subject="s", membership_id=owner.id, created_at=AT)
        await write(identity)
    return {
        "practice_key": practice_key,
        "practice": practice, "account": account, "membership": membership, "user": user, "owner": owner,
        "office_user": office_user, "acceptance": accepted[0], "invitation": invitation,
        "link": link, "used": used, "withdrawn": withdrawn, "key": key, "following": following,
        "issuer": issuer, "identity": identity, "due": due,
        "consent": consent, "withdrawn_consent": withdrawn_consent, "text": consent.consent_text_id,
        "factor": await id_of("SELECT id FROM second_factors"), "code": await id_of("SELECT id FROM recovery_codes"),
        "attempt": await id_of("SELECT id FROM campus_attempts"),
    }  # fmt: skip


async def consents_of(account: Account, *, withdrawn_at: datetime | None = None) -> Consent:
    """The consent of an account's person to sessions by video."""
    text = await ConsentText.get(purpose=ConsentPurpose.TELEHEALTH)
    person = await Account.get(id=account.id)
    consent = Consent(
        person_id=person.person_id,
        purpose=text.purpose,
        consent_text_id=text.id,
        given_at=AT,
        withdrawn_at=withdrawn_at,
    )
    await write(consent)
    return consent


async def credit_requests_of(ana: Student, ben: Student) -> World:
    """A request for credits that waits, and one that was declined."""

    async def asked_by(student: Student) -> CreditRequest:
        reason = CreditRequestReason.CREDITS_USED
        return await credit_requests.request(student.id, 3, reason=reason, by=as_student(student), at=AT)

    waiting, declined = await asked_by(ana), await asked_by(ben)
    reason = CreditDecisionReason.BUDGET_SPENT
    await declined.decide(ben, 0, reason=reason, expires_at=None, by=as_staff(Role.SCHOOL), at=AT)
    return {"credit_request": waiting, "declined_request": declined}


async def records(world: World) -> World:
    """Payout details, a reminder, a mail that waits, and an entry of the audit trail with its seal."""
    details = paid_to(world["provider"])
    reminder = new_event(EventVerb.APPOINTMENT_REMINDER_DUE, world["requested"], by=None, at=AT, hours=24, since="then")
    await write(details, reminder)
    await mail_of(reminder, "somebody@example.test")
    await write_entries([read_by(as_staff(Role.OPS), world["ana_row"])])
    await execute(
        "INSERT INTO audit_seals SELECT 1, number, number, 1, sha256('before'), sha256('after'), now()"
        " FROM audit_entries"
    )
    jobs = {name: job_of(world["membership"].id, place=place) for place, name in enumerate(("job", "other_job"), 1)}
    await write(*jobs.values())
    await execute(
        "UPDATE jobs SET state = 'FAILED', fault = 'INTERNAL', ended_at = created_at WHERE id = $1",
        jobs["other_job"].id,
    )
    return {
        **jobs,
        "details": details, "reminder": reminder,
        "mail": await id_of("SELECT id FROM mails WHERE event_id = $1", reminder.id),
        "entry": await id_of("SELECT id FROM audit_entries"),
    }  # fmt: skip


async def files(world: World) -> World:
    """A file in each state, and evidence of a license."""
    by = Viewer(
        account_id=world["user"].id, role=Role.OFFICE, membership_id=world["office_user"].id,
        provider_id=(await License.get(id=world["license"])).provider_id,
    )  # fmt: skip
    received, used = await received_file(by), await used_file(by, FilePurpose.IMAGE)
    evidence = await used_file(by, FilePurpose.LICENSE_EVIDENCE)
    other_evidence = await used_file(by, FilePurpose.LICENSE_EVIDENCE)
    refused = await written(by, FilePurpose.ATTACHMENT, state=FileState.REFUSED, refused_for="Eicar")
    removed = await used_file(by)
    await remove(removed, by=None, at=AT)
    unnamed = FileBlob(file_id=received.id, sweep_at=AT, live=True)
    dying = FileBlob(file_id=received.id, sweep_at=AT, live=False)
    held = LicenseEvidence(license_id=world["license"], file_id=evidence.id, attached_at=AT)
    await write(unnamed, dying, held)
    return {
        "expected": await expected_file(by), "received": received, "used_file": used, "refused_file": refused,
        "removed_file": removed, "blob": received.blob_id, "used_blob": used.blob_id, "unnamed": unnamed,
        "dying": dying, "evidence": held, "evidence_file": evidence, "other_evidence": other_evidence,
    }  # fmt: skip


async def imports(world: World) -> World:
    """An import that waits, one with a faulty row, and one that was committed."""
    by = Viewer(account_id=world["user"].id, role=Role.FINANCE)
    waiting, row = await preview_of(by)
    faulty, _ = await preview_of(by, faulty=1)
    done, _ = await preview_of(by, state=ImportState.COMMITTED, ended_at=AT)
    return {"import": waiting, "import_row": row, "faulty_import": faulty, "committed_import": done}


async def id_of(statement: str, *values: Any) -> str:
    """The first id that a statement finds."""
    return str((await fetch(f"{statement} LIMIT 1", *values))[0].id)
