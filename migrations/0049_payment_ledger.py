"""The books of payments (PY-6): entries that sum to zero, what is payable, and the files that were sent.

Nothing fills them yet; claims and payouts begin on them.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

LEDGER = """
CREATE TABLE payout_runs (id UUID PRIMARY KEY, opened_at TIMESTAMPTZ NOT NULL);
CREATE TRIGGER payout_runs_no_delete BEFORE DELETE ON payout_runs FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE entries (
    id UUID PRIMARY KEY,
    cause_kind TEXT NOT NULL CONSTRAINT entries_cause_kind CHECK (cause_kind IN (
        'CLAIM', 'HOLD', 'RUN', 'RETURN', 'WITHHOLDING', 'RECEIPT', 'WRITE_OFF', 'REVERSAL')),
    cause_id UUID NOT NULL,
    reverses_id UUID REFERENCES entries (id) ON DELETE RESTRICT,
    at TIMESTAMPTZ NOT NULL,
    CONSTRAINT entries_one_of_cause UNIQUE (cause_kind, cause_id),
    CONSTRAINT entries_one_reversal UNIQUE (reverses_id),
    CONSTRAINT entries_reversal CHECK ((cause_kind = 'REVERSAL') = (reverses_id IS NOT NULL))
);

CREATE TABLE postings (
    id UUID PRIMARY KEY,
    entry_id UUID NOT NULL REFERENCES entries (id) ON DELETE RESTRICT,
    account TEXT NOT NULL CONSTRAINT postings_account CHECK (account IN (
        'PAYABLE', 'HELD', 'TRANSIT', 'PAID', 'WITHHELD', 'RECEIVABLE', 'RECEIVED', 'WRITTEN_OFF', 'COST')),
    payee_id UUID REFERENCES payees (id) ON DELETE RESTRICT,
    school_id UUID REFERENCES schools (id) ON DELETE RESTRICT,
    claim_id UUID REFERENCES claims (id) ON DELETE RESTRICT,
    run_id UUID REFERENCES payout_runs (id) ON DELETE RESTRICT,
    cents BIGINT NOT NULL CONSTRAINT postings_cents CHECK (cents <> 0),
    CONSTRAINT postings_of_payee CHECK (
        account NOT IN ('PAYABLE', 'HELD', 'TRANSIT', 'PAID', 'WITHHELD') OR payee_id IS NOT NULL)
);
CREATE INDEX postings_entry ON postings (entry_id);
CREATE INDEX postings_payee ON postings (payee_id, account) WHERE payee_id IS NOT NULL;
CREATE INDEX postings_school ON postings (school_id) WHERE school_id IS NOT NULL;
CREATE INDEX postings_claim ON postings (claim_id) WHERE claim_id IS NOT NULL;
CREATE INDEX postings_run ON postings (run_id) WHERE run_id IS NOT NULL;

CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE ON entries
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER postings_append_only BEFORE UPDATE OR DELETE ON postings
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER postings_no_truncate BEFORE TRUNCATE ON postings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION entries_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    entry uuid := CASE TG_TABLE_NAME WHEN 'entries' THEN NEW.id END;
    other uuid;
BEGIN
    IF entry IS NULL THEN
        entry := NEW.entry_id;
    END IF;
    IF (SELECT sum(p.cents) FROM postings p WHERE p.entry_id = entry) IS DISTINCT FROM 0 THEN
        RAISE EXCEPTION 'the postings of entry % do not sum to zero', entry
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_balance';
    END IF;
    SELECT e.reverses_id INTO other FROM entries e WHERE e.id = entry;
    IF other IS NOT NULL AND EXISTS (
        SELECT 1 FROM postings p WHERE p.entry_id IN (entry, other)
         GROUP BY p.account, p.payee_id, p.school_id, p.claim_id, p.run_id HAVING sum(p.cents) <> 0) THEN
        RAISE EXCEPTION 'a reversal undoes an entry line by line'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_reverse_whole';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER entries_balance AFTER INSERT ON entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION entries_balance();
