"""A fault of form hides no rule: both are told at once, for every mutation whose rules are about several values."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from graphql import get_named_type

from models.accounts import links
from models.accounts.accounts import Account
from models.accounts.links import Purpose
from models.accounts.persons import PersonConflict
from models.base.access import Role, Viewer
from models.base.ids import encode, new_id
from models.invitations import invitations
from models.invitations.invitations import MembershipOffer
from schema.root import SCHEMA
from tests.support.asking import do
from tests.support.databases import own_database, undone
from tests.support.two_sides import Side, build
from tests.support.world import AT

UNFIT = "two\nlines"
NOT_AN_ID = "unfit"
Case = tuple[Role | None, Callable[[Side], dict[str, Any]], set[str], set[str]]
"""Who sends which input; the fields whose form is at fault, and those that a rule refuses."""

STUDENT = {"name": UNFIT, "state": "MA", "timeZone": "UTC"}
PROVIDER = {"title": "LICSW", "email": "a@example.test", "degreeLevel": "MASTERS", "timeZone": "UTC"}
PAYEE = {"tinKind": "EIN", "tin": "00-0000000", "routingNumber": "1", "accountNumber": "1", "accountKind": "CHECKING"}
RATE = {"visitType": "INTAKE", "service": "THERAPY", "degreeLevel": "MASTERS", "licenseClass": "PSYCHOLOGIST",
        "amount": "95", "effectiveFrom": "2020-01-01"}  # fmt: skip
BLOCKS = [{"weekday": 1, "starts": "09:00", "ends": "12:00"}, {"weekday": 1, "starts": "11:00", "ends": "13:00"}]


def unknown(prefix: str) -> str:
    """An id that is nobody's."""
    return encode(prefix, new_id())


