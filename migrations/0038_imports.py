"""Imports: the rows of a file, staged and compared before they are kept; a preview, and a commit of exactly that."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# Rows are staged before their import is written, so that from then on a trigger can refuse every change to them.
TABLES = """
CREATE TABLE imports (
    id UUID PRIMARY KEY,
    kind TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT imports_state CHECK (state IN ('PREVIEWED', 'COMMITTED', 'DISCARDED')),
    role TEXT NOT NULL,
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE RESTRICT,
    school_id UUID REFERENCES schools (id) ON DELETE RESTRICT,
    file_id UUID NOT NULL REFERENCES files (id) ON DELETE RESTRICT,
    encoding TEXT NOT NULL,
    separator TEXT NOT NULL,
    mapping JSONB NOT NULL,
    digest BYTEA NOT NULL CONSTRAINT imports_digest CHECK (octet_length(digest) = 32),
    created INT NOT NULL,
    changed INT NOT NULL,
    unchanged INT NOT NULL,
    left_out INT NOT NULL,
    faulty INT NOT NULL,
    previewed_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ,
    rows_until TIMESTAMPTZ NOT NULL,
    CONSTRAINT imports_counts CHECK (least(created, changed, unchanged, left_out, faulty) >= 0),
    CONSTRAINT imports_ended CHECK ((state = 'PREVIEWED') = (ended_at IS NULL)),
    CONSTRAINT imports_committed_whole CHECK (state <> 'COMMITTED' OR faulty = 0)
);
CREATE INDEX imports_newest ON imports (role, previewed_at, id);
CREATE INDEX imports_account ON imports (account_id);
CREATE INDEX imports_school ON imports (school_id) WHERE school_id IS NOT NULL;
CREATE INDEX imports_file ON imports (file_id);

CREATE TABLE import_rows (
    id UUID PRIMARY KEY,
    import_id UUID NOT NULL REFERENCES imports (id) ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED,
    number INT NOT NULL,
    outcome TEXT NOT NULL
        CONSTRAINT import_rows_outcome CHECK (outcome IN ('CREATED', 'CHANGED', 'UNCHANGED', 'LEFT_OUT', 'FAULTY')),
    cells JSONB NOT NULL,
    parsed JSONB NOT NULL,
    faults JSONB NOT NULL,
    CONSTRAINT import_rows_faults CHECK ((outcome = 'FAULTY') = (faults <> '[]')),
    CONSTRAINT import_rows_number UNIQUE (import_id, number)
);
"""

RULES = """
CREATE FUNCTION imports_next_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an import ends once, as it was previewed'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'imports_next_state';
END $$;
CREATE TRIGGER imports_next_state BEFORE UPDATE ON imports FOR EACH ROW
    WHEN (OLD.state <> 'PREVIEWED' OR to_jsonb(OLD) - '{state,ended_at,rows_until}'::text[]
                                      IS DISTINCT FROM to_jsonb(NEW) - '{state,ended_at,rows_until}'::text[])
    EXECUTE FUNCTION imports_next_state();
CREATE TRIGGER imports_append_only BEFORE DELETE ON imports FOR EACH ROW
    WHEN (OLD.state = 'COMMITTED') EXECUTE FUNCTION refuse_change();

CREATE FUNCTION import_rows_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM imports i WHERE i.id = NEW.import_id) THEN
        RAISE EXCEPTION 'what was previewed is not changed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'import_rows_stay';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER import_rows_stay BEFORE INSERT OR UPDATE ON import_rows
    FOR EACH ROW EXECUTE FUNCTION import_rows_stay();
"""


class Migration(migrations.Migration):
    """Two new tables."""

    dependencies = [("models", "0037_first_terms")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", TABLES, RULES)]
