"""Who may use which root field: one line for each, written down apart from the program.

A new field needs a line here, thought about with the rulebook open; a field whose audience changes needs its line
changed by hand. What of a field's rows each role then sees is in `expected_access.py`.
"""

from __future__ import annotations

from typing import Literal

from models.base.access import Role

STUDENT, PROVIDER, OFFICE, SCHOOL = Role.STUDENT, Role.PROVIDER, Role.OFFICE, Role.SCHOOL
PARTNER, OPS, FINANCE = Role.PARTNER, Role.OPS, Role.FINANCE

ANYONE: Literal["anyone"] = "anyone"
"""Nobody has to be signed in."""
EVERYBODY = frozenset({STUDENT, PROVIDER, OFFICE, SCHOOL, PARTNER, OPS, FINANCE})
"""Whoever is signed in."""
PEOPLE = EVERYBODY - {PARTNER}
"""Whoever is signed in and is no machine."""

Expected = dict[str, frozenset[Role] | set[Role] | Literal["anyone"]]

QUERY: Expected = {
    # accounts
    "viewer": EVERYBODY,
    "sessions": PEOPLE,
    "secondFactor": PEOPLE,
    "agreements": ANYONE,
    "invitations": {OFFICE, SCHOOL, OPS},
    "practice": {PROVIDER, OFFICE, OPS, FINANCE},
    "practices": {OPS, FINANCE},
    "partnerKeys": {SCHOOL, OPS},
    "campuses": ANYONE,
    "personConflicts": {OPS},
    # schools and their students
    "school": {STUDENT, SCHOOL, PARTNER, OPS, FINANCE},
    "schools": {OPS, FINANCE},
    "student": {STUDENT, PROVIDER, OFFICE, SCHOOL, PARTNER, OPS},
    "students": {PROVIDER, OFFICE, SCHOOL, PARTNER, OPS},
    # providers: the directory is open to all who are signed in, a search of it to those who look for one (PR-12)
    "provider": EVERYBODY,
    "providers": {STUDENT, SCHOOL, PARTNER, OPS},
    "payoutDetails": {PROVIDER, OPS, FINANCE},
    "payoutDetailsHistory": {PROVIDER, OPS, FINANCE},
    "opening": {STUDENT, PROVIDER, OFFICE, SCHOOL, OPS},
    # credits: others read a wallet below its student
    "wallet": {STUDENT},
    "ledgerProof": {OPS, FINANCE},
    # sessions and claims
    "appointment": {STUDENT, PROVIDER, OFFICE, SCHOOL, PARTNER, OPS},
    "appointments": {STUDENT, PROVIDER, OFFICE, SCHOOL, PARTNER, OPS},
    "bookingPreflight": {STUDENT},
    "claim": {STUDENT, PROVIDER, SCHOOL, PARTNER, OPS, FINANCE},
    "claims": {PROVIDER, SCHOOL, PARTNER, OPS, FINANCE},
    # records and the audit trail (ID-6)
    "myRecord": {STUDENT},
    "studentRecord": {OPS},
    "auditTrail": {OPS},
    "auditProof": {OPS, FINANCE},
    # everything
    "now": ANYONE,
    "node": EVERYBODY,
    "nodes": EVERYBODY,
}

MUTATION: Expected = {
    # signing in and out (ID-1, ID-2)
    "signIn": ANYONE,
    "refresh": ANYONE,
    "exchangeCampusCode": ANYONE,
    "actAs": PEOPLE,
    "signOut": PEOPLE,
    "signOutEverywhere": PEOPLE,
    "revokeSession": PEOPLE,
    # accounts
    "signUp": ANYONE,
    "acceptInvitation": PEOPLE,
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
    "disableAccount": {OPS},
    "enableAccount": {OPS},
    "endMembership": {OPS},
    # persons who do not go together are settled by OPS (ID-7)
    "linkPerson": {OPS},
    "dismissPersonConflict": {OPS},
    # who invites whom: a practice's owner, a school, OPS (ID-4)
    "invite": {OFFICE, SCHOOL, OPS},
    "withdrawInvitation": {OFFICE, SCHOOL, OPS},
    # practices: an office user is looked after by the practice's owner (ID-4)
    "openPractice": {OPS},
    "setPractice": {OPS},
    "modifyOfficeUser": {OFFICE, OPS},
    "removeOfficeUser": {OFFICE, OPS},
    "revalidateOfficeUser": {OFFICE, OPS},
    "handOverPractice": {OFFICE, OPS},
    # machines and campuses of a school (ID-1, ID-5)
    "createPartnerKey": {SCHOOL, OPS},
    "rotatePartnerKey": {SCHOOL, OPS},
    "revokePartnerKey": {SCHOOL, OPS},
    "setCampusIssuer": {OPS},
    "disableCampusIssuer": {OPS},
    # schools and students
    "openSchool": {OPS},
    "enterStudent": {SCHOOL, OPS},
    "eraseStudent": {OPS},
    # providers: OPS verifies and enrols (PR-4, EN-3)
    "joinProvider": {OPS},
    "enterLicense": {PROVIDER, OPS},
    "verifyLicense": {OPS},
    "enrollProvider": {OPS},
    "setWeeklyHours": {PROVIDER, OFFICE, OPS},
    "setPayoutDetails": {PROVIDER},
    "revealPayoutDetails": {FINANCE},
    # credits: the school grants (CR-2)
    "grantCredits": {SCHOOL},
    # sessions: an office user schedules, only the provider says what took place (ID-4, AP-7)
    "requestAppointment": {STUDENT},
    "withdrawAppointment": {STUDENT},
    "confirmAppointment": {PROVIDER, OFFICE},
    "declineAppointment": {PROVIDER, OFFICE},
    "cancelAppointment": {STUDENT, PROVIDER, OFFICE, OPS},
    "markNoShow": {PROVIDER, OPS},
    "attestSession": {PROVIDER},
    # demo and test servers only
    "moveClock": {OPS},
}

SUBSCRIPTION: Expected = {
    "appointmentChanged": {STUDENT, PROVIDER, OFFICE, SCHOOL, PARTNER, OPS},
    "claimChanged": {STUDENT, PROVIDER, SCHOOL, PARTNER, OPS, FINANCE},
    "walletChanged": {STUDENT, SCHOOL, PARTNER, OPS, FINANCE},
    "inbox": {STUDENT, PROVIDER, SCHOOL, OPS},
}

AUDIENCES: dict[str, Expected] = {"query": QUERY, "mutation": MUTATION, "subscription": SUBSCRIPTION}
"""For each kind of operation its root fields and for whom they are."""
