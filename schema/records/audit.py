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
    """A request that read or changed students' records (ID-6). Never changed."""

    at: datetime = shown("When the request was made.")
    kind: AuditKind = shown("Whether records were read or changed.")
    role: Role = shown("Role of the person who made the request.")
    account: Account | None = relation(resolvers.ACCOUNT, "Account that made the request.")
    request_id: str = shown("Request id, as returned in `x-request-id`.")
    operation: str = shown("Operation name, or its root fields.")
    students: list[Student] = relation(resolvers.STUDENTS, "Students whose records were concerned.")


@value
class AuditProof:
    """Result of recomputing the seals of the audit trail."""

    agrees: bool = shown("Whether no entry was changed, removed or inserted.")
    seals: int = shown("Number of seals recomputed.")
    entries: int = shown("Number of entries they cover.")
    unsealed: int = shown("Number of entries not sealed yet.")
    digest: str = computed(
        lambda proof: proof.head.hex(),
        "SHA-256 of the last seal, to compare with your own note of it.",
        needs=("head",),
    )
    faults: list[str] = shown("Discrepancies, at most 100.")


class Query:
    """What the audit trail adds to Query."""

    audit_trail: Connection[AuditEntry] | None = query(resolvers.trail, allow=[Role.OPS])
    audit_proof: AuditProof | None = query(resolvers.proof, allow=[Role.OPS, Role.FINANCE])
