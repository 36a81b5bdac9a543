"""Why a transfer was reversed, and by whom: never by who has the wallet (CR-10, ID-9)."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# Both are NULL for all that the version before writes: it reverses nothing.
REASONS = """
ALTER TABLE transfers
    ADD COLUMN reason TEXT,
    ADD COLUMN by_account UUID,
    ADD CONSTRAINT transfers_reversal_reason CHECK (
        (kind = 'REVERSE') = (reason IS NOT NULL) AND reason IN (
            'ENTERED_BY_MISTAKE', 'WRONG_STUDENT', 'WRONG_NUMBER', 'SESSION_DID_NOT_OCCUR', 'STUDENT_NOT_AT_FAULT',
            'DISPUTE_SETTLED')) NOT VALID;

CREATE FUNCTION transfers_not_by_oneself() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF is_one_of_persons(NEW.by_account, ARRAY(SELECT s.person_id FROM students s WHERE s.id = NEW.student_id)) THEN
        RAISE EXCEPTION 'nobody reverses a transfer of their own wallet'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transfers_not_by_oneself';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER transfers_not_by_oneself AFTER INSERT ON transfers
    FOR EACH ROW WHEN (NEW.by_account IS NOT NULL) EXECUTE FUNCTION transfers_not_by_oneself();
"""


class Migration(migrations.Migration):
    """Two columns that may be empty, and a rule for new rows."""

    dependencies = [("models", "0050_credit_requests")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", REASONS)]
