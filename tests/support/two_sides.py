"""Two schools, students, providers and everything between them, so that each row has an owner and a stranger."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from tortoise import Tortoise

from models.accounts import agreements
from models.accounts.accounts import Account, Membership, Session
from models.accounts.agreements import Acceptance
from models.accounts.consents import Consent, ConsentText, Purpose
from models.accounts.office_users import REVALIDATE_EVERY
from models.accounts.persons import PersonConflict
from models.accounts.second_factors import SecondFactor
from models.accounts.sessions import open_session
from models.appointments.appointments import Appointment
from models.availability.openings import Opening
from models.base.access import Entity, Role, Viewer
from models.base.events import Event
from models.base.ids import new_id
from models.base.scopes import OF_PRACTICE, OF_SCHOOL
from models.base.statements import write
from models.campus.campus import CampusIssuer
from models.claims.claims import Claim
from models.credits import credit_requests
from models.credits.credit_requests import CreditRequest, CreditRequestReason
from models.credits.ledger import Grant
from models.directory.license_evidence import LicenseEvidence
from models.directory.licenses import License, LicenseClass
from models.directory.providers import Provider
from models.files.files import File, FilePurpose
from models.invitations.invitations import Invitation
from models.jobs.jobs import Job
from models.keys import partner_keys
from models.keys.partner_keys import PartnerKey
from models.notifications.mails import Mail
from models.payouts.payout_details import AccountKind, PayoutDetails, TinKind
from models.practices.practices import Practice
from models.records.audit import AuditKind, Entry, write_entries
from models.schools.schools import School
from models.schools.students import Student
from tests.support.file_rows import expected_file, used_file
from tests.support.import_rows import preview_of
from tests.support.world import (
    AT,
    attested,
    confirmed,
    load_rates,
    openings_of,
    provider_of,
    requested,
    school_of,
    student_of,
)

BEFORE = AT - timedelta(days=400)
SOMEBODY = Viewer(account_id=new_id(), role=Role.OPS)


@dataclass(kw_only=True, slots=True)
class Side:
    """One school with its people and what they did, and a viewer for each role on this side."""

    school: School
    practice: Practice
    student: Student
    provider: Provider
    key: PartnerKey
    practice_key: PartnerKey
    machine: Viewer
    """The practice's, with all the scopes that it may have."""
    license: License
    upload: File
    """What the provider was given an address for."""
    opening: Opening
    requested: Appointment
    confirmed: Appointment
    completed: Appointment
    claim: Claim
    credit_request: CreditRequest
    grant_id: UUID
    viewers: dict[Role, Viewer]
    colleague: Viewer
    """An office user beside the owner of the practice."""
    session: Session
    consent: Consent
    jobs: dict[Role, Job]
    """A background job of each of the viewers, about the student's record."""
    acceptance: Acceptance
    invitations: dict[Role, Invitation]


@dataclass(kw_only=True, slots=True)
class World:
    """Both sides, those who belong to neither, and whose each row is."""

    a: Side
    b: Side
    owners: dict[UUID, str]

    def other(self, side: Side) -> Side:
        """The side across."""
        return self.b if side is self.a else self.a


