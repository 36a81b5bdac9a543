"""Persons (ID-7): one row for each human being, whatever they are to the program and under which school."""

from tortoise import migrations
from tortoise.migrations import operations as ops

PERSONS = """
CREATE TABLE persons (id UUID PRIMARY KEY, created_at TIMESTAMPTZ NOT NULL);

ALTER TABLE accounts ADD COLUMN person_id UUID;
ALTER TABLE students ADD COLUMN person_id UUID;
ALTER TABLE providers ADD COLUMN person_id UUID;
"""

# A row of a roster or of the directory is a person of its own until an account is linked to it. An account is the person
# of the first row that it alone acts for; the other rows of several are linked by the last of these migrations, one by
# one. An erased student stays erased, but is a person too.
FILL = """
INSERT INTO persons (id, created_at) SELECT id, created_at FROM students;
INSERT INTO persons (id, created_at) SELECT id, created_at FROM providers;
ALTER TABLE students DISABLE TRIGGER students_stay_erased;
UPDATE students SET person_id = id;
ALTER TABLE students ENABLE TRIGGER students_stay_erased;
UPDATE providers SET person_id = id;

WITH acts_for AS (
    SELECT account_id, coalesce(student_id, provider_id) AS row_id, min(created_at) AS since
      FROM memberships WHERE ended_at IS NULL AND coalesce(student_id, provider_id) IS NOT NULL GROUP BY 1, 2),
alone AS (
    SELECT DISTINCT ON (account_id) account_id, row_id FROM acts_for
     WHERE NOT EXISTS (SELECT 1 FROM acts_for other
                        WHERE other.row_id = acts_for.row_id AND other.account_id <> acts_for.account_id)
     ORDER BY account_id, since, row_id)
UPDATE accounts SET person_id = alone.row_id FROM alone WHERE alone.account_id = accounts.id;
INSERT INTO persons (id, created_at) SELECT id, created_at FROM accounts WHERE person_id IS NULL;
UPDATE accounts SET person_id = id WHERE person_id IS NULL;
"""

# UNIQUE (id, person_id) on providers is there so that a changed person waits for whoever is just booking with them: a
# foreign key that is being checked lets other changes of the row pass, and not one of a key.
HELD = """
CREATE UNIQUE INDEX accounts_one_of_person ON accounts (person_id);
CREATE UNIQUE INDEX students_one_of_person_in_school ON students (person_id, school_id);
CREATE UNIQUE INDEX students_id_person ON students (id, person_id);
CREATE UNIQUE INDEX providers_id_person ON providers (id, person_id);
ALTER TABLE accounts
    ALTER COLUMN person_id SET NOT NULL,
    ADD CONSTRAINT accounts_one_of_person UNIQUE USING INDEX accounts_one_of_person,
    ADD CONSTRAINT accounts_person FOREIGN KEY (person_id) REFERENCES persons (id) ON DELETE RESTRICT NOT VALID;
ALTER TABLE students
    ALTER COLUMN person_id SET NOT NULL,
    ADD CONSTRAINT students_one_of_person_in_school UNIQUE USING INDEX students_one_of_person_in_school,
    ADD CONSTRAINT students_id_person UNIQUE USING INDEX students_id_person,
    ADD CONSTRAINT students_person FOREIGN KEY (person_id) REFERENCES persons (id) ON DELETE RESTRICT NOT VALID;
ALTER TABLE providers
    ALTER COLUMN person_id SET NOT NULL,
    ADD CONSTRAINT providers_id_person UNIQUE USING INDEX providers_id_person,
    ADD CONSTRAINT providers_person FOREIGN KEY (person_id) REFERENCES persons (id) ON DELETE RESTRICT NOT VALID;
CREATE INDEX providers_of_person ON providers (person_id);

CREATE FUNCTION begin_as_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO persons (id, created_at) VALUES (NEW.id, NEW.created_at);
    NEW.person_id := NEW.id;
    RETURN NEW;
END $$;
CREATE TRIGGER accounts_begin_as_person BEFORE INSERT ON accounts
    FOR EACH ROW WHEN (NEW.person_id IS NULL) EXECUTE FUNCTION begin_as_person();
CREATE TRIGGER students_begin_as_person BEFORE INSERT ON students
    FOR EACH ROW WHEN (NEW.person_id IS NULL) EXECUTE FUNCTION begin_as_person();
CREATE TRIGGER providers_begin_as_person BEFORE INSERT ON providers
    FOR EACH ROW WHEN (NEW.person_id IS NULL) EXECUTE FUNCTION begin_as_person();

CREATE FUNCTION accounts_keep_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an account stays the same person'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'accounts_keep_person';
END $$;
CREATE TRIGGER accounts_keep_person BEFORE UPDATE OF person_id ON accounts
    FOR EACH ROW WHEN (NEW.person_id <> OLD.person_id) EXECUTE FUNCTION accounts_keep_person();
"""

