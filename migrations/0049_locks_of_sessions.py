"""A move is proposed for a session as it stands, a confirmation and a payable are to whom the provider is; books stay."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# A proposal and an end that did not see each other would leave the proposed time taken for good: the deferred check of
# each looks at what the other has not committed. In the order of all locks: provider, then appointment.
PROPOSED = """
CREATE OR REPLACE FUNCTION reserved_times_lock_provider() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM providers p WHERE p.id = NEW.provider_id FOR NO KEY UPDATE;
    PERFORM 1 FROM appointments a WHERE a.id = NEW.appointment_id FOR NO KEY UPDATE;
    RETURN NEW;
END $$;
"""

# A link of the provider to a person takes the payees of their sessions along, but not of one that is just being
# confirmed: KEY SHARE makes the two wait for each other, and stands in the way of no booking.
AGREED = """
CREATE OR REPLACE FUNCTION appointments_agree() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM providers p WHERE p.id = NEW.provider_id FOR KEY SHARE;
    SELECT r.id INTO NEW.rate_id
      FROM providers p JOIN licenses l ON l.id = NEW.license_id
      JOIN rates r ON r.visit_type = NEW.visit_type AND r.service = NEW.service AND r.degree_level = p.degree_level
       AND r.license_class = l.license_class AND (r.state IS NULL OR r.state = NEW.state)
       AND r.amount_cents = NEW.expected_cents
       AND r.effective_from <= (NEW.starts_at AT TIME ZONE p.time_zone)::date
     WHERE p.id = NEW.provider_id ORDER BY r.state NULLS LAST, r.effective_from DESC LIMIT 1;
    NEW.payee_id := payee_of(NEW.provider_id, NEW.confirmed_at);
    RETURN NEW;
END $$;
"""

# Paid is who was agreed on when the session was confirmed (CL-5).
PAYABLE = """
CREATE OR REPLACE FUNCTION payables_of_claim() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    broken text;
BEGIN
    IF NEW.sign = 1 AND NOT EXISTS (
        SELECT 1 FROM claims c WHERE c.id = NEW.claim_id AND c.status = 'ACCEPTED' AND c.amount_cents = NEW.cents) THEN
        broken := 'payables_of_accepted';
    ELSIF NEW.sign = 1 AND EXISTS (
        SELECT 1 FROM claims c JOIN appointments a ON a.id = c.appointment_id
         WHERE c.id = NEW.claim_id AND a.payee_id <> NEW.payee_id) THEN
        broken := 'payables_to_payee';
    ELSIF NEW.sign = -1 AND NOT EXISTS (
        SELECT 1 FROM payables p WHERE p.claim_id = NEW.claim_id AND p.sign = 1 AND p.run_id IS NOT NULL
           AND (p.payee_id, p.cents) = (NEW.payee_id, NEW.cents)) THEN
        broken := 'payables_take_back_paid';
    ELSE
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the payable breaks %', broken USING ERRCODE = 'check_violation', CONSTRAINT = broken;
END $$;
"""

# Lines that are added later balance too, but an entry that was reversed would no longer be undone.
REVERSED = """
CREATE OR REPLACE FUNCTION entries_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    entry uuid := CASE TG_TABLE_NAME WHEN 'entries' THEN NEW.id END;
BEGIN
    IF entry IS NULL THEN
        entry := NEW.entry_id;
    END IF;
    IF (SELECT sum(p.cents) FROM postings p WHERE p.entry_id = entry) IS DISTINCT FROM 0 THEN
        RAISE EXCEPTION 'the postings of entry % do not sum to zero', entry
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_balance';
    END IF;
    IF EXISTS (
        SELECT 1 FROM entries e JOIN postings p ON p.entry_id IN (e.id, e.reverses_id)
         WHERE e.reverses_id IS NOT NULL AND (e.id = entry OR e.reverses_id = entry)
         GROUP BY e.id, p.account, p.payee_id, p.school_id, p.claim_id, p.run_id HAVING sum(p.cents) <> 0) THEN
        RAISE EXCEPTION 'a reversal undoes an entry line by line'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_reverse_whole';
    END IF;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    """Four functions in the place of narrower ones."""

    dependencies = [("models", "0048_audit_of_files")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in (
        "SET LOCAL lock_timeout = '5s'", PROPOSED, AGREED, PAYABLE, REVERSED
    )]
