"""What each value of an enum means, as GraphQL shows it; the enums themselves are declared in the models."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

import schema.base.enums  # noqa: F401 — they are declared there
from models.accounts.agreements import Document
from models.accounts.persons import ConflictOutcome, ConflictReason
from models.appointments.appointments import AppointmentStatus, VisitType
from models.base.access import Role
from models.base.errors import Code
from models.claims.claims import ClaimStatus, PresentingConcern
from models.credits.ledger import Bucket, TransferKind
from models.directory.licenses import LicenseClass
from models.directory.providers import DegreeLevel, Service
from models.payouts.payout_details import AccountKind, RevealReason, TinKind
from models.records.audit import AuditKind
from models.records.erasure import ErasureReason
from models.schools.schools import MissedSessionPolicy
from resolvers.appointments.appointments import AppointmentOrder

MEANINGS: dict[type[Enum], Mapping[str, str]] = {
    Role: {
        "STUDENT": "The client, who uses credits.",
        "PROVIDER": "A clinician, who gives sessions and attests them.",
        "OFFICE": "An office user of a practice, who drafts and schedules (ID-4).",
        "SCHOOL": "Staff of a counselling centre, who grant credits.",
        "PARTNER": "A school's machine client, by a key (ID-5).",
        "OPS": "Program staff: verification, support, claims.",
        "FINANCE": "Program staff: rates, payouts, invoices.",
    },
    Document: {
        "TERMS_OF_SERVICE": "The terms under which the service is used.",
        "PRIVACY_POLICY": "What is kept about a person, and why.",
        "BUSINESS_ASSOCIATE_AGREEMENT": "How a practice and we protect health records; for clinicians and offices.",
    },
    ConflictReason: {
        "TWO_STUDENTS_OF_ONE_SCHOOL": "The person is entered in this school already, as another student.",
        "SESSIONS_OVERLAP": "Both have a live appointment at the same time (AP-4).",
        "TWO_INTAKES": "Both have an intake with the same provider (AP-2).",
        "ADDRESS_IS_TAKEN": "Another student of the school is entered with the account's address.",
        "ANOTHER_ACCOUNT": "Another account acts for the student or provider.",
        "BOTH_SIDES": "The person would sit on both sides of a session, a grant or a claim (ID-9).",
    },
    ConflictOutcome: {
        "LINKED": "They are one person now.",
        "DISMISSED": "They stay apart.",
    },
    AppointmentStatus: {
        "REQUESTED": "It waits for the provider's answer; its time is taken and one credit held.",
        "CONFIRMED": "The provider accepted it; time and credit stay taken.",
        "COMPLETED": "The provider attested that it took place.",
        "DECLINED": "The provider said no; the credit was released.",
        "EXPIRED": "Nobody answered in time (AP-3); the credit was released.",
        "WITHDRAWN": "The student took the request back; the credit was released.",
        "CANCELLED": "It was called off before it began (CR-5).",
        "NO_SHOW": "The student did not come (AP-7); it is never reimbursed.",
    },
    VisitType: {
        "INTAKE": "The first session of a pair, 60 minutes.",
        "FOLLOW_UP": "Every session after the intake, 50 minutes.",
    },
    AppointmentOrder: {
        "STARTS_AT_ASC": "The soonest session first.",
        "STARTS_AT_DESC": "The latest session first.",
        "CONFIRM_BY_ASC": "What must be answered soonest first.",
        "REQUESTED_AT_DESC": "The newest request first.",
    },
    ClaimStatus: {
        "ACCEPTED": "It is reimbursed; the credit is settled.",
        "DENIED": "It is not reimbursed; the credit is released, the reasons say why.",
        "VOID": "It no longer counts; another may take its place.",
    },
    PresentingConcern: {
        "ACADEMIC": "Studies and performance.",
        "ADJUSTMENT": "A change in life.",
        "ANXIETY": "Worry, panic, fear.",
        "ATTENTION": "Attention and concentration.",
        "DEPRESSION": "Low mood.",
        "EATING": "Food and body image.",
        "FAMILY": "Relations in the family.",
        "GRIEF": "Loss.",
        "IDENTITY": "Who one is.",
        "MEDICATION": "Starting, following or ending a medication.",
        "RELATIONSHIPS": "Partners, friends, room-mates.",
        "SLEEP": "Falling asleep or staying so.",
        "STRESS": "More than one can carry.",
        "SUBSTANCE_USE": "Alcohol and other substances.",
        "TRAUMA": "Something terrible that happened.",
        "OTHER": "None of the others.",
    },
    Bucket: {
        "SCHOOL": "Not granted yet; where every credit comes from.",
        "AVAILABLE": "Free to request sessions with.",
        "HELD": "Held for a live appointment.",
        "SETTLED": "Used up by a session that took place.",
        "EXPIRED": "Not used in time (CR-3).",
        "REVOKED": "Taken back by the school.",
        "FORFEITED": "Lost by the school's policy on missed sessions (CR-5).",
    },
    TransferKind: {
        "GRANT": "The school gave them.",
        "HOLD": "A session was requested.",
        "SETTLE": "A session was attested and its claim accepted.",
        "RELEASE": "An appointment came to nothing, or its claim was denied.",
        "FORFEIT": "A session was missed under a policy that does not give credits back.",
        "EXPIRE": "The grant's time was over.",
        "REVOKE": "The school took them back.",
        "REVERSE": "A settlement was a mistake.",
    },
    LicenseClass: {
        "CLINICAL_SOCIAL_WORKER": "LCSW, LICSW and the like.",
        "MARRIAGE_FAMILY_THERAPIST": "LMFT and the like.",
        "MENTAL_HEALTH_COUNSELOR": "LMHC, LCMHC and the like.",
        "PROFESSIONAL_COUNSELOR": "LPC, LPCC, LCPC and the like.",
        "PSYCHOLOGIST": "A licensed psychologist.",
        "PSYCHIATRIST": "A physician of psychiatry, who may prescribe.",
        "PSYCHIATRIC_NURSE_PRACTITIONER": "PMHNP, who may prescribe.",
        "ASSOCIATE": "Works under a licensed supervisor.",
    },
    Service: {
        "THERAPY": "Talking therapy.",
        "MEDICATION_MANAGEMENT": "Prescribing and following medication; by those who may prescribe.",
    },
    DegreeLevel: {
        "ASSOCIATE": "Works under supervision.",
        "MASTERS": "A master's degree.",
        "DOCTORATE": "A doctorate.",
    },
    MissedSessionPolicy: {
        "RELEASE": "The credit goes back to the student.",
        "FORFEIT": "The credit is lost to the student.",
    },
    TinKind: {
        "SSN": "A person's social security number.",
        "EIN": "A business's employer identification number.",
    },
    AccountKind: {
        "CHECKING": "A checking account.",
        "SAVINGS": "A savings account.",
    },
    RevealReason: {
        "BANK_FILE": "A payment file is made or checked.",
        "RETURNED_PAYMENT": "The bank sent a payment back.",
        "TAX_FORM": "A 1099-NEC is made or corrected.",
        "PAYEE_ASKED": "The payee asked whether they are right.",
        "AUDIT": "An auditor asked for them.",
    },
    ErasureReason: {
        "STUDENT_ASKED": "The student asked for it.",
        "RETENTION_ENDED": "The time for which the record is kept is over.",
        "ENTERED_BY_MISTAKE": "The person was never to be in the program.",
    },
    Code: {
        "NOT_FOUND": "There is no such thing, or none that you may see.",
        "INVALID": "A value has a form or content that cannot be taken.",
        "CONFLICT": "It contradicts something that is there already.",
        "NOT_OPEN": "Where the object stands does not allow this step.",
        "NOT_ELIGIBLE": "What or who was chosen does not qualify.",
        "SLOT_TAKEN": "Somebody else has this time.",
        "NO_CREDITS": "There is no credit for it.",
        "OUT_OF_BOUNDS": "A number is outside its limits.",
        "TOO_EARLY": "The time for it has not come.",
        "TOO_LATE": "The time for it is over.",
        "INVALID_CREDENTIALS": "Address, password or token do not hold.",
        "SECOND_FACTOR_REQUIRED": "A code of the second factor is needed first.",
        "THROTTLED": "Too many tries; wait a while.",
    },
    AuditKind: {
        "READ": "Records were read by somebody else than their student.",
        "CHANGE": "Something was changed, or its change was asked for and refused.",
    },
}
"""For each enum what its values mean, each of them."""

for enum, meanings in MEANINGS.items():
    definition: Any = getattr(enum, "__strawberry_definition__")  # noqa: B009 — strawberry's own attribute
    for value in definition.values:
        value.description = meanings.get(value.name)