LINKS = """
CREATE TABLE person_links (
    id UUID PRIMARY KEY,
    from_person UUID NOT NULL REFERENCES persons (id) ON DELETE RESTRICT,
    to_person UUID NOT NULL REFERENCES persons (id) ON DELETE RESTRICT,
    student_id UUID REFERENCES students (id) ON DELETE RESTRICT,
    provider_id UUID REFERENCES providers (id) ON DELETE RESTRICT,
    by_account UUID NOT NULL REFERENCES accounts (id) ON DELETE RESTRICT,
    at TIMESTAMPTZ NOT NULL,
    CONSTRAINT person_links_one_row CHECK (num_nonnulls(student_id, provider_id) = 1),
    CONSTRAINT person_links_somebody_else CHECK (from_person <> to_person)
);
CREATE INDEX person_links_from ON person_links (from_person);
CREATE INDEX person_links_to ON person_links (to_person);
CREATE INDEX person_links_student ON person_links (student_id) WHERE student_id IS NOT NULL;
CREATE INDEX person_links_provider ON person_links (provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX person_links_by ON person_links (by_account);
CREATE TRIGGER person_links_append_only BEFORE UPDATE OR DELETE ON person_links
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER person_links_no_truncate BEFORE TRUNCATE ON person_links
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE person_conflicts (
    id UUID PRIMARY KEY,
    account_id UUID REFERENCES accounts (id) ON DELETE RESTRICT,
    student_id UUID REFERENCES students (id) ON DELETE RESTRICT,
    provider_id UUID REFERENCES providers (id) ON DELETE RESTRICT,
    broken TEXT NOT NULL CONSTRAINT person_conflicts_broken CHECK (broken <> ''),
    at TIMESTAMPTZ NOT NULL,
    resolved_at TIMESTAMPTZ,
    resolved_by UUID,
    outcome TEXT CONSTRAINT person_conflicts_outcome CHECK (outcome IN ('LINKED', 'DISMISSED')),
    reason TEXT NOT NULL,
    CONSTRAINT person_conflicts_one_row CHECK (num_nonnulls(student_id, provider_id) = 1),
    CONSTRAINT person_conflicts_resolved CHECK (
        num_nulls(resolved_at, resolved_by, outcome) IN (0, 3) AND (outcome <> 'DISMISSED' OR reason <> ''))
);
CREATE UNIQUE INDEX person_conflicts_one_open ON person_conflicts (account_id, student_id, provider_id)
    NULLS NOT DISTINCT WHERE resolved_at IS NULL;
CREATE INDEX person_conflicts_account ON person_conflicts (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX person_conflicts_student ON person_conflicts (student_id) WHERE student_id IS NOT NULL;
CREATE INDEX person_conflicts_provider ON person_conflicts (provider_id) WHERE provider_id IS NOT NULL;
CREATE TRIGGER person_conflicts_no_delete BEFORE DELETE ON person_conflicts
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""

APPROVALS = """
CREATE TABLE approvals (
    id UUID PRIMARY KEY,
    subject_type TEXT NOT NULL,
    subject_id UUID NOT NULL,
    drafted_by UUID NOT NULL REFERENCES accounts (id) ON DELETE RESTRICT,
    drafted_at TIMESTAMPTZ NOT NULL,
    approved_by UUID REFERENCES accounts (id) ON DELETE RESTRICT,
    approved_at TIMESTAMPTZ,
    CONSTRAINT approvals_one_of_subject UNIQUE (subject_type, subject_id),
    CONSTRAINT approvals_approved CHECK ((approved_by IS NULL) = (approved_at IS NULL) AND approved_at >= drafted_at)
);
CREATE INDEX approvals_drafted_by ON approvals (drafted_by);
CREATE INDEX approvals_approved_by ON approvals (approved_by) WHERE approved_by IS NOT NULL;

CREATE FUNCTION approvals_second_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(DISTINCT person_id) FROM accounts WHERE id IN (NEW.drafted_by, NEW.approved_by)) < 2 THEN
        RAISE EXCEPTION 'nobody approves what they drafted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approvals_second_person';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_second_person BEFORE INSERT OR UPDATE ON approvals
    FOR EACH ROW WHEN (NEW.approved_by IS NOT NULL) EXECUTE FUNCTION approvals_second_person();
CREATE FUNCTION approvals_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.approved_at IS NOT NULL OR (OLD.subject_type, OLD.subject_id, OLD.drafted_by, OLD.drafted_at)
                                      IS DISTINCT FROM (NEW.subject_type, NEW.subject_id, NEW.drafted_by, NEW.drafted_at)
    THEN
        RAISE EXCEPTION 'a draft is approved once, as it was drafted'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'approvals_once';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_once BEFORE UPDATE ON approvals FOR EACH ROW EXECUTE FUNCTION approvals_once();
CREATE TRIGGER approvals_no_delete BEFORE DELETE ON approvals FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""


class Migration(migrations.Migration):
    """Who is who; what they do together follows in the next migrations."""

    dependencies = [("models", "0019_past_openings")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", PERSONS, FILL, HELD, LINKS, APPROVALS)]