async def side_of() -> Side:
    """One side: a pair with a request, a confirmed session, and a completed one with its claim."""
    school, provider = await school_of(), await provider_of()
    practice = await Practice.open(name=f"Practice of {school.name}", by=None, at=AT)
    await provider.set_practice(practice.id, by=SOMEBODY, at=AT)
    student = await student_of(school, credits=6)
    openings = await openings_of(provider)
    done = await confirmed(student, openings[0])
    claim = await attested(done)
    await enter_license(provider)
    await write(paid_to(provider), campus_of(school), conflict_of(student))
    subjects: dict[Role, dict[str, Any]] = {
        Role.STUDENT: {"student_id": student.id, "school_id": school.id},
        Role.PROVIDER: {"provider_id": provider.id},
        Role.OFFICE: {"practice_id": practice.id},
        Role.SCHOOL: {"school_id": school.id},
        Role.PARTNER: {"school_id": school.id},
    }
    viewers = {role: await viewer_of(role, **subjects.get(role, {})) for role in Role}
    jobs = {role: job_of(viewer.membership_id, about=student.id) for role, viewer in viewers.items()}
    await write(*jobs.values())
    practice_key, _ = await partner_keys.create(
        None, practice_id=practice.id, name="Calendar", scopes=OF_PRACTICE, days=30, by=None, at=AT
    )
    uploads = {
        role: await expected_file(viewer, FilePurpose.LICENSE_EVIDENCE)
        for role, viewer in viewers.items()
        if role is not Role.PARTNER
    }
    await write(await evidence_of(provider, viewers[Role.PROVIDER]))
    await preview_of(viewers[Role.FINANCE])
    return Side(
        school=school,
        practice=practice,
        student=student,
        provider=provider,
        key=(await partner_keys.create(school.id, name="Portal", days=30, by=None, at=AT))[0],
        practice_key=practice_key,
        machine=Viewer(account_id=practice_key.id, role=Role.OFFICE, practice_id=practice.id, scopes=OF_PRACTICE),
        license=await License.get(provider_id=provider.id, state="NY"),
        upload=uploads[Role.PROVIDER],
        opening=openings[9],
        completed=await Appointment.get(id=done.id),
        confirmed=await confirmed(student, openings[4]),
        requested=await requested(student, openings[8]),
        claim=claim,
        grant_id=(await Grant.get(student_id=student.id)).id,
        credit_request=await credit_requests.request(
            student.id, 3, reason=CreditRequestReason.CREDITS_USED, by=viewers[Role.STUDENT], at=AT
        ),
        viewers=viewers,
        session=await Session.get(account_id=viewers[Role.PROVIDER].account_id),
        consent=await consent_of(viewers[Role.STUDENT]),
        jobs=jobs,
        acceptance=(await Acceptance.filter(account_id=viewers[Role.PROVIDER].account_id).order_by("id"))[0],
        invitations={
            Role.STUDENT: await Invitation.get(student_id=student.id),
            Role.OFFICE: await Invitation.get(practice_id=practice.id),
        },
        colleague=await viewer_of(Role.OFFICE, is_owner=False, invites=False, **subjects[Role.OFFICE]),
    )


async def consent_of(viewer: Viewer) -> Consent:
    """A person's consent to sessions by video."""
    person = await Account.get(id=viewer.account_id)
    text = await ConsentText.get(purpose=Purpose.TELEHEALTH, version="2026-01")
    consent = Consent(person_id=person.person_id, purpose=text.purpose, consent_text_id=text.id, given_at=AT)
    await write(consent)
    return consent


def conflict_of(student: Student) -> PersonConflict:
    """A sign-up as this student that was refused."""
    return PersonConflict(student_id=student.id, broken="students_email_in_school", at=AT)


def campus_of(school: School) -> CampusIssuer:
    """A provider for campus sign-in, which nobody here signs in through."""
    return CampusIssuer(
        school_id=school.id, issuer="https://idp.test", client_id="x", sealed_client_secret="x:y",
        return_to=["https://app.test/"], created_at=AT,
    )  # fmt: skip


async def enter_license(provider: Provider) -> License:
    """A license that nobody has verified yet."""
    return await License.enter(
        provider,
        license_class=LicenseClass.CLINICAL_SOCIAL_WORKER,
        title="LCSW",
        number=f"NY-{provider.email}",
        state="NY",
        expires_on=AT.date() + timedelta(days=900),
        by=None,
        at=AT,
    )


async def evidence_of(provider: Provider, by: Viewer) -> LicenseEvidence:
    """A file that proves a license, of which nobody is to read the bytes."""
    license = await License.get(provider_id=provider.id, state="NY")
    file = await used_file(by, FilePurpose.LICENSE_EVIDENCE)
    return LicenseEvidence(license_id=license.id, file_id=file.id, attached_at=AT)


def paid_to(provider: Provider) -> PayoutDetails:
    """Payout details whose numbers nobody is to open."""
    return PayoutDetails(
        provider_id=provider.id,
        legal_name=provider.name,
        tin_kind=TinKind.EIN,
        sealed_tin="nobody:" + "x" * 40,
        tin_last4="4442",
        routing_number="111000025",
        sealed_account="nobody:" + "x" * 40,
        account_last4="6789",
        account_kind=AccountKind.CHECKING,
        authorised_at=AT,
        set_at=AT,
        set_by=provider.id,
    )


