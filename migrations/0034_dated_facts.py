"""What holds from a day until another: rates, a school's policies; a session keeps the policy of its request (CR-12)."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# One form for all of them: a function for each table, so that its statements are planned once and not for each row.
# `key` is SQL for what rows share that follow each other, about a row of the table.
SUPERSEDE = """
CREATE FUNCTION {table}_supersede() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    begins date := lower(NEW.during);
    following date;
BEGIN
    IF upper_inf(NEW.during) THEN
        SELECT min(lower(d.during)) INTO following FROM {table} d
         WHERE {key_of_d} = {key_of_new} AND d.during && daterange(begins + 1, NULL) AND lower(d.during) > begins;
        NEW.during := daterange(begins, following);
    END IF;
    UPDATE {table} d SET during = daterange(lower(d.during), begins)
     WHERE {key_of_d} = {key_of_new} AND d.during @> begins AND (lower_inf(d.during) OR lower(d.during) < begins);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION {table}_supersede() IS
    'A new row ends what held before it, the day before, and ends itself where the next one begins.';
CREATE TRIGGER {table}_supersede BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_supersede();
"""


def superseding(table: str, key: str) -> str:
    """The trigger of a table, whose key is about a row `{row}`."""
    return SUPERSEDE.format(table=table, key_of_d=key.format(row="d"), key_of_new=key.format(row="NEW"))


KIND = "rate_kind({row}.visit_type, {row}.service, {row}.degree_level, {row}.license_class, {row}.state)"

# The version before writes the first day alone, and moves it alone.
RATES = """
ALTER TABLE rates ADD COLUMN during DATERANGE;
UPDATE rates SET during = daterange(rates.effective_from, following.day)
  FROM (SELECT id, lead(effective_from) OVER (PARTITION BY visit_type, service, degree_level, license_class, state
                                                  ORDER BY effective_from) AS day FROM rates) following
 WHERE following.id = rates.id;

CREATE FUNCTION rates_fill_during() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.during IS NULL THEN
        NEW.during := daterange(NEW.effective_from, NULL);
    ELSIF TG_OP = 'UPDATE' THEN
        NEW.during := daterange(NEW.effective_from, upper(NEW.during));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER rates_fill_during BEFORE INSERT OR UPDATE OF effective_from ON rates
    FOR EACH ROW EXECUTE FUNCTION rates_fill_during();

CREATE FUNCTION rate_kind(text, text, text, text, text) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN md5($1 || '/' || $2 || '/' || $3 || '/' || $4 || '/' || coalesce($5, ''))::uuid;
COMMENT ON FUNCTION rate_kind(text, text, text, text, text) IS
    'A kind of session and a state, or none, as one value: an index on five texts is many times as slow.';
ALTER TABLE rates
    ADD CONSTRAINT rates_during CHECK (coalesce(lower(during) = effective_from, false)) NOT VALID,
    ADD CONSTRAINT rates_no_overlap EXCLUDE USING gist (
        rate_kind(visit_type, service, degree_level, license_class, state) WITH =, during WITH &&);
"""

# A school's first policy holds since ever, under the school's own id. Its columns of the same names are what the version before reads, and what a
# school is opened with.
POLICIES = """
CREATE TABLE school_policies (
    id UUID PRIMARY KEY,
    school_id UUID NOT NULL REFERENCES schools (id) ON DELETE RESTRICT,
    during DATERANGE NOT NULL CONSTRAINT school_policies_during CHECK (NOT isempty(during)),
    credits_min INT NOT NULL,
    credits_max INT NOT NULL,
    missed_session_policy TEXT NOT NULL
        CONSTRAINT school_policies_missed_session CHECK (missed_session_policy IN ('RELEASE', 'FORFEIT')),
    late_notice_hours INT NOT NULL CONSTRAINT school_policies_late_notice CHECK (late_notice_hours BETWEEN 0 AND 168),
    announced_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT school_policies_limits CHECK (credits_min >= 1 AND credits_min <= credits_max),
    CONSTRAINT school_policies_announced CHECK (lower_inf(during)
        OR lower(during) >= (announced_at AT TIME ZONE 'UTC')::date - 1),
    CONSTRAINT school_policies_of_school UNIQUE (school_id, id),
    CONSTRAINT school_policies_no_overlap EXCLUDE USING gist (school_id WITH =, during WITH &&)
);
CREATE TRIGGER school_policies_append_only BEFORE UPDATE ON school_policies FOR EACH ROW
    WHEN (to_jsonb(OLD) - 'during' IS DISTINCT FROM to_jsonb(NEW) - 'during' OR lower(OLD.during) IS DISTINCT FROM lower(NEW.during))
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER school_policies_no_delete BEFORE DELETE ON school_policies
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE FUNCTION schools_begin_with_policy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO school_policies VALUES (NEW.id, NEW.id, daterange(NULL, NULL), NEW.credits_min, NEW.credits_max,
                                        NEW.missed_session_policy, 24, NEW.created_at);
    RETURN NULL;
END $$;
CREATE TRIGGER schools_begin_with_policy AFTER INSERT ON schools
    FOR EACH ROW EXECUTE FUNCTION schools_begin_with_policy();
INSERT INTO school_policies
SELECT id, id, daterange(NULL, NULL), credits_min, credits_max, missed_session_policy, 24, created_at FROM schools;
"""

# A session is judged by the policy of the day of its request, on its school's calendar, for good.
SESSIONS = """
ALTER TABLE appointments ADD COLUMN policy_id UUID;
CREATE FUNCTION appointments_under_policy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT p.id INTO NEW.policy_id FROM school_policies p JOIN schools s ON s.id = p.school_id
     WHERE p.school_id = NEW.school_id AND p.during @> (NEW.requested_at AT TIME ZONE s.time_zone)::date;
    RETURN NEW;
END $$;
CREATE TRIGGER appointments_under_policy BEFORE INSERT ON appointments
    FOR EACH ROW EXECUTE FUNCTION appointments_under_policy();

CREATE FUNCTION appointments_keep_policy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a session keeps the policy under which it was requested'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'appointments_keep_policy';
END $$;
CREATE TRIGGER appointments_keep_policy BEFORE UPDATE OF policy_id ON appointments FOR EACH ROW
    WHEN (OLD.policy_id IS NOT NULL AND NEW.policy_id IS DISTINCT FROM OLD.policy_id)
    EXECUTE FUNCTION appointments_keep_policy();

ALTER TABLE appointments
    ADD CONSTRAINT appointments_has_policy CHECK (policy_id IS NOT NULL) NOT VALID,
    ADD CONSTRAINT appointments_policy FOREIGN KEY (school_id, policy_id)
        REFERENCES school_policies (school_id, id) ON DELETE RESTRICT NOT VALID;
"""


class Migration(migrations.Migration):
    """Rates and schools are few; of sessions, which are many, here only the new ones."""

    dependencies = [("models", "0033_jobs")]
    initial = False
    operations = [
        ops.RunSQL(sql)
        for sql in (
            "SET LOCAL lock_timeout = '5s'",
            RATES,
            superseding("rates", KIND),
            POLICIES,
            superseding("school_policies", "{row}.school_id"),
            SESSIONS,
        )
    ]
