"""The audit trail as clients see it."""

from datetime import datetime

from models.base.access import Role
from models.records import audit as models
from models.records.audit import AuditKind
from operations.queries import query, relation
from resolvers.records import audit as resolvers
from schema.accounts.accounts import Account
from schema.base.shape import Connection, Node, computed, shown, shows, value
from schema.schools.students import Student


@shows(models.AuditEntry)
class AuditEntry(Node):
    """One request that read or changed students' records (ID-6). Ids only; never changed."""

    at: datetime = shown("When.")
    kind: AuditKind = shown("Whether records were read or something was changed.")
    role: Role = shown("Under which role.")
    account: Account | None = relation(resolvers.ACCOUNT, "Whose account asked.")
    request_id: str = shown("The request, as the answer told it in `x-request-id`.")
    operation: str = shown("The operation's name, or its root fields.")
    students: list[Student] = relation(resolvers.STUDENTS, "The students whose records it was about.")


@value
class AuditProof:
    """What came of deriving the seals of the audit trail again."""

    agrees: bool = shown("Whether nothing was changed, removed or put in.")
    seals: int = shown("How many seals were derived again.")
    entries: int = shown("How many entries they are over.")
    unsealed: int = shown("How many entries wait for their seal, which the worker sets.")
    digest: str = computed(
        lambda proof: proof.head.hex(), "The last seal's SHA-256; compare it with what was noted.", needs=("head",)
    )
    faults: list[str] = shown("What does not agree, up to 100.")


class Query:
    """What the audit trail adds to Query."""

    audit_trail: Connection[AuditEntry] | None = query(resolvers.trail, allow=[Role.OPS])
    audit_proof: AuditProof | None = query(resolvers.proof, allow=[Role.OPS, Role.FINANCE])
