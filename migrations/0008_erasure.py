"""Erasure: a student's record without the person, and what is not begun any more for one who was erased."""

from tortoise import migrations
from tortoise.migrations import operations as ops

STUDENTS = """
ALTER TABLE students
    ADD COLUMN erased_at TIMESTAMPTZ,
    ADD CONSTRAINT students_erased CHECK (
        erased_at IS NULL OR (name = 'Erased student' AND email LIKE 'erased+%@invalid' AND phone IS NULL));

CREATE FUNCTION students_stay_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'an erased student stays erased'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'students_stay_erased';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER students_stay_erased BEFORE UPDATE ON students
    FOR EACH ROW WHEN (OLD.erased_at IS NOT NULL) EXECUTE FUNCTION students_stay_erased();
"""

# FOR SHARE waits for an erasure that is under way and then sees what it did.
NOTHING_NEW = """
CREATE FUNCTION students_not_erased() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    gone timestamptz;
BEGIN
    SELECT erased_at INTO gone FROM students WHERE id = NEW.student_id FOR SHARE;
    IF gone IS NOT NULL THEN
        RAISE EXCEPTION 'nothing new is begun for an erased student'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'students_not_erased';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER grants_not_of_erased BEFORE INSERT ON grants
    FOR EACH ROW EXECUTE FUNCTION students_not_erased();
CREATE TRIGGER appointments_not_of_erased BEFORE INSERT ON appointments
    FOR EACH ROW EXECUTE FUNCTION students_not_erased();
CREATE TRIGGER invitations_not_of_erased BEFORE INSERT ON invitations
    FOR EACH ROW WHEN (NEW.student_id IS NOT NULL) EXECUTE FUNCTION students_not_erased();
CREATE TRIGGER memberships_not_of_erased BEFORE INSERT ON memberships
    FOR EACH ROW WHEN (NEW.student_id IS NOT NULL) EXECUTE FUNCTION students_not_erased();
"""

# By it the messages to a person are found.
MAILS = "CREATE INDEX mails_address ON mails (lower(address))"


class Migration(migrations.Migration):
    """The mark on a student, and the rules that it brings."""

    dependencies = [("models", "0007_payout_details")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", STUDENTS, NOTHING_NEW, MAILS)]
