"""Confirming fixes rate and payee on the session (CL-5); a claim has versions, and is as old as its first one (CL-7).

For new rows; the next migration fills the claims in that are there.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

PAYEES = """
CREATE TABLE payees (
    id UUID PRIMARY KEY,
    person_id UUID REFERENCES persons (id) ON DELETE RESTRICT,
    practice_id UUID REFERENCES practices (id) ON DELETE RESTRICT,
    created_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT payees_one CHECK (num_nonnulls(person_id, practice_id) = 1),
    CONSTRAINT payees_one_of_person UNIQUE (person_id),
    CONSTRAINT payees_one_of_practice UNIQUE (practice_id)
);
CREATE TRIGGER payees_no_delete BEFORE DELETE ON payees FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER payees_append_only BEFORE UPDATE ON payees FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE FUNCTION payee_of(provider uuid, since timestamptz) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    person uuid;
    found uuid;
BEGIN
    SELECT p.person_id, y.id INTO person, found
      FROM providers p LEFT JOIN payees y ON y.person_id = p.person_id WHERE p.id = provider;
    IF found IS NULL THEN
        INSERT INTO payees (id, person_id, created_at) VALUES (gen_random_uuid(), person, since) ON CONFLICT DO NOTHING;
        SELECT y.id INTO found FROM payees y WHERE y.person_id = person;
    END IF;
    RETURN found;
END $$;
"""

# The amount stays expected_cents, which the request writes and the provider is shown: renamed it would be two columns on
# the way of each request, for the version before. In the database, so that this version's confirmations are fixed as
# well. The rate is the one that the amount was taken from: of the session's own state before the general one.
AGREED = """
ALTER TABLE appointments
    ADD COLUMN rate_id UUID,
    ADD COLUMN payee_id UUID,
    ADD CONSTRAINT appointments_rate_id_fkey FOREIGN KEY (rate_id) REFERENCES rates (id) ON DELETE RESTRICT NOT VALID,
    ADD CONSTRAINT appointments_payee_id_fkey FOREIGN KEY (payee_id)
        REFERENCES payees (id) ON DELETE RESTRICT NOT VALID;
CREATE INDEX appointments_rate ON appointments (rate_id) WHERE rate_id IS NOT NULL;
CREATE INDEX appointments_payee ON appointments (payee_id) WHERE payee_id IS NOT NULL;

CREATE FUNCTION appointments_agree() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
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
CREATE TRIGGER appointments_agree BEFORE UPDATE OF status ON appointments
    FOR EACH ROW WHEN (OLD.status = 'REQUESTED' AND NEW.status = 'CONFIRMED') EXECUTE FUNCTION appointments_agree();
CREATE TRIGGER appointments_keep_rate BEFORE UPDATE OF rate_id, expected_cents ON appointments
    FOR EACH ROW WHEN (OLD.rate_id IS NOT NULL AND (OLD.rate_id, OLD.expected_cents)
                                                   IS DISTINCT FROM (NEW.rate_id, NEW.expected_cents))
    EXECUTE FUNCTION refuse_change();

CREATE FUNCTION providers_keep_payee() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE appointments a SET payee_id = payee_of(NEW.id, transaction_timestamp())
      FROM payees y WHERE a.provider_id = NEW.id AND y.id = a.payee_id AND y.person_id = OLD.person_id;
    RETURN NULL;
END $$;
CREATE TRIGGER providers_keep_payee AFTER UPDATE OF person_id ON providers
    FOR EACH ROW WHEN (NEW.person_id <> OLD.person_id) EXECUTE FUNCTION providers_keep_payee();
"""

CLAIMS = """
ALTER TABLE claims
    ADD COLUMN version INT NOT NULL DEFAULT 1,
    ADD COLUMN predecessor_id UUID,
    ADD COLUMN filed_at TIMESTAMPTZ,
    ADD CONSTRAINT claims_predecessor_id_fkey FOREIGN KEY (predecessor_id)
        REFERENCES claims (id) ON DELETE RESTRICT NOT VALID,
    ADD CONSTRAINT claims_version CHECK (version >= 1 AND (version = 1) = (predecessor_id IS NULL)) NOT VALID,
    ADD CONSTRAINT claims_filed CHECK (filed_at IS NOT NULL AND filed_at <= submitted_at) NOT VALID,
    DROP CONSTRAINT claims_status,
    ADD CONSTRAINT claims_status CHECK (status IN ('ACCEPTED', 'DENIED', 'VOID', 'REPLACED')) NOT VALID;
