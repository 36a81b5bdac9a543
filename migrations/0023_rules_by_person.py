"""One calendar and one intake a person (AP-2, AP-4, ID-7), and nobody on both sides (ID-9)."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# Checked for new rows from here on; the next migration looks at the old ones. ON UPDATE CASCADE: who links a student to
# a person moves all sessions and claims with it, and the constraints decide.
APPOINTMENTS = """
ALTER TABLE appointments
    ADD CONSTRAINT appointments_has_person CHECK (person_id IS NOT NULL) NOT VALID,
    ADD CONSTRAINT appointments_student_is_person FOREIGN KEY (student_id, person_id)
        REFERENCES students (id, person_id) ON UPDATE CASCADE ON DELETE RESTRICT NOT VALID,
    ADD CONSTRAINT appointments_practice FOREIGN KEY (practice_id)
        REFERENCES practices (id) ON DELETE RESTRICT NOT VALID,
    ADD CONSTRAINT appointments_legacy_duplicate CHECK (
        NOT legacy_duplicate OR (visit_type = 'INTAKE' AND status = 'COMPLETED')) NOT VALID,
    DROP CONSTRAINT appointments_student_free,
    ADD CONSTRAINT appointments_student_free EXCLUDE USING gist (
        person_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (status IN ('REQUESTED', 'CONFIRMED'));
DROP INDEX appointments_one_live_intake, appointments_one_completed_intake;
CREATE UNIQUE INDEX appointments_one_live_intake ON appointments (person_id, provider_id)
    WHERE visit_type = 'INTAKE' AND status IN ('REQUESTED', 'CONFIRMED');
CREATE UNIQUE INDEX appointments_one_completed_intake ON appointments (person_id, provider_id)
    WHERE visit_type = 'INTAKE' AND status = 'COMPLETED' AND NOT legacy_duplicate;
CREATE INDEX appointments_person ON appointments (person_id, starts_at);
CREATE INDEX appointments_of_practice ON appointments (practice_id, starts_at, id) WHERE practice_id IS NOT NULL;
"""

CLAIMS = """
ALTER TABLE claims
    ADD CONSTRAINT claims_has_person CHECK (person_id IS NOT NULL) NOT VALID,
    ADD CONSTRAINT claims_student_is_person FOREIGN KEY (student_id, person_id)
        REFERENCES students (id, person_id) ON UPDATE CASCADE ON DELETE RESTRICT NOT VALID;
DROP INDEX claims_one_intake;
CREATE UNIQUE INDEX claims_one_intake ON claims (person_id, provider_id)
    WHERE visit_type = 'INTAKE' AND status = 'ACCEPTED' AND NOT legacy_duplicate;
"""

TERMS = """
CREATE OR REPLACE FUNCTION appointments_within_terms() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    broken text;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM openings o WHERE o.provider_id = NEW.provider_id AND o.starts_at = NEW.starts_at) THEN
        broken := 'appointments_in_opening';
    ELSIF NOT EXISTS (
        SELECT 1 FROM licenses l JOIN providers p ON p.id = l.provider_id
         WHERE l.id = NEW.license_id AND p.searchable AND l.verified_at IS NOT NULL
           AND l.expires_on >= (NEW.starts_at AT TIME ZONE p.time_zone)::date) THEN
        broken := 'appointments_licensed';
    ELSIF NEW.visit_type = 'FOLLOW_UP' AND NOT EXISTS (
        SELECT 1 FROM appointments a JOIN students s ON s.person_id = a.person_id
         WHERE s.id = NEW.student_id AND a.provider_id = NEW.provider_id
           AND a.visit_type = 'INTAKE' AND a.status = 'COMPLETED') THEN
        broken := 'appointments_intake_first';
    ELSE
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the appointment breaks %', broken USING ERRCODE = 'check_violation', CONSTRAINT = broken;
END $$;
"""

# Not deferred: a link that is refused is undone alone, and what it found is written in the same transaction.
BOTH_SIDES = """
CREATE FUNCTION refuse_both_sides(rule text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'nobody sits on both sides' USING ERRCODE = 'check_violation', CONSTRAINT = rule;
END $$;

CREATE FUNCTION appointments_not_with_oneself() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM providers p WHERE p.id = NEW.provider_id AND p.person_id = NEW.person_id) THEN
        PERFORM refuse_both_sides('appointments_not_with_oneself');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER appointments_not_with_oneself AFTER INSERT OR UPDATE OF person_id, provider_id ON appointments
    FOR EACH ROW EXECUTE FUNCTION appointments_not_with_oneself();

CREATE FUNCTION providers_not_their_own_client() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM appointments a WHERE a.person_id = NEW.person_id AND a.provider_id = NEW.id) THEN
        PERFORM refuse_both_sides('appointments_not_with_oneself');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER providers_not_their_own_client AFTER UPDATE OF person_id ON providers
    FOR EACH ROW EXECUTE FUNCTION providers_not_their_own_client();

CREATE FUNCTION grants_not_to_oneself() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM accounts a JOIN students s ON s.person_id = a.person_id
                WHERE a.id = NEW.granted_by AND s.id = NEW.student_id) THEN
        PERFORM refuse_both_sides('grants_not_to_oneself');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER grants_not_to_oneself AFTER INSERT OR UPDATE OF granted_by ON grants
    FOR EACH ROW EXECUTE FUNCTION grants_not_to_oneself();

CREATE FUNCTION claims_not_by_oneself() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM accounts a WHERE a.id = NEW.attested_by AND a.person_id = NEW.person_id) THEN
        PERFORM refuse_both_sides('claims_not_by_oneself');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER claims_not_by_oneself AFTER INSERT OR UPDATE OF person_id, attested_by ON claims
    FOR EACH ROW EXECUTE FUNCTION claims_not_by_oneself();

CREATE FUNCTION students_not_granted_by_themselves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM grants g JOIN accounts a ON a.id = g.granted_by
                WHERE g.wallet_id = NEW.id AND a.person_id = NEW.person_id) THEN
        PERFORM refuse_both_sides('grants_not_to_oneself');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER students_not_granted_by_themselves AFTER UPDATE OF person_id ON students
    FOR EACH ROW EXECUTE FUNCTION students_not_granted_by_themselves();
"""

# The live intake of one row could never be completed beside the completed one of another (AP-2).
INTAKES = """
CREATE FUNCTION appointments_intake_over() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.visit_type = 'INTAKE' AND (NEW.status = 'COMPLETED' OR NEW.ended_at IS NULL) AND EXISTS (
        SELECT 1 FROM appointments a WHERE a.person_id = NEW.person_id AND a.provider_id = NEW.provider_id
           AND a.visit_type = 'INTAKE' AND a.id <> NEW.id
           AND CASE NEW.status WHEN 'COMPLETED' THEN a.ended_at IS NULL ELSE a.status = 'COMPLETED' END) THEN
        RAISE EXCEPTION 'a live intake beside a completed one'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'appointments_intake_over';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER appointments_intake_over AFTER UPDATE OF person_id ON appointments
    FOR EACH ROW WHEN (NEW.person_id <> OLD.person_id) EXECUTE FUNCTION appointments_intake_over();
"""


class Migration(migrations.Migration):
    """Rules that went by the row of a student go by the person."""

    dependencies = [("models", "0022_sessions_of_persons_of_all")]
    initial = False
    operations = [
        ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", APPOINTMENTS, CLAIMS, TERMS, BOTH_SIDES, INTAKES)
    ]
