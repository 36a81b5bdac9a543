"""The audit trail (ID-6): who read or changed which student's record, and the seals that show it was not touched."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# `number` is the order of the chain. It is given before `written_at`, in the order of the columns.
TABLES = """
CREATE TABLE audit_entries (
    id UUID PRIMARY KEY,
    number BIGINT GENERATED ALWAYS AS IDENTITY CONSTRAINT audit_entries_number_key UNIQUE,
    written_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    at TIMESTAMPTZ NOT NULL,
    kind TEXT NOT NULL CONSTRAINT audit_entries_kind CHECK (kind IN ('READ', 'CHANGE')),
    request_id TEXT NOT NULL,
    account_id UUID NOT NULL,
    membership_id UUID,
    role TEXT NOT NULL,
    operation TEXT NOT NULL,
    student_ids UUID[] NOT NULL,
    source BYTEA NOT NULL,
    CONSTRAINT audit_entries_read_somebody CHECK (kind = 'CHANGE' OR cardinality(student_ids) > 0)
);
CREATE INDEX audit_entries_students ON audit_entries USING gin (student_ids);

CREATE TABLE audit_seals (
    id BIGINT PRIMARY KEY CONSTRAINT audit_seals_in_turn CHECK (id > 0),
    from_number BIGINT NOT NULL CONSTRAINT audit_seals_from_number_key UNIQUE,
    to_number BIGINT NOT NULL CONSTRAINT audit_seals_to_number_key UNIQUE,
    entries INT NOT NULL CONSTRAINT audit_seals_entries CHECK (entries > 0),
    previous BYTEA NOT NULL CONSTRAINT audit_seals_previous_key UNIQUE,
    digest BYTEA NOT NULL CONSTRAINT audit_seals_digest_key UNIQUE,
    sealed_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT audit_seals_order CHECK (from_number <= to_number),
    CONSTRAINT audit_seals_sha256 CHECK (length(previous) = 32 AND length(digest) = 32)
);
"""

APPEND_ONLY = """
CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_entries_no_truncate BEFORE TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_seals_append_only BEFORE UPDATE OR DELETE ON audit_seals
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_seals_no_truncate BEFORE TRUNCATE ON audit_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


class Migration(migrations.Migration):
    """Append-only by triggers; whoever goes around them is found by the chain of seals."""

    dependencies = [("models", "0005_budgets")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", TABLES, APPEND_ONLY) if sql]
