"""Reviewers take tasks for a while (NO-5): one at a time, nobody one about themselves (ID-9), as the database holds."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# FOR SHARE waits for whoever is just ending the membership or shutting the account, whose claims end with it.
CLAIMS = """
CREATE TABLE work_claims (
    id UUID PRIMARY KEY,
    kind TEXT NOT NULL CONSTRAINT work_claims_kind CHECK (kind <> ''),
    subject_id UUID NOT NULL,
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE RESTRICT,
    membership_id UUID NOT NULL REFERENCES memberships (id) ON DELETE RESTRICT,
    concerns UUID[] NOT NULL,
    taken_at TIMESTAMPTZ NOT NULL,
    until TIMESTAMPTZ NOT NULL,
    CONSTRAINT work_claims_one_of_task UNIQUE (kind, subject_id),
    CONSTRAINT work_claims_ends CHECK (until > taken_at AND until <= taken_at + interval '30 minutes')
);
CREATE INDEX work_claims_account ON work_claims (account_id);
CREATE INDEX work_claims_membership ON work_claims (membership_id);

CREATE FUNCTION is_one_of_persons(account uuid, persons uuid[]) RETURNS boolean LANGUAGE sql STABLE AS $$
SELECT EXISTS (SELECT 1 FROM accounts a WHERE a.id = account AND a.person_id = ANY (persons))
$$;
COMMENT ON FUNCTION is_one_of_persons(uuid, uuid[]) IS 'Whether an account is one of these persons (ID-9).';

CREATE FUNCTION work_claims_are_taken() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM memberships m JOIN accounts a ON a.id = m.account_id
      WHERE m.id = NEW.membership_id AND a.id = NEW.account_id AND m.ended_at IS NULL AND a.disabled_at IS NULL
        FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'who takes a task acts under a membership'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'work_claims_by_member';
    END IF;
    IF is_one_of_persons(NEW.account_id, NEW.concerns) THEN
        RAISE EXCEPTION 'nobody takes a task about themselves'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'tasks_not_about_oneself';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER work_claims_are_taken BEFORE INSERT OR UPDATE ON work_claims
    FOR EACH ROW EXECUTE FUNCTION work_claims_are_taken();

CREATE FUNCTION work_claims_last() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'another has this task until then'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'tasks_taken';
END $$;
CREATE TRIGGER work_claims_last BEFORE UPDATE ON work_claims
    FOR EACH ROW WHEN (NEW.account_id <> OLD.account_id AND NEW.taken_at < OLD.until)
    EXECUTE FUNCTION work_claims_last();
"""

ENDS = """
CREATE FUNCTION memberships_end_work_claims() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM work_claims WHERE membership_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER memberships_end_work_claims AFTER UPDATE OF ended_at ON memberships
    FOR EACH ROW WHEN (NEW.ended_at IS NOT NULL AND OLD.ended_at IS NULL)
    EXECUTE FUNCTION memberships_end_work_claims();

CREATE FUNCTION accounts_end_work_claims() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM work_claims WHERE account_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER accounts_end_work_claims AFTER UPDATE OF disabled_at ON accounts
    FOR EACH ROW WHEN (NEW.disabled_at IS NOT NULL AND OLD.disabled_at IS NULL)
    EXECUTE FUNCTION accounts_end_work_claims();

CREATE FUNCTION ends_work_claim(task text, subject uuid, decider uuid, decided_at timestamptz) RETURNS boolean
    LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM work_claims w
     WHERE w.kind = task AND w.subject_id = subject AND (w.account_id = decider OR w.until <= decided_at);
    RETURN NOT EXISTS (SELECT 1 FROM work_claims w WHERE w.kind = task AND w.subject_id = subject);
END $$;
COMMENT ON FUNCTION ends_work_claim(text, uuid, uuid, timestamptz) IS
    'Ends the claim of who decides a task, or one that is over; false while another has it.';
"""

# The default is worked out once and noted in the catalog: the version before may leave the column out. What makes
# providers searchable is left asleep meanwhile, as nothing that it looks at is changed.
LICENSES = """
ALTER TABLE licenses ADD COLUMN entered_at TIMESTAMPTZ NOT NULL DEFAULT now(), ADD COLUMN verified_by UUID;
ALTER TABLE licenses DISABLE TRIGGER licenses_make_searchable;
UPDATE licenses l SET entered_at = e.at
  FROM (SELECT subject_id, min(at) AS at FROM events WHERE verb = 'license.entered' GROUP BY subject_id) e
 WHERE e.subject_id = l.id;
ALTER TABLE licenses ENABLE TRIGGER licenses_make_searchable;
CREATE INDEX licenses_to_verify ON licenses (entered_at, id) WHERE verified_at IS NULL;

CREATE FUNCTION licenses_are_decided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF is_one_of_persons(NEW.verified_by, ARRAY(SELECT p.person_id FROM providers p WHERE p.id = NEW.provider_id)) THEN
        RAISE EXCEPTION 'nobody verifies their own license'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'tasks_not_about_oneself';
    END IF;
    IF NOT ends_work_claim('VERIFY_LICENSE', NEW.id, NEW.verified_by, NEW.verified_at) THEN
        RAISE EXCEPTION 'another has this task' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'tasks_taken';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER licenses_are_decided AFTER UPDATE OF verified_at ON licenses
    FOR EACH ROW WHEN (NEW.verified_at IS NOT NULL AND OLD.verified_at IS NULL)
    EXECUTE FUNCTION licenses_are_decided();
"""

# What waits for a practice's office is found without its history; a provider's own is found by `appointments_live`.
REQUESTS = """
CREATE INDEX appointments_unanswered_of_practice ON appointments (practice_id, confirm_by, id)
    WHERE status = 'REQUESTED' AND practice_id IS NOT NULL;
"""

CONFLICTS = """
CREATE INDEX person_conflicts_open ON person_conflicts (at, id) WHERE resolved_at IS NULL;

CREATE FUNCTION persons_in_conflict(account uuid, student uuid, provider uuid) RETURNS uuid[] LANGUAGE sql STABLE AS $$
SELECT ARRAY(SELECT a.person_id FROM accounts a WHERE a.id = account
              UNION ALL SELECT s.person_id FROM students s WHERE s.id = student
              UNION ALL SELECT p.person_id FROM providers p WHERE p.id = provider)
$$;
COMMENT ON FUNCTION persons_in_conflict(uuid, uuid, uuid) IS 'Whom a conflict of persons is about (ID-9).';

CREATE FUNCTION person_conflicts_are_decided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF is_one_of_persons(
        NEW.resolved_by, persons_in_conflict(NEW.account_id, NEW.student_id, NEW.provider_id)) THEN
        RAISE EXCEPTION 'nobody settles a conflict about themselves'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'tasks_not_about_oneself';
    END IF;
    IF NOT ends_work_claim('SETTLE_PERSON_CONFLICT', NEW.id, NEW.resolved_by, NEW.resolved_at) THEN
        RAISE EXCEPTION 'another has this task' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'tasks_taken';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER person_conflicts_are_decided AFTER UPDATE OF resolved_at ON person_conflicts
    FOR EACH ROW WHEN (NEW.resolved_at IS NOT NULL AND OLD.resolved_at IS NULL)
    EXECUTE FUNCTION person_conflicts_are_decided();
"""


class Migration(migrations.Migration):
    """A table of who has taken what, and the two decisions that wait for reviewers so far."""

    dependencies = [("models", "0031_holidays")]
    initial = False
    operations = [
        ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", CLAIMS, ENDS, LICENSES, REQUESTS, CONFLICTS)
    ]
