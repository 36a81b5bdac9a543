"""Requests for more credits (CR-6): one open a student, decided once, by nobody about themselves (ID-9)."""

from tortoise import migrations
from tortoise.migrations import operations as ops

REQUESTS = """
CREATE TABLE credit_requests (
    id UUID PRIMARY KEY,
    student_id UUID NOT NULL,
    school_id UUID NOT NULL,
    requester TEXT NOT NULL CONSTRAINT credit_requests_requester CHECK (requester IN ('STUDENT', 'PROVIDER')),
    provider_id UUID REFERENCES providers (id) ON DELETE RESTRICT,
    credits INTEGER NOT NULL CONSTRAINT credit_requests_credits CHECK (credits BETWEEN 1 AND 1000),
    reason TEXT NOT NULL CONSTRAINT credit_requests_reason CHECK (reason IN (
        'CREDITS_USED', 'CONTINUE_CARE', 'CHANGE_OF_PROVIDER', 'RETURN_TO_CARE', 'ANOTHER_REASON')),
    requested_at TIMESTAMPTZ NOT NULL,
    status TEXT NOT NULL CONSTRAINT credit_requests_status CHECK (status IN (
        'OPEN', 'GRANTED', 'PARTLY_GRANTED', 'DECLINED', 'WITHDRAWN', 'CLOSED')),
    ended_at TIMESTAMPTZ,
    decided_by UUID,
    granted_credits INTEGER NOT NULL DEFAULT 0,
    grant_id UUID REFERENCES grants (id) ON DELETE RESTRICT,
    decision_reason TEXT CONSTRAINT credit_requests_decision_reason CHECK (decision_reason IN (
        'LIMIT_REACHED', 'BUDGET_SPENT', 'CENTER_PROVIDES_CARE', 'OTHER_CARE_ARRANGED', 'NOT_ELIGIBLE')),
    CONSTRAINT credit_requests_of_provider CHECK ((requester = 'PROVIDER') = (provider_id IS NOT NULL)),
    CONSTRAINT credit_requests_student_of_school FOREIGN KEY (student_id, school_id)
        REFERENCES students (id, school_id) ON DELETE RESTRICT,
    CONSTRAINT credit_requests_ended CHECK (
        (status = 'OPEN') = (ended_at IS NULL) AND (ended_at IS NULL OR ended_at >= requested_at)),
    CONSTRAINT credit_requests_decided CHECK (
        (status IN ('GRANTED', 'PARTLY_GRANTED', 'DECLINED')) = (decided_by IS NOT NULL)
        AND (status IN ('PARTLY_GRANTED', 'DECLINED')) = (decision_reason IS NOT NULL)),
    CONSTRAINT credit_requests_granted CHECK (
        (grant_id IS NOT NULL) = (granted_credits > 0)
        AND CASE status WHEN 'GRANTED' THEN granted_credits = credits
                        WHEN 'PARTLY_GRANTED' THEN granted_credits BETWEEN 1 AND credits - 1
                        ELSE granted_credits = 0 END)
);
CREATE UNIQUE INDEX credit_requests_one_open ON credit_requests (student_id) WHERE status = 'OPEN';
CREATE UNIQUE INDEX credit_requests_one_of_grant ON credit_requests (grant_id) WHERE grant_id IS NOT NULL;
CREATE INDEX credit_requests_student ON credit_requests (student_id, school_id, requested_at);
CREATE INDEX credit_requests_school ON credit_requests (school_id, requested_at, id);
CREATE INDEX credit_requests_waiting ON credit_requests (school_id, requested_at, id) WHERE status = 'OPEN';
CREATE INDEX credit_requests_provider ON credit_requests (provider_id) WHERE provider_id IS NOT NULL;
"""

RULES = """
CREATE FUNCTION credit_requests_end_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ends text[] := ARRAY['status', 'ended_at', 'decided_by', 'granted_credits', 'grant_id', 'decision_reason'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'OPEN' THEN
            RAISE EXCEPTION 'a request begins open'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'credit_requests_begin_open';
        END IF;
    ELSIF OLD.status <> 'OPEN' OR (to_jsonb(NEW) - ends) IS DISTINCT FROM (to_jsonb(OLD) - ends) THEN
        RAISE EXCEPTION 'a request ends once, and what was asked stays'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'credit_requests_end_once';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER credit_requests_end_once BEFORE INSERT OR UPDATE ON credit_requests
    FOR EACH ROW EXECUTE FUNCTION credit_requests_end_once();
CREATE TRIGGER credit_requests_not_of_erased BEFORE INSERT ON credit_requests
    FOR EACH ROW EXECUTE FUNCTION students_not_erased();
CREATE TRIGGER credit_requests_append_only BEFORE DELETE ON credit_requests
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER credit_requests_no_truncate BEFORE TRUNCATE ON credit_requests
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION credit_requests_are_decided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF is_one_of_persons(NEW.decided_by, ARRAY(SELECT s.person_id FROM students s WHERE s.id = NEW.student_id)) THEN
        RAISE EXCEPTION 'nobody decides their own request'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'credit_requests_not_by_oneself';
    END IF;
    IF NEW.grant_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM grants g WHERE g.id = NEW.grant_id AND g.student_id = NEW.student_id
           AND g.credits = NEW.granted_credits AND g.granted_at >= NEW.requested_at) THEN
        RAISE EXCEPTION 'the grant is not what was decided'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'credit_requests_by_grant';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER credit_requests_are_decided AFTER UPDATE ON credit_requests
    FOR EACH ROW WHEN (NEW.decided_by IS NOT NULL) EXECUTE FUNCTION credit_requests_are_decided();
"""


class Migration(migrations.Migration):
    """One table, which nothing before it knows."""

    dependencies = [("models", "0049_locks_of_sessions")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", REQUESTS, RULES)]
