"""Sessions and claims name the person (ID-7), sessions the practice they were booked with (ID-8), grants who gave them.

Here only for new rows; the next migration fills the old ones in, without a lock that stops anybody.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

COLUMNS = """
ALTER TABLE appointments
    ADD COLUMN person_id UUID,
    ADD COLUMN practice_id UUID,
    ADD COLUMN legacy_duplicate BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE claims
    ADD COLUMN person_id UUID,
    ADD COLUMN legacy_duplicate BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE grants ADD COLUMN granted_by UUID;
"""

# In the place of the trigger that looked for an erasure alone: one read of the student serves both. FOR SHARE waits for
# an erasure or a link that is under way and then sees what it did.
PERSONS = """
CREATE FUNCTION appointments_of_persons() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    gone timestamptz;
BEGIN
    SELECT s.erased_at, s.person_id INTO gone, NEW.person_id FROM students s WHERE s.id = NEW.student_id FOR SHARE;
    IF gone IS NOT NULL THEN
        RAISE EXCEPTION 'nothing new is begun for an erased student'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'students_not_erased';
    END IF;
    SELECT p.practice_id INTO NEW.practice_id FROM providers p WHERE p.id = NEW.provider_id;
    RETURN NEW;
END $$;
DROP TRIGGER appointments_not_of_erased ON appointments;
CREATE TRIGGER appointments_of_persons BEFORE INSERT ON appointments
    FOR EACH ROW EXECUTE FUNCTION appointments_of_persons();

CREATE FUNCTION claims_of_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT s.person_id INTO NEW.person_id FROM students s WHERE s.id = NEW.student_id;
    RETURN NEW;
END $$;
CREATE TRIGGER claims_of_person BEFORE INSERT ON claims FOR EACH ROW EXECUTE FUNCTION claims_of_person();
"""


class Migration(migrations.Migration):
    """Columns without a value, which cost a moment however many rows there are."""

    dependencies = [("models", "0020_persons")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", COLUMNS, PERSONS)]
