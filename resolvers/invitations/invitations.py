"""How requests about invitations and sign-up are answered (PR-1, ID-3)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Selection
from models.accounts import agreements, passwords, sessions
from models.accounts.accounts import Membership
from models.base import throttling
from models.base.access import EVERYTHING, Role
from models.base.errors import Code, Refusal, refuse_if_any
from models.base.text import EmailAddress
from models.directory.providers import Provider
from models.invitations import invitations
from models.invitations.invitations import Invitation, MembershipOffer
from models.practices.practices import Practice
from models.schools.schools import School
from models.schools.students import Student
from operations.arguments import Text
from operations.context import Context
from operations.reads.pages import Order, Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.rows import find
from resolvers.accounts.agreements import Accepts, AgreementInput, agreed
from resolvers.accounts.credentials import Token
from resolvers.accounts.sessions import Device, handed_out
from resolvers.practices.practices import OFFICE_TITLE

ANY_NAME = Text(200, one_line=True)
LATEST_FIRST = Order("created_at", descending=True)
OPEN = "invitations.accepted_at IS NULL AND invitations.withdrawn_at IS NULL AND invitations.expires_at > $1"


async def many(
    context: Context,
    selection: Selection,
    *,
    page: PageRequest,
    open: Annotated[bool, "Only those that can still be accepted."] = False,
) -> Page:
    """The invitations that you may see, latest first."""
    where, values = (OPEN, [context.now]) if open else (EVERYTHING, [])
    return await page_of(context, Invitation, selection, page, order=LATEST_FIRST, where=where, values=values)


async def invite(
    context: Context,
    *,
    role: Annotated[Role, "As what; each role but STUDENT, PROVIDER, OFFICE and SCHOOL is for nobody in particular."],
    email: Annotated[EmailAddress | None, "Whom; a student's or provider's own address if left out."] = None,
    name: Annotated[str, ANY_NAME, "The person's name, as the mail greets them."] = "",
    student_id: Annotated[UUID | None, Student, "The student, for the role STUDENT."] = None,
    provider_id: Annotated[UUID | None, Provider, "The provider, for the role PROVIDER."] = None,
    practice_id: Annotated[UUID | None, Practice, "The practice, for the role OFFICE; your own if left out."] = None,
    school_id: Annotated[UUID | None, School, "The school, for the role SCHOOL; your own if left out."] = None,
    title: Annotated[str, OFFICE_TITLE, "What an office user is called in the practice."] = "",
    is_owner: Annotated[bool, "Whether an office user is to own the practice (ID-4)."] = False,
) -> Invitation:
    """Invite somebody by mail: OPS anybody, a school its students and staff, a practice's owner its office (ID-4)."""
    subject = await subject_of(context, student_id, provider_id)
    if practice_id is not None:
        await find(context, Practice, practice_id, path="practiceId")
    if school_id is not None:
        await find(context, School, school_id, path="schoolId")
    if isinstance(subject, Student):
        school_id = subject.school_id
    elif role is Role.SCHOOL:
        school_id = school_id or context.viewer.school_id
    address = subject.email if subject is not None else email
    if address is None:
        raise Refusal(Code.INVALID, "Nobody is named.", path=["email"], fix="Give the address of whom to invite.")
    offer = MembershipOffer(
        role=role,
        student_id=student_id,
        provider_id=provider_id,
        practice_id=practice_id or (context.viewer.practice_id if role is Role.OFFICE else None),
        school_id=school_id,
        title=title,
        is_owner=is_owner,
    )
    greeted = name or (subject.name if subject is not None else "")
    return await invitations.invite(email=address, name=greeted, offer=offer, by=context.viewer, at=context.now)


async def subject_of(context: Context, student_id: UUID | None, provider_id: UUID | None) -> Student | Provider | None:
    """The student or provider that an invitation is for: visible, and invited at the address that is known of them."""
    found: Student | Provider | None = None
    if student_id is not None:
        found = await find(context, Student, student_id, path="studentId")
    elif provider_id is not None:
        found = await find(context, Provider, provider_id, path="providerId")
    return found


async def withdraw(context: Context, *, invitation_id: Annotated[UUID, Invitation, "The invitation."]) -> Invitation:
    """Take an invitation back; its link works no more."""
    invitation = await find(context, Invitation, invitation_id, path="invitationId")
    return await invitations.withdraw(invitation, by=context.viewer, at=context.now)


class InvitationOffer:
    """What an invitation offers to the holder of its link."""

    def __init__(self, invitation: Invitation, organization: str) -> None:
        self.role = invitation.role
        self.name = invitation.name
        self.organization = organization
        self.expires_at = invitation.expires_at
        self.agreements = agreements.required_of(invitation.role)
        self.password_length_min = passwords.length_min(is_staff=invitation.role is not Role.STUDENT)


async def offer(context: Context, selection: Selection, *, token: Token) -> InvitationOffer | None:
    """What the invitation of a link offers; null if the link does not work, or not any more (ID-3)."""
    try:
        invitation = await invitations.of_token(token, at=context.now)
    except Refusal:
        return None
    return InvitationOffer(invitation, await organization_of(invitation))


async def organization_of(invitation: Invitation) -> str:
    """The name of the school or practice that an invitation is for; empty if it is for neither."""
    if invitation.practice_id is not None:
        return (await Practice.get(id=invitation.practice_id)).name
    if invitation.school_id is not None:
        return (await School.get(id=invitation.school_id)).name
    return ""


async def hash_first(
    context: Context, *, token: str, password: str, accepts: list[AgreementInput], name: str, device: str
) -> str:
    """The new password's hash, made outside of the transaction once nothing speaks against the sign-up."""
    await throttling.admit_link(context.source, at=context.now)
    invitation = await invitations.of_token(token, at=context.now)
    refuse_if_any(invitations.sign_up_refusals(invitation, name=name, password=password, accepted=agreed(accepts)))
    return await passwords.hashed(password)


async def sign_up(
    context: Context,
    password_hash: str,
    *,
    token: Token,
    password: Annotated[str, "A new password: 8 characters or more for students, 12 for everybody else (ID-1)."],
    accepts: Accepts,
    name: Annotated[str, ANY_NAME, "The person's name; that of the invitation if left out."] = "",
    device: Device = "",
) -> dict[str, Any]:
    """Make an account by an invitation's link and sign in; the link works once (PR-1, ID-3)."""
    membership = await invitations.sign_up(
        token, name=name, password_hash=password_hash, accepted=agreed(accepts), at=context.now
    )
    return handed_out(context, await sessions.open_session(membership, device=device, at=context.now))


async def admit_token(context: Context, *, token: str, **_: Any) -> None:
    """Count the try to use a link, outside of the transaction that a refusal rolls back."""
    await throttling.admit_link(context.source, at=context.now)


async def accept(context: Context, _: None, *, token: Token, accepts: Accepts) -> Membership:
    """Take a further membership into your own account, by the link of an invitation to its address (ID-3)."""
    return await invitations.accept(token, accepted=agreed(accepts), by=context.viewer, at=context.now)