CASES: dict[str, Case] = {
    "announceRates": (Role.FINANCE, lambda side: {"rates": [RATE]}, {"rates.0.amount"}, {"rates.0.effectiveFrom"}),
    "announceSchoolPolicy": (
        Role.SCHOOL,
        lambda side: {"effectiveFrom": "2020-01-01", "creditsMin": 0, "lateNoticeHours": -1, "idempotencyKey": UNFIT},
        {"idempotencyKey"},
        {"effectiveFrom", "creditsMin", "lateNoticeHours"},
    ),
    "previewImport": (
        Role.FINANCE,
        lambda side: {
            "kind": "RATES",
            "uploadId": unknown("fil"),
            "mapping": [{"column": "\x07", "header": "Amount"}],
        },
        {"mapping.0.column"},
        {"uploadId"},
    ),
    "commitImport": (
        Role.FINANCE,
        lambda side: {"importId": unknown("imp"), "digest": UNFIT},
        {"digest"},
        {"importId"},
    ),
    "updateSchool": (
        Role.OPS,
        lambda side: {"schoolId": unknown("sch"), "crisisLine": UNFIT},
        {"crisisLine"},
        {"schoolId"},
    ),
    "grantCredits": (
        Role.SCHOOL,
        lambda side: {
            "studentId": side.student.type_id,
            "credits": 999,
            "note": "\x07",
            "expiresAt": (AT - timedelta(days=1)).isoformat(),
        },
        {"note"},
        {"credits", "expiresAt"},
    ),
    "requestCredits": (
        Role.STUDENT,
        lambda side: {"credits": 999, "reason": "CREDITS_USED", "idempotencyKey": UNFIT},
        {"idempotencyKey"},
        {"credits"},  # too many, and one request is open
    ),
    "decideCreditRequest": (
        Role.SCHOOL,
        lambda side: {
            "creditRequestId": side.credit_request.type_id,
            "credits": 2,
            "expiresAt": (AT - timedelta(days=1)).isoformat(),
            "idempotencyKey": UNFIT,
        },
        {"idempotencyKey"},
        {"reason", "expiresAt"},
    ),
    "setWeeklyHours": (
        Role.OPS,
        lambda side: {"providerId": NOT_AN_ID, "hours": BLOCKS},
        {"providerId"},
        {"hours.1"},
    ),
    "enterStudent": (Role.SCHOOL, lambda side: {**STUDENT, "email": side.student.email}, {"name"}, {"email"}),
    "openSchool": (
        Role.OPS,
        lambda side: {"name": UNFIT, "timeZone": "UTC", "creditsMin": 5, "creditsMax": 3},
        {"name"},
        {"creditsMin"},
    ),
    "enterLicense": (
        Role.OPS,
        lambda side: {
            "providerId": unknown("prv"),
            "licenseClass": "CLINICAL_SOCIAL_WORKER",
            "title": UNFIT,
            "number": UNFIT,
            "state": "WY",
            "expiresOn": "2020-01-01",
        },
        {"title", "number"},
        {"providerId", "state", "expiresOn"},
    ),
    "createUpload": (
        Role.PROVIDER,
        lambda side: {"purpose": "LICENSE_EVIDENCE", "name": UNFIT, "bytes": 0},
        {"name"},
        {"bytes"},
    ),
    "attachLicenseEvidence": (
        Role.PROVIDER,
        lambda side: {"licenseId": NOT_AN_ID, "uploadId": side.upload.type_id},
        {"licenseId"},
        {"uploadId"},
    ),
    "joinProvider": (
        Role.OPS,
        lambda side: {
            **PROVIDER,
            "name": UNFIT,
            "services": [],
            "specialties": ["GRIEF", "GREIF"],
            "languages": ["xx"],
        },
        {"name"},
        {"services", "specialties.1", "languages.0"},
    ),
    "addTerm": (
        Role.OPS,
        lambda side: {
            "kind": "LANGUAGE",
            "code": "Es",
            "labelEn": UNFIT,
            "labelEs": "Español",
            "position": -1,
        },
        {"labelEn"},
        {"code", "labelEs", "position"},
    ),
    "changeTerm": (
        Role.OPS,
        lambda side: {"termId": unknown("trm"), "labelEn": UNFIT, "position": -1},
        {"labelEn"},
        {"termId", "position"},
    ),
    "setCampusIssuer": (
        Role.OPS,
        lambda side: {
            "schoolId": unknown("sch"),
            "issuer": "ftp://unsound",
            "clientId": UNFIT,
            "clientSecret": "secret",
            "returnTo": ["unsound"],
        },
        {"clientId"},
        {"schoolId", "issuer", "returnTo"},
    ),
    "createPartnerKey": (
        Role.OPS,
        lambda side: {"name": UNFIT, "schoolId": unknown("sch"), "days": 0, "scopes": ["SCHEDULE_WRITE"]},
        {"name"},
        {"schoolId", "days", "scopes"},
    ),
    "rotatePartnerKey": (
        Role.OPS,
        lambda side: {"partnerKeyId": NOT_AN_ID, "days": 0, "overlapHours": -1},
        {"partnerKeyId"},
        {"days", "overlapHours"},
    ),
    "setPayoutDetails": (
        Role.PROVIDER,
        lambda side: {**PAYEE, "legalName": UNFIT, "authorisesDirectDeposit": False},
        {"legalName"},
        {"tin", "routingNumber", "accountNumber", "authorisesDirectDeposit"},
    ),
    "requestAppointment": (
        Role.STUDENT,
        lambda side: {"openingId": side.opening.type_id, "state": "WY", "idempotencyKey": UNFIT},
        {"idempotencyKey"},
        {"state"},
    ),
    "setPractice": (
        Role.OPS,
        lambda side: {"providerId": NOT_AN_ID, "practiceId": unknown("pra")},
        {"providerId"},
        {"practiceId"},
    ),
    "modifyOfficeUser": (
        Role.OFFICE,
        lambda side: {"membershipId": unknown("mem"), "title": UNFIT},
        {"title"},
        {"membershipId"},
    ),
    "changePassword": (
        Role.STUDENT,
        lambda side: {"currentPassword": "\x07", "password": "password"},
        {"currentPassword"},
        {"password"},
    ),
    "requestEmailVerification": (
        Role.STUDENT,
        lambda side: {"currentPassword": "\x07", "email": "verified@example.test"},
        {"currentPassword"},
        {"email"},
    ),
    "invite": (
        Role.OPS,
        lambda side: {"role": "OPS", "name": UNFIT, "schoolId": side.school.type_id, "isOwner": True},
        {"name"},
        {"email", "schoolId", "isOwner"},
    ),
    "dismissPersonConflict": (
        Role.OPS,
        lambda side: {"personConflictId": unknown(PersonConflict.PREFIX), "reason": "\x07"},
        {"reason"},
        {"personConflictId"},
    ),
    "signUp": (
        None,
        lambda side: {"token": "new@example.test", "password": "password", "accepts": [], "name": UNFIT},
        {"name"},
        {"password", "accepts"},
    ),
}

