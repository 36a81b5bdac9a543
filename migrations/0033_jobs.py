"""Background jobs: who asked for what, how far it is, who works on it until when, and how it ended."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# A live job holds one of a membership's places, so that the bound on them is a unique index. Arguments are ids and words
# of lists: what a person wrote, an address or a name does not get through.
TABLES = """
CREATE TABLE jobs (
    id UUID PRIMARY KEY,
    kind TEXT NOT NULL CONSTRAINT jobs_kind CHECK (kind ~ '^[a-z_]+[.][a-z_]+$'),
    args JSONB NOT NULL,
    membership_id UUID NOT NULL REFERENCES memberships (id) ON DELETE RESTRICT,
    student_id UUID,
    state TEXT NOT NULL CONSTRAINT jobs_state CHECK (state IN ('WAITING', 'RUNNING', 'DONE', 'FAILED', 'CANCELLED')),
    place SMALLINT NOT NULL CONSTRAINT jobs_place CHECK (place BETWEEN 1 AND 3),
    done INT NOT NULL DEFAULT 0,
    total INT,
    attempts SMALLINT NOT NULL DEFAULT 0 CONSTRAINT jobs_attempts CHECK (attempts BETWEEN 0 AND 5),
    lease UUID,
    lease_until TIMESTAMPTZ,
    next_at TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    started_at TIMESTAMPTZ,
    cancel_requested_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    fault TEXT,
    result_file_id UUID REFERENCES files (id) ON DELETE RESTRICT,
    CONSTRAINT jobs_args CHECK (
        jsonb_typeof(args) = 'object' AND length(args::text) <= 2000
        AND NOT jsonb_path_exists(args, 'strict $.* ? (!(@.type() == "number" || @.type() == "boolean"
            || (@.type() == "string" && @ like_regex "^[A-Za-z0-9_.:-]{1,64}$")))')
    ),
    CONSTRAINT jobs_progress CHECK (done >= 0 AND (total IS NULL OR done <= total)),
    CONSTRAINT jobs_leased CHECK (
        (state = 'RUNNING') = (lease IS NOT NULL) AND (state = 'RUNNING') = (lease_until IS NOT NULL)
    ),
    CONSTRAINT jobs_started CHECK (state <> 'RUNNING' OR started_at IS NOT NULL AND attempts > 0),
    CONSTRAINT jobs_ended CHECK ((state IN ('DONE', 'FAILED', 'CANCELLED')) = (ended_at IS NOT NULL)),
    CONSTRAINT jobs_fault CHECK ((state = 'FAILED') = (fault IS NOT NULL)),
    CONSTRAINT jobs_result CHECK (result_file_id IS NULL OR state = 'DONE'),
    CONSTRAINT jobs_order CHECK (started_at >= created_at AND ended_at >= created_at)
);
CREATE UNIQUE INDEX jobs_places ON jobs (membership_id, place) WHERE state IN ('WAITING', 'RUNNING');
CREATE INDEX jobs_membership ON jobs (membership_id, created_at, id);
CREATE INDEX jobs_newest ON jobs (created_at, id);
CREATE INDEX jobs_student ON jobs (student_id) WHERE student_id IS NOT NULL;
CREATE INDEX jobs_result_file ON jobs (result_file_id) WHERE result_file_id IS NOT NULL;
CREATE INDEX jobs_over ON jobs (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX jobs_due ON jobs (next_at, id) WHERE state IN ('WAITING', 'RUNNING');
"""

ENDINGS = """
CREATE FUNCTION jobs_end_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL AND OLD IS DISTINCT FROM NEW THEN
        RAISE EXCEPTION 'a job that has ended stays as it ended'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'jobs_end_once';
    END IF;
    IF (OLD.kind, OLD.args, OLD.membership_id, OLD.student_id, OLD.created_at)
       IS DISTINCT FROM (NEW.kind, NEW.args, NEW.membership_id, NEW.student_id, NEW.created_at) THEN
        RAISE EXCEPTION 'what a job is to do does not change'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'jobs_stay_the_same';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER jobs_end_once BEFORE UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION jobs_end_once();
"""

# Progress is no event: nothing happened yet, and events stay for good. It is told by the row's id alone.
TOLD = """
CREATE FUNCTION jobs_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('rows', NEW.id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER jobs_tell AFTER UPDATE ON jobs FOR EACH ROW
    WHEN ((OLD.state, OLD.done, OLD.total, OLD.cancel_requested_at)
          IS DISTINCT FROM (NEW.state, NEW.done, NEW.total, NEW.cancel_requested_at))
    EXECUTE FUNCTION jobs_tell();
"""


class Migration(migrations.Migration):
    """A queue that is its own history: a lease while it runs, one end, and a bound on what is live."""

    dependencies = [("models", "0032_work_claims")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", TABLES, ENDINGS, TOLD)]
