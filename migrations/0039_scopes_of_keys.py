"""Keys of machines belong to a school or to a practice, and have scopes (ID-5)."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# What a key did before there were scopes is what the keys of then are for, and what the version before makes.
OWNERS = """
ALTER TABLE partner_keys
    ALTER COLUMN school_id DROP NOT NULL,
    ADD COLUMN practice_id UUID,
    ADD COLUMN warned_at TIMESTAMPTZ,
    ADD COLUMN scopes TEXT[] NOT NULL DEFAULT ARRAY['APPOINTMENTS_READ', 'CLAIMS_READ', 'CREDITS_READ',
        'DIRECTORY_READ', 'FIGURES_READ', 'STUDENTS_READ'];
ALTER TABLE partner_keys
    ADD CONSTRAINT partner_keys_practice FOREIGN KEY (practice_id) REFERENCES practices (id) ON DELETE RESTRICT NOT VALID,
    ADD CONSTRAINT partner_keys_owner CHECK (num_nonnulls(school_id, practice_id) = 1) NOT VALID,
    ADD CONSTRAINT partner_keys_scopes CHECK (
        cardinality(scopes) > 0
        AND scopes <@ CASE WHEN practice_id IS NULL
            THEN ARRAY['APPOINTMENTS_READ', 'CLAIMS_READ', 'CREDITS_READ', 'DIRECTORY_READ', 'FIGURES_READ',
                       'STUDENTS_READ']
            ELSE ARRAY['APPOINTMENTS_READ', 'APPOINTMENTS_WRITE', 'DIRECTORY_READ', 'SCHEDULE_READ', 'SCHEDULE_WRITE',
                       'STUDENTS_READ'] END
        AND (NOT scopes @> ARRAY['APPOINTMENTS_WRITE'] OR scopes @> ARRAY['APPOINTMENTS_READ'])
        AND (NOT scopes @> ARRAY['SCHEDULE_WRITE'] OR scopes @> ARRAY['SCHEDULE_READ'])) NOT VALID;
CREATE INDEX partner_keys_of_practice ON partner_keys (practice_id, created_at, id);
"""

RECIPIENTS = """
ALTER TABLE mails
    DROP CONSTRAINT mails_recipient,
    ADD CONSTRAINT mails_recipient CHECK (recipient IN ('STUDENT', 'PROVIDER', 'ACCOUNT', 'LINK', 'OWNER', 'FORMER',
        'OFFICE', 'OPS', 'FINANCE', 'SCHOOL', 'PRACTICE', 'KEEPER')) NOT VALID;
"""

# After the row, so that what a CHECK refuses is told by its own name.
FIXED = """
CREATE FUNCTION partner_keys_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.school_id, OLD.practice_id, OLD.scopes, OLD.key_hash, OLD.created_at, OLD.replaces_id)
       IS DISTINCT FROM (NEW.school_id, NEW.practice_id, NEW.scopes, NEW.key_hash, NEW.created_at, NEW.replaces_id)
       OR NEW.expires_at > OLD.expires_at
       OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at) THEN
        RAISE EXCEPTION 'a key is neither widened, nor lengthened, nor taken up again'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'partner_keys_fixed';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER partner_keys_fixed AFTER UPDATE ON partner_keys
    FOR EACH ROW EXECUTE FUNCTION partner_keys_fixed();

CREATE FUNCTION partner_keys_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM partner_keys before
      WHERE before.id = NEW.replaces_id
        AND (before.school_id, before.practice_id) IS NOT DISTINCT FROM (NEW.school_id, NEW.practice_id)
        AND before.scopes @> NEW.scopes AND before.scopes <@ NEW.scopes;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a key that follows another has its owner and its scopes'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'partner_keys_follows';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER partner_keys_follows AFTER INSERT ON partner_keys
    FOR EACH ROW WHEN (NEW.replaces_id IS NOT NULL) EXECUTE FUNCTION partner_keys_follows();
"""


class Migration(migrations.Migration):
    """Compatible with the version before: it names no scopes, and knows schools' keys alone."""

    dependencies = [("models", "0038_imports")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", OWNERS, RECIPIENTS, FIXED)]