CREATE CONSTRAINT TRIGGER postings_balance AFTER INSERT ON postings
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION entries_balance();
"""

# A claim is paid once and taken back once; what is taken back is a line of its own, carried forward until it is even.
PAYABLES = """
CREATE TABLE payables (
    id UUID PRIMARY KEY,
    claim_id UUID NOT NULL REFERENCES claims (id) ON DELETE RESTRICT,
    payee_id UUID NOT NULL REFERENCES payees (id) ON DELETE RESTRICT,
    sign SMALLINT NOT NULL CONSTRAINT payables_sign CHECK (sign IN (1, -1)),
    cents BIGINT NOT NULL CONSTRAINT payables_cents CHECK (cents > 0),
    held_reason TEXT CONSTRAINT payables_held_reason
        CHECK (held_reason IN ('DISPUTED', 'ABSENCE_REPORTED', 'NO_ACCOUNT', 'ACCOUNT_CHANGED', 'BY_STAFF')),
    run_id UUID REFERENCES payout_runs (id) ON DELETE RESTRICT,
    CONSTRAINT payables_once UNIQUE (claim_id, sign),
    CONSTRAINT payables_held_not_paid CHECK (held_reason IS NULL OR run_id IS NULL)
);
CREATE INDEX payables_payee ON payables (payee_id);
CREATE INDEX payables_run ON payables (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX payables_waiting ON payables (payee_id) WHERE run_id IS NULL;
CREATE TRIGGER payables_append_only BEFORE UPDATE ON payables
    FOR EACH ROW WHEN ((OLD.id, OLD.claim_id, OLD.payee_id, OLD.sign, OLD.cents)
                       IS DISTINCT FROM (NEW.id, NEW.claim_id, NEW.payee_id, NEW.sign, NEW.cents)
                       OR OLD.run_id <> NEW.run_id)
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER payables_no_delete BEFORE DELETE ON payables FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE FUNCTION payables_of_claim() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    broken text;
BEGIN
    IF NEW.sign = 1 AND NOT EXISTS (
        SELECT 1 FROM claims c WHERE c.id = NEW.claim_id AND c.status = 'ACCEPTED' AND c.amount_cents = NEW.cents) THEN
        broken := 'payables_of_accepted';
    ELSIF NEW.sign = -1 AND NOT EXISTS (
        SELECT 1 FROM payables p WHERE p.claim_id = NEW.claim_id AND p.sign = 1 AND p.run_id IS NOT NULL
           AND (p.payee_id, p.cents) = (NEW.payee_id, NEW.cents)) THEN
        broken := 'payables_take_back_paid';
    ELSE
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the payable breaks %', broken USING ERRCODE = 'check_violation', CONSTRAINT = broken;
END $$;
CREATE CONSTRAINT TRIGGER payables_of_claim AFTER INSERT ON payables
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payables_of_claim();
"""

TRANSMISSIONS = """
CREATE TABLE transmissions (
    id UUID PRIMARY KEY,
    run_id UUID NOT NULL CONSTRAINT transmissions_one_of_run UNIQUE REFERENCES payout_runs (id) ON DELETE RESTRICT,
    file_sha256 BYTEA NOT NULL CONSTRAINT transmissions_digest CHECK (length(file_sha256) = 32),
    trace_from BIGINT NOT NULL CONSTRAINT transmissions_trace CHECK (trace_from > 0),
    state TEXT NOT NULL CONSTRAINT transmissions_state CHECK (state IN ('WRITTEN', 'RENAMED', 'ACKED')),
    written_at TIMESTAMPTZ NOT NULL
);
CREATE TRIGGER transmissions_append_only BEFORE UPDATE ON transmissions
    FOR EACH ROW WHEN ((OLD.id, OLD.run_id, OLD.file_sha256, OLD.trace_from, OLD.written_at)
                       IS DISTINCT FROM (NEW.id, NEW.run_id, NEW.file_sha256, NEW.trace_from, NEW.written_at)
                       OR (OLD.state, NEW.state) NOT IN (('WRITTEN', 'RENAMED'), ('RENAMED', 'ACKED')))
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER transmissions_no_delete BEFORE DELETE ON transmissions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER transmissions_begin BEFORE INSERT ON transmissions
    FOR EACH ROW WHEN (NEW.state <> 'WRITTEN') EXECUTE FUNCTION refuse_change();
"""


class Migration(migrations.Migration):
    """New tables alone."""

    dependencies = [("models", "0048_filing_of_all")]
    initial = False
    operations = [
        ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", LEDGER, PAYABLES, TRANSMISSIONS)
    ]
