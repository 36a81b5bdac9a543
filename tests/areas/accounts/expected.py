"""Who may see and do what in accounts, written by hand, apart from the program."""

from __future__ import annotations

from models.accounts.consents import ConsentText
from models.base.ids import encode, new_id
from tests.areas.vocabulary import (
    ALL,
    ANYONE,
    EVERYBODY,
    NONE,
    OFFICE,
    OPS,
    PEOPLE,
    PROVIDER,
    SCHOOL,
    STUDENT,
    Expected,
    Others,
    Seen,
    of_account,
    office_user,
    seen,
)

COLLEAGUES = frozenset({"own OFFICE", "own COLLEAGUE"})

QUERY: Expected = {
    "viewer": EVERYBODY,
    "signInSessions": PEOPLE,
    "secondFactor": PEOPLE,
    "agreements": ANYONE,
    "personConflicts": {OPS},
    "consents": {STUDENT},
    "consentTexts": PEOPLE,
}

MUTATION: Expected = {
    "signIn": ANYONE,
    "refresh": ANYONE,
    "actAs": PEOPLE,
    "signOut": PEOPLE,
    "signOutEverywhere": PEOPLE,
    "revokeSignInSession": PEOPLE,
    "requestPasswordReset": ANYONE,
    "resetPassword": ANYONE,
    "changePassword": PEOPLE,
    "requestEmailVerification": PEOPLE,
    "verifyEmail": ANYONE,
    "enrolSecondFactor": PEOPLE,
    "confirmSecondFactor": PEOPLE,
    "renewRecoveryCodes": PEOPLE,
    "removeSecondFactor": PEOPLE,
    "resetSecondFactor": {OPS},
    # persons who do not go together are settled by OPS (ID-7)
    "linkPerson": {OPS},
    "dismissPersonConflict": {OPS},
    "disableAccount": {OPS},
    "enableAccount": {OPS},
    "endMembership": {OPS},
    "giveConsent": {STUDENT},
    "withdrawConsent": {STUDENT},
}

SEEN: dict[str, Seen] = {
    "acc": of_account() | {OFFICE: COLLEAGUES},
    "mem": of_account() | {OFFICE: COLLEAGUES},
    "ses": of_account(),
    "agr": of_account(),
    "mfa": of_account(),
    "cns": seen(
        student=frozenset({"own STUDENT"}),
        provider=NONE,
        office=NONE,
        school=NONE,
        partner=NONE,
        ops=ALL,
        finance=NONE,
    ),
    "ctx": seen(student=ALL, provider=ALL, office=ALL, school=ALL, partner=NONE, ops=ALL, finance=ALL),
    "pcf": seen(student=NONE, provider=NONE, office=NONE, school=NONE, partner=NONE, ops=ALL, finance=NONE),
}

BEFORE_SECOND_FACTOR = {"acc", "mem", "mfa"}
"""What staff see of their own before they have a second factor; of all else nothing, until they enrol one (ID-1)."""

OTHERS: Others = {
    ("giveConsent", STUDENT): lambda _: {"consentTextId": encode(ConsentText.PREFIX, new_id())},
    ("withdrawConsent", STUDENT): lambda other: {"consentId": other.consent.type_id},
    **{("actAs", role): office_user for role in (STUDENT, PROVIDER, OFFICE, SCHOOL)},
    **{
        ("revokeSignInSession", role): lambda other: {"sessionId": other.session.type_id}
        for role in (STUDENT, PROVIDER, OFFICE, SCHOOL)
    },
}