PROOFS = {
    "signIn", "refresh", "resetPassword", "verifyEmail", "acceptInvitation", "exchangeCampusCode",
    "requestPasswordReset", "confirmSecondFactor", "renewRecoveryCodes", "removeSecondFactor",
}  # fmt: skip
"""Mutations whose rule is that a secret is right: it is tried with an input that is sound in all else."""

ONE_VALUE = {
    "actAs", "signOut", "signOutEverywhere", "revokeSignInSession", "enrolSecondFactor", "resetSecondFactor",
    "disableAccount", "enableAccount", "endMembership", "withdrawAppointment", "confirmAppointment",
    "declineAppointment", "cancelAppointment", "markNoShow", "disableCampusIssuer", "attestSession", "moveClock",
    "verifyLicense", "enrollProvider", "withdrawInvitation", "revokePartnerKey", "revealPayoutDetails", "openPractice",
    "linkPerson", "removeOfficeUser", "revalidateOfficeUser", "handOverPractice", "eraseStudent",
    "giveConsent", "withdrawConsent",
    "takeTask", "releaseTask",
    "exportRecord", "cancelJob", "discardImport",
    "withdrawCreditRequest", "revokeCredits", "reverseTransfer",
    "retireTerm", "restoreTerm", "signedAgreement",
}  # fmt: skip
"""Mutations whose rules are about one value, so that nothing is left to judge where it is at fault."""


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def side(postgres: str) -> AsyncIterator[Side]:
    """One of two sides in a database of this module's own."""
    async with own_database(postgres):
        yield (await build()).a


def mutations() -> Mapping[str, Any]:
    """The fields of the schema's root of mutations."""
    root = SCHEMA._schema.mutation_type
    assert root is not None
    fields: Mapping[str, Any] = root.fields
    return fields


def test_each_mutation_is_known_here() -> None:
    assert sorted([*CASES, *PROOFS, *ONE_VALUE]) == sorted(mutations())


@pytest.mark.parametrize("mutation", sorted(ONE_VALUE))
def test_a_mutation_of_one_value_has_no_other_whose_form_can_be_at_fault(mutation: str) -> None:
    inputs = [get_named_type(argument.type) for argument in mutations()[mutation].args.values()]
    fields = [field for one in inputs for name, field in one.fields.items() if name != "idempotencyKey"]
    assert len([field for field in fields if get_named_type(field.type).name in ("ID", "String")]) <= 1


async def invited(email: str) -> str:
    """The token of a new link, by which somebody of OPS signs up."""
    await invitations.invite(email=email, name="New", offer=MembershipOffer(role=Role.OPS), by=None, at=AT)
    token = await links.newest(Purpose.INVITATION, email=email, at=AT)
    assert token is not None
    return token


@pytest.mark.parametrize("mutation", CASES)
async def test_faults_of_form_and_of_rules_are_told_together(mutation: str, side: Side) -> None:
    role, input_of, of_form, of_rule = CASES[mutation]
    async with undone():
        sent = input_of(side)
        viewer: Viewer | None = None if role is None else side.viewers[role]
        if mutation == "signUp":
            sent["token"] = await invited(sent["token"])
        if mutation == "requestEmailVerification":
            assert viewer is not None
            await Account.filter(id=viewer.account_id).update(email=sent["email"], email_verified_at=AT)
        payload = await do(mutation, viewer, "__typename", **sent)
    told = {".".join(error["field"][1:]) for error in payload["userErrors"]}
    assert told == of_form | of_rule, payload
    assert all(error["field"][0] == "input" for error in payload["userErrors"])


async def test_what_is_at_fault_itself_is_refused_once(side: Side) -> None:
    sent: dict[str, Any] = {**PAYEE, "tin": UNFIT, "legalName": "A", "authorisesDirectDeposit": True}
    async with undone():
        payload = await do("setPayoutDetails", side.viewers[Role.PROVIDER], "__typename", **sent)
    told = [error["field"][1] for error in payload["userErrors"]]
    assert told == ["tin", "routingNumber", "accountNumber"]


async def test_times_that_cannot_be_read_hide_no_fault_of_other_blocks(side: Side) -> None:
    hours = [
        {"weekday": 2, "starts": "9:00", "ends": "25:00"},
        *BLOCKS,
        {"weekday": 8, "starts": "1:0", "ends": "12:00"},
    ]
    async with undone():
        payload = await do("setWeeklyHours", side.viewers[Role.PROVIDER], "__typename", hours=hours)
    told = {".".join(error["field"][1:]) for error in payload["userErrors"]}
    assert told == {"hours.0.starts", "hours.0.ends", "hours.2", "hours.3.starts"}
