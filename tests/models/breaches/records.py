"""Breaches of the audit trail and its chain of seals."""

from typing import Any

from tests.models.breaches.statements import breach, changed, copied, deleted, emptied

OTHER_HASH, SHORT_HASH = "\\x" + "11" * 32, "\\x" + "11" * 31
NEXT_SEAL: dict[str, Any] = {
    "id": "2", "from_number": 1_000, "to_number": 1_001, "previous": OTHER_HASH, "digest": "\\x" + "22" * 32,
}  # fmt: skip


def sealed(*, same: str = "", **changes: Any) -> str:
    """An INSERT of a second seal that is sound but for these changes, and one column that is as in the first."""
    return copied("audit_seals", "1", **{name: value for name, value in NEXT_SEAL.items() if name != same} | changes)


ENTRIES = [
    breach("two entries of one number", "audit_entries_number_key", copied("audit_entries", "$entry")),
    breach("an entry that is neither of reading nor of changing", "audit_entries_kind",
           copied("audit_entries", "$entry", number=1_000, kind="GUESS")),
    breach("nobody's record is read", "audit_entries_read_somebody",
           copied("audit_entries", "$entry", number=1_000, student_ids=[])),
    breach("an entry is edited", "audit_entries_append_only",
           changed("audit_entries", "$entry", "operation = 'nothing'")),
    breach("an entry is deleted", "audit_entries_append_only", deleted("audit_entries", "$entry")),
    breach("the trail is emptied", "audit_entries_append_only", emptied("audit_entries")),
]  # fmt: skip

SEALS = [
    breach("a seal before the first", "audit_seals_in_turn", sealed(id="0")),
    breach("two seals begin at one entry", "audit_seals_from_number_key", sealed(same="from_number")),
    breach("two seals end at one entry", "audit_seals_to_number_key", sealed(same="to_number", from_number=0)),
    breach("two seals follow the same one", "audit_seals_previous_key", sealed(same="previous")),
    breach("two seals of one digest", "audit_seals_digest_key", sealed(same="digest")),
    breach("a seal of nothing", "audit_seals_entries", sealed(entries=0)),
    breach("a seal that ends before it begins", "audit_seals_order", sealed(to_number=999)),
    breach("a seal by another hash", "audit_seals_sha256", sealed(digest=SHORT_HASH)),
    breach("a seal on no hash", "audit_seals_sha256", sealed(previous=SHORT_HASH)),
    breach("a seal is edited", "audit_seals_append_only", changed("audit_seals", "1", "entries = entries + 1")),
    breach("a seal is deleted", "audit_seals_append_only", deleted("audit_seals", "1")),
    breach("the chain is emptied", "audit_seals_append_only", emptied("audit_seals")),
]  # fmt: skip

BREACHES = [*ENTRIES, *SEALS]