async def viewer_of(role: Role, *, is_owner: bool = True, invites: bool = True, **subject: Any) -> Viewer:
    """Somebody of this role, with all that belongs to an account, and an invitation of another to the same place."""
    office = {"is_owner": is_owner} if role is Role.OFFICE else {}
    term = {} if is_owner else {"validated_at": AT, "revalidate_by": AT + REVALIDATE_EVERY}
    account = Account(email=f"{role.lower()}.{new_id()}@example.test", name=role.title(), created_at=AT)
    membership = Membership(account_id=account.id, role=role, created_at=AT, **subject, **office, **term)
    factor = SecondFactor(account_id=account.id, sealed_secret="sealed", created_at=AT)
    await write(
        account,
        membership,
        factor,
        *agreements.accepted_now(account.id, agreements.required_of(role), at=AT),
        *(invitations_to(role, **subject) if invites else ()),
    )
    await open_session(membership, device="", at=AT)
    session = await Session.get(membership_id=membership.id)
    viewer = membership.viewer(session_id=session.id)
    return replace(viewer, scopes=OF_SCHOOL) if role is Role.PARTNER else viewer


def invitations_to(role: Role, **subject: Any) -> list[Invitation]:
    """An invitation to the same place; a machine is given a key instead."""
    if role is Role.PARTNER:
        return []
    until = AT + timedelta(days=7)
    return [Invitation(email=f"{new_id()}@example.test", role=role, created_at=AT, expires_at=until, **subject)]


def read_by(viewer: Viewer, student: Student) -> Entry:
    """An entry of the audit trail: this viewer read the record of that student."""
    return Entry(
        at=AT, kind=AuditKind.READ, request_id=str(new_id()), account_id=viewer.account_id,
        membership_id=viewer.membership_id, role=viewer.role, operation="test", student_ids=[student.id],
        source=b"test",
    )  # fmt: skip


def job_of(membership_id: UUID | None, *, place: int = 1, about: UUID | None = None) -> Job:
    """A background job of this membership, which waits; of a student's record if one is named."""
    return Job(
        kind="record.export", args={}, membership_id=membership_id, student_id=about, place=place, next_at=AT,
        created_at=AT,
    )  # fmt: skip


async def mail_of(event: Event, address: str) -> None:
    """A message about an event."""
    await write(
        Mail(
            event_id=event.id, recipient="STUDENT", address=address, template="test", next_at=AT,
            message_id=f"<{new_id()}@example.test>",
        )
    )  # fmt: skip


def old_text() -> ConsentText:
    """Words that people consented by before."""
    return ConsentText(
        purpose=Purpose.TELEHEALTH, version="2025-01", language="en", title="Video", body="Before.", since=BEFORE
    )


async def build() -> World:
    """The world, with one provider whom nobody met and nobody finds, and one who left after a session."""
    await load_rates()
    await write(old_text())
    a, b = await side_of(), await side_of()
    hidden, left = await provider_of(), await provider_of()
    met = await openings_of(left)
    for side, opening in ((a, met[0]), (b, met[1])):
        await requested(side.student, opening)
    await Provider.filter(id__in=[hidden.id, left.id]).update(searchable=False)
    owners = {hidden.id: "hidden", left.id: "left"}
    for name, side in (("a", a), ("b", b)):
        owners |= {side.school.id: name, side.student.id: name, side.provider.id: name, side.practice.id: name}
        owners[side.colleague.account_id] = f"{name} COLLEAGUE"
        await write_entries([read_by(viewer, side.student) for viewer in side.viewers.values()])
        owners |= {job.membership_id: f"{name} {role}" for role, job in side.jobs.items()}
        for event in await Event.filter(student_id=side.student.id).limit(2):
            await mail_of(event, side.student.email)
        owners |= {viewer.account_id: f"{name} {role}" for role, viewer in side.viewers.items()}
        owners[side.consent.person_id] = f"{name} {Role.STUDENT}"
    return World(a=a, b=b, owners=owners)


def entities() -> list[type[Entity]]:
    """Every model that has a TypeID."""
    apps: Any = Tortoise.apps
    return [model for model in apps["models"].values() if issubclass(model, Entity)]
