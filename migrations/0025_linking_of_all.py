"""Linking of what is there already: what can be linked is, a double is marked, the rest is left to OPS (ID-7)."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# Each membership that is not linked, or whose row has another address than its account, by itself: what one link breaks
# is undone alone and becomes a conflict. Completed intakes and accepted intake claims of the same pair under two schools
# were lawful when they were made: the later one is marked, and counts no more than it did.
LINKED = """
DO $$
DECLARE
    held record;
    broken_rule text;
BEGIN
    FOR held IN
        SELECT m.id, m.account_id, m.student_id, m.provider_id, m.created_at, a.person_id AS own
          FROM memberships m
          JOIN accounts a ON a.id = m.account_id
          LEFT JOIN students s ON s.id = m.student_id
          LEFT JOIN providers p ON p.id = m.provider_id
         WHERE m.ended_at IS NULL AND coalesce(s.id, p.id) IS NOT NULL AND a.disabled_at IS NULL
           AND (coalesce(s.person_id, p.person_id) <> a.person_id
                OR (a.email_verified_at IS NOT NULL AND coalesce(s.email, p.email) <> a.email))
         ORDER BY m.created_at, m.id
    LOOP
        BEGIN
            UPDATE appointments d SET legacy_duplicate = true
             WHERE d.student_id = held.student_id AND d.person_id <> held.own
               AND d.visit_type = 'INTAKE' AND d.status = 'COMPLETED'
               AND EXISTS (SELECT 1 FROM appointments o WHERE o.person_id = held.own AND o.provider_id = d.provider_id
                              AND o.visit_type = 'INTAKE' AND o.status = 'COMPLETED');
            UPDATE claims d SET legacy_duplicate = true
             WHERE d.student_id = held.student_id AND d.person_id <> held.own
               AND d.visit_type = 'INTAKE' AND d.status = 'ACCEPTED'
               AND EXISTS (SELECT 1 FROM claims o WHERE o.person_id = held.own AND o.provider_id = d.provider_id
                              AND o.visit_type = 'INTAKE' AND o.status = 'ACCEPTED');
            PERFORM link_person(held.id, held.account_id, held.student_id, held.provider_id, held.created_at);
        EXCEPTION WHEN integrity_constraint_violation THEN
            GET STACKED DIAGNOSTICS broken_rule = CONSTRAINT_NAME;
            INSERT INTO person_conflicts (id, account_id, student_id, provider_id, broken, at, reason)
            VALUES (held.id, held.account_id, held.student_id, held.provider_id, broken_rule, now(), '');
        END;
    END LOOP;
END $$;
"""

NO_NEW_DUPLICATES = """
CREATE TRIGGER appointments_no_new_duplicate BEFORE INSERT OR UPDATE OF legacy_duplicate ON appointments
    FOR EACH ROW WHEN (NEW.legacy_duplicate) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER claims_no_new_duplicate BEFORE INSERT OR UPDATE OF legacy_duplicate ON claims
    FOR EACH ROW WHEN (NEW.legacy_duplicate) EXECUTE FUNCTION refuse_change();
"""

CHECKED = """
ALTER TABLE mails VALIDATE CONSTRAINT mails_recipient;
ALTER TABLE accounts VALIDATE CONSTRAINT accounts_person;
ALTER TABLE students VALIDATE CONSTRAINT students_person;
ALTER TABLE providers VALIDATE CONSTRAINT providers_person;
ALTER TABLE appointments VALIDATE CONSTRAINT appointments_legacy_duplicate;
"""

# Of accounts that are shut already.
HIDDEN = """
UPDATE providers SET searchable = false
 WHERE searchable AND EXISTS (SELECT 1 FROM accounts a
                               WHERE a.person_id = providers.person_id AND a.disabled_at IS NOT NULL)
"""


class Migration(migrations.Migration):
    """Nothing is lost and nothing fails, whatever is there."""

    dependencies = [("models", "0024_linking")]
    initial = False
    operations = [
        ops.RunSQL(sql)
        for sql in (
            "SET LOCAL lock_timeout = '5s'",
            CHECKED,
            HIDDEN,
            LINKED,
            "SET CONSTRAINTS ALL IMMEDIATE",
            NO_NEW_DUPLICATES,
        )
    ]
