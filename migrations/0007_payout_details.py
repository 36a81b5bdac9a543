"""Payout details: whom a provider's money goes to, numbers sealed; what was replaced stays as it was."""

from tortoise import migrations
from tortoise.migrations import operations as ops

TABLES = """
CREATE TABLE payout_details (
    id UUID PRIMARY KEY,
    provider_id UUID NOT NULL REFERENCES providers (id) ON DELETE RESTRICT,
    legal_name TEXT NOT NULL CONSTRAINT payout_details_legal_name CHECK (legal_name <> ''),
    tin_kind TEXT NOT NULL CONSTRAINT payout_details_tin_kind CHECK (tin_kind IN ('SSN', 'EIN')),
    sealed_tin TEXT NOT NULL,
    tin_last4 TEXT NOT NULL CONSTRAINT payout_details_tin_last4 CHECK (tin_last4 ~ '^[0-9]{4}$'),
    routing_number TEXT NOT NULL CONSTRAINT payout_details_routing_number CHECK (routing_number ~ '^[0-9]{9}$'),
    sealed_account TEXT NOT NULL,
    account_last4 TEXT NOT NULL CONSTRAINT payout_details_account_last4 CHECK (account_last4 ~ '^[0-9]{4}$'),
    account_kind TEXT NOT NULL CONSTRAINT payout_details_account_kind CHECK (account_kind IN ('CHECKING', 'SAVINGS')),
    authorised_at TIMESTAMPTZ NOT NULL,
    set_at TIMESTAMPTZ NOT NULL,
    set_by UUID NOT NULL,
    superseded_at TIMESTAMPTZ,
    CONSTRAINT payout_details_sealed CHECK (sealed_tin ~ '^[^:]+:.{40,}$' AND sealed_account ~ '^[^:]+:.{40,}$'),
    CONSTRAINT payout_details_order CHECK (superseded_at >= set_at)
);
CREATE UNIQUE INDEX payout_details_one_current ON payout_details (provider_id) WHERE superseded_at IS NULL;
CREATE INDEX payout_details_provider ON payout_details (provider_id, set_at, id);
"""

# Only the sealed forms may change, so that a rotation of keys can seal them anew, and once the end.
HISTORY = """
CREATE FUNCTION payout_details_keep_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.superseded_at IS NOT NULL AND NEW.superseded_at IS DISTINCT FROM OLD.superseded_at
       OR (to_jsonb(OLD) - 'sealed_tin' - 'sealed_account' - 'superseded_at')
          IS DISTINCT FROM (to_jsonb(NEW) - 'sealed_tin' - 'sealed_account' - 'superseded_at') THEN
        RAISE EXCEPTION 'payout details are replaced, never changed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'payout_details_keep_history';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payout_details_keep_history BEFORE UPDATE OR DELETE ON payout_details
    FOR EACH ROW EXECUTE FUNCTION payout_details_keep_history();
CREATE TRIGGER payout_details_no_truncate BEFORE TRUNCATE ON payout_details
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


class Migration(migrations.Migration):
    """One current row a provider; the rows before it are its history."""

    dependencies = [("models", "0006_audit")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", TABLES, HISTORY)]
