"""How requests about invitations and sign-up are answered (PR-1, ID-3)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Selection
from models.accounts import agreements, passwords, sessions
from models.accounts.accounts import Membership
from models.base import throttling
from models.base.access import EVERYTHING, Role
from models.base.errors import Code, Refusal, Refused, refuse_if_any
from models.base.text import EmailAddress
from models.base.words import Words
from models.directory.providers import Provider
from models.invitations import invitations
from models.invitations.invitations import Invitation, MembershipOffer
from models.practices.practices import Practice
from models.schools.schools import School
from models.schools.students import Student
from operations.arguments import Filter, Text
from operations.context import Context
from operations.reads.pages import Order, Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.rows import find
from operations.reads.searching import NEWEST_FIRST
from resolvers.accounts.agreements import Accepts, AgreementInput, agreed
from resolvers.accounts.credentials import Token
from resolvers.accounts.sessions import Device, handed_out
from resolvers.practices.practices import OFFICE_TITLE

ANY_NAME = Text(200, one_line=True)
OPEN = "invitations.accepted_at IS NULL AND invitations.withdrawn_at IS NULL AND invitations.expires_at > $1"


class InvitationOrder(Words):
    """The order of a list of invitations."""

    CREATED_AT_DESC = "CREATED_AT_DESC", "Newest first."
    EXPIRES_AT_ASC = "EXPIRES_AT_ASC", "Soonest to expire first."


ORDERS = {InvitationOrder.CREATED_AT_DESC: NEWEST_FIRST, InvitationOrder.EXPIRES_AT_ASC: Order("expires_at")}


class InvitationFilter(Filter):
    """Conditions on a list of invitations; all must hold."""

    open: Annotated[bool | None, "True: can still be accepted. False: accepted, withdrawn or expired."] = None


async def many(
    context: Context,
    selection: Selection,
    *,
    page: PageRequest,
    filter: Annotated[InvitationFilter | None, "Which invitations."] = None,
    order_by: Annotated[InvitationOrder, "The order of the list."] = InvitationOrder.CREATED_AT_DESC,
) -> Page:
    """The invitations you may see."""
    where, values = EVERYTHING, []
    if filter is not None and filter.open is not None:
        where, values = OPEN if filter.open else f"NOT ({OPEN})", [context.now]
    return await page_of(context, Invitation, selection, page, order=ORDERS[order_by], where=where, values=values)


async def invite(
    context: Context,
    *,
    role: Annotated[Role, "Role offered. STUDENT, PROVIDER, OFFICE and SCHOOL need the object they act for."],
    email: Annotated[EmailAddress | None, "E-mail address to invite; default the student's or provider's own."] = None,
    name: Annotated[str, ANY_NAME, "Name of the person, used in the e-mail."] = "",
    student_id: Annotated[UUID | None, Student, "Student, for the role STUDENT."] = None,
    provider_id: Annotated[UUID | None, Provider, "Provider, for the role PROVIDER."] = None,
    practice_id: Annotated[UUID | None, Practice, "Practice, for the role OFFICE; default your own."] = None,
    school_id: Annotated[UUID | None, School, "School, for the role SCHOOL; default your own."] = None,
    title: Annotated[str, OFFICE_TITLE, "Job title of an office user."] = "",
    is_owner: Annotated[bool, "Whether the office user will own the practice (ID-4)."] = False,
) -> Invitation:
    """Invite a person by e-mail.

    OPS may invite anyone, a school its students and staff, a practice's owner its office (ID-4).
    """
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
        raise Refusal(
            Code.INVALID,
            "Nobody to invite is named.",
            path=["email"],
            fix="Enter the e-mail address of the person to invite.",
        )
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


async def withdraw(
    context: Context, *, invitation_id: Annotated[UUID, Invitation, "Invitation to withdraw."]
) -> Invitation:
    """Withdraw an invitation. Its link stops working."""
    invitation = await find(context, Invitation, invitation_id, path="invitationId")
    return await invitations.withdraw(invitation, by=context.viewer, at=context.now)


class InvitationOffer:
    """What an invitation offers, for whoever holds its link."""

    def __init__(self, invitation: Invitation, organization: str) -> None:
        self.role = invitation.role
        self.name = invitation.name
        self.organization = organization
        self.expires_at = invitation.expires_at
        self.agreements = agreements.required_of(invitation.role)
        self.password_length_min = passwords.length_min(is_staff=invitation.role is not Role.STUDENT)


async def offer(context: Context, selection: Selection, *, token: Token) -> InvitationOffer | None:
    """The invitation behind a link; null if the link is invalid or has expired (ID-3)."""
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
    password: Annotated[str, "New password, at least 8 characters for students and 12 for everyone else (ID-1)."],
    accepts: Accepts,
    name: Annotated[str, ANY_NAME, "Name of the person; default the name in the invitation."] = "",
    device: Device = "",
) -> dict[str, Any] | Refused:
    """Create an account with the link from an invitation, and sign in. The link works once (PR-1, ID-3)."""
    membership = await invitations.sign_up(
        token, name=name, password_hash=password_hash, accepted=agreed(accepts), at=context.now
    )
    if isinstance(membership, Refused):
        return membership
    await throttling.link_was_right(context.source)
    return handed_out(context, await sessions.open_session(membership, device=device, at=context.now))


async def admit_token(context: Context, *, token: str, **_: Any) -> None:
    """Count the try to use a link, outside of the transaction that a refusal rolls back."""
    await throttling.admit_link(context.source, at=context.now)


async def accept(context: Context, _: None, *, token: Token, accepts: Accepts) -> Membership | Refused:
    """Add a membership to your account, with the link from an invitation sent to its e-mail address (ID-3)."""
    return await invitations.accept(token, accepted=agreed(accepts), by=context.viewer, at=context.now)