CREATE UNIQUE INDEX claims_one_successor ON claims (predecessor_id) WHERE predecessor_id IS NOT NULL;
CREATE UNIQUE INDEX claims_one_standing ON claims (appointment_id) WHERE status NOT IN ('VOID', 'REPLACED');
DROP INDEX claims_one_live;
ALTER INDEX claims_one_standing RENAME TO claims_one_live;

CREATE FUNCTION claims_keep_filing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.filed_at := NEW.submitted_at;
    IF NEW.predecessor_id IS NOT NULL THEN
        SELECT coalesce(c.filed_at, NEW.submitted_at) INTO NEW.filed_at FROM claims c WHERE c.id = NEW.predecessor_id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER claims_keep_filing BEFORE INSERT ON claims FOR EACH ROW EXECUTE FUNCTION claims_keep_filing();

CREATE FUNCTION claims_versions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.predecessor_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM claims c WHERE c.id = NEW.predecessor_id AND c.status = 'REPLACED'
           AND (c.appointment_id, c.version, c.filed_at) = (NEW.appointment_id, NEW.version - 1, NEW.filed_at)) THEN
        RAISE EXCEPTION 'a version follows the one of the same session that it replaced'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'claims_versions';
    END IF;
    IF NEW.status = 'REPLACED' AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.predecessor_id = NEW.id) THEN
        RAISE EXCEPTION 'a replaced claim has a version that replaced it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'claims_replaced';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER claims_versions AFTER INSERT OR UPDATE OF status, predecessor_id, version, filed_at ON claims
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.version > 1 OR NEW.status = 'REPLACED')
    EXECUTE FUNCTION claims_versions();

DROP TRIGGER claims_of_completed_session ON claims;
CREATE CONSTRAINT TRIGGER claims_of_completed_session
    AFTER INSERT OR UPDATE OF status, appointment_id, student_id, provider_id, school_id, visit_type ON claims
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION claims_of_completed_session();
"""

# In time is what was filed in time, whatever became of it since; a late one is accepted only where a credit was settled
# late for it. The rate is the one that was agreed; sessions that were confirmed before this have theirs by their date.
TERMS = """
CREATE OR REPLACE FUNCTION claims_within_terms() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    broken text;
BEGIN
    IF EXISTS (SELECT 1 FROM appointments a WHERE a.id = NEW.appointment_id AND NEW.submitted_at < a.ends_at) THEN
        broken := 'claims_after_session';
    ELSIF NEW.status = 'ACCEPTED' AND EXISTS (
        SELECT 1 FROM appointments a WHERE a.id = NEW.appointment_id AND NEW.filed_at >= a.attest_by)
        AND NOT EXISTS (SELECT 1 FROM transfers t
                         WHERE t.appointment_id = NEW.appointment_id AND t.kind = 'SETTLE_LATE') THEN
        broken := 'claims_in_time';
    ELSIF NEW.status = 'ACCEPTED' AND NOT EXISTS (
        SELECT 1 FROM appointments a JOIN providers p ON p.id = a.provider_id JOIN rates r ON r.id = NEW.rate_id
         WHERE a.id = NEW.appointment_id AND r.amount_cents = NEW.amount_cents
           AND CASE WHEN a.rate_id IS NOT NULL THEN a.rate_id = r.id
               ELSE r.visit_type = NEW.visit_type AND r.service = a.service
                    AND r.effective_from <= (a.starts_at AT TIME ZONE p.time_zone)::date END) THEN
        broken := 'claims_at_rate';
    ELSE
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the claim breaks %', broken USING ERRCODE = 'check_violation', CONSTRAINT = broken;
END $$;
"""


class Migration(migrations.Migration):
    """A table, columns without a value, and the functions that give them theirs."""

    dependencies = [("models", "0044_transitions_of_all")]
    initial = False
    operations = [
        ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", PAYEES, AGREED, CLAIMS, TERMS)
    ]
