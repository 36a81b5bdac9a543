"""Enums as clients see them: declared once, in the models, and described here before any type uses them."""

import strawberry

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

strawberry.enum(Role, description="What somebody is to the program; every request acts under exactly one.")
strawberry.enum(Document, name="AgreementDocument", description="What a person accepts when they sign up (PR-1).")
strawberry.enum(
    ConflictReason,
    name="PersonConflictReason",
    description="Why an account and a student, or a provider, could not become one person (ID-7).",
)
strawberry.enum(
    ConflictOutcome, name="PersonConflictOutcome", description="How a conflict of persons was settled (ID-7)."
)
strawberry.enum(AppointmentStatus, description="Where an appointment stands.")
strawberry.enum(VisitType, description="The first completed session of a pair is its intake (AP-2).")
strawberry.enum(AppointmentOrder, description="The order of a list of appointments.")
strawberry.enum(ClaimStatus, description="The decision on a claim.")
strawberry.enum(PresentingConcern, description="What a session was about; never shown to a school (CL-9).")
strawberry.enum(Bucket, description="Where a credit is.")
strawberry.enum(TransferKind, description="Why credits moved.")
strawberry.enum(LicenseClass, description="What a license permits; each state titles it differently (EN-2).")
strawberry.enum(Service, description="What a session is for.")
strawberry.enum(DegreeLevel, description="A provider's degree, which the rate depends on (CL-5).")
strawberry.enum(
    MissedSessionPolicy, description="What becomes of the credit of a session that its student missed (CR-5)."
)
strawberry.enum(TinKind, description="Which taxpayer identification number a payee has.")
strawberry.enum(AccountKind, name="BankAccountKind", description="The kind of a bank account.")
strawberry.enum(
    RevealReason, name="PayoutDetailsRevealReason", description="Why somebody looks at the numbers themselves."
)
strawberry.enum(ErasureReason, description="Why a student's identity is removed.")
strawberry.enum(Code, name="UserErrorCode", description="Why a mutation changed nothing, for a program to act upon.")
strawberry.enum(AuditKind, description="What a request did to students' records (ID-6).")
