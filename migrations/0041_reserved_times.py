"""Time that is taken (AP-4) stands in a table of its own: one calendar a provider and a person, moves proposed included.

Here for new sessions, beside the rules that appointments have; the next migration fills the old ones in and lets go of
those rules.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

# The EXCLUDEs let one session overlap itself, so that a move may take part of its old time. The plain indexes answer
# what is free without a look at the table. Blocked is the session with the buffers of its provider as they were when it
# was booked; until there are buffers it is the session. They last an hour at most, so that a start leads to what lies
# around it.
RESERVED = """
CREATE TABLE reserved_times (
    id UUID PRIMARY KEY,
    appointment_id UUID NOT NULL REFERENCES appointments (id) ON DELETE RESTRICT,
    kind TEXT NOT NULL CONSTRAINT reserved_times_kind CHECK (kind IN ('CURRENT', 'PROPOSED')),
    provider_id UUID NOT NULL,
    person_id UUID NOT NULL,
    starts_at TIMESTAMPTZ NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL,
    blocked_from TIMESTAMPTZ NOT NULL,
    blocked_until TIMESTAMPTZ NOT NULL,
    CONSTRAINT reserved_times_one_of_kind UNIQUE (appointment_id, kind),
    CONSTRAINT reserved_times_order CHECK (starts_at < ends_at AND ends_at <= starts_at + interval '1 hour'),
    CONSTRAINT reserved_times_buffers CHECK (
        blocked_from BETWEEN starts_at - interval '1 hour' AND starts_at
        AND blocked_until BETWEEN ends_at AND ends_at + interval '1 hour'),
    CONSTRAINT reserved_times_provider_free EXCLUDE USING gist (
        provider_id WITH =, tstzrange(blocked_from, blocked_until) WITH &&, appointment_id WITH <>),
    CONSTRAINT reserved_times_person_free EXCLUDE USING gist (
        person_id WITH =, tstzrange(starts_at, ends_at) WITH &&, appointment_id WITH <>)
);
CREATE INDEX reserved_times_of_provider ON reserved_times (provider_id, blocked_from) INCLUDE (blocked_until);
CREATE INDEX reserved_times_of_person ON reserved_times (person_id, starts_at) INCLUDE (ends_at);

CREATE TRIGGER reserved_times_append_only BEFORE UPDATE ON reserved_times
    FOR EACH ROW WHEN (
        (OLD.kind, NEW.kind) = ('CURRENT', 'PROPOSED')
        OR (OLD.id, OLD.appointment_id, OLD.provider_id, OLD.starts_at, OLD.ends_at, OLD.blocked_from, OLD.blocked_until)
           IS DISTINCT FROM
           (NEW.id, NEW.appointment_id, NEW.provider_id, NEW.starts_at, NEW.ends_at, NEW.blocked_from, NEW.blocked_until))
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reserved_times_no_truncate BEFORE TRUNCATE ON reserved_times
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

PROPOSALS = """
CREATE TABLE reschedule_proposals (
    id UUID PRIMARY KEY,
    appointment_id UUID NOT NULL REFERENCES appointments (id) ON DELETE RESTRICT,
    by_side TEXT NOT NULL CONSTRAINT reschedule_proposals_by_side CHECK (by_side IN ('STUDENT', 'PROVIDER')),
    from_starts_at TIMESTAMPTZ NOT NULL,
    to_starts_at TIMESTAMPTZ NOT NULL,
    proposed_at TIMESTAMPTZ NOT NULL,
    answer_by TIMESTAMPTZ NOT NULL,
    status TEXT NOT NULL CONSTRAINT reschedule_proposals_status
        CHECK (status IN ('OPEN', 'ACCEPTED', 'DECLINED', 'WITHDRAWN', 'EXPIRED', 'CLOSED')),
    closed_at TIMESTAMPTZ,
    CONSTRAINT reschedule_proposals_moves CHECK (from_starts_at <> to_starts_at),
    CONSTRAINT reschedule_proposals_answer_in_time CHECK (
        answer_by <= least(from_starts_at, to_starts_at, proposed_at + interval '72 hours')),
    CONSTRAINT reschedule_proposals_closed CHECK ((status = 'OPEN') = (closed_at IS NULL))
);
CREATE UNIQUE INDEX reschedule_proposals_one_open ON reschedule_proposals (appointment_id) WHERE status = 'OPEN';
CREATE INDEX reschedule_proposals_appointment ON reschedule_proposals (appointment_id);
CREATE INDEX reschedule_proposals_unanswered ON reschedule_proposals (answer_by) WHERE status = 'OPEN';

CREATE TRIGGER reschedule_proposals_begin BEFORE INSERT ON reschedule_proposals
    FOR EACH ROW WHEN (NEW.status <> 'OPEN') EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reschedule_proposals_append_only BEFORE UPDATE ON reschedule_proposals
    FOR EACH ROW WHEN (
        OLD.status <> 'OPEN'
        OR (OLD.id, OLD.appointment_id, OLD.by_side, OLD.from_starts_at, OLD.to_starts_at, OLD.proposed_at, OLD.answer_by)
           IS DISTINCT FROM
           (NEW.id, NEW.appointment_id, NEW.by_side, NEW.from_starts_at, NEW.to_starts_at, NEW.proposed_at, NEW.answer_by))
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reschedule_proposals_no_delete BEFORE DELETE ON reschedule_proposals
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""

# Two that insert overlapping times at once would each wait for the other, until deadlock_timeout: so the provider's row
# is locked before. It is the read of the provider that was there anyway, and what the foreign key locks in any case.
# What a session gets from others' rows is read at once: each statement of a trigger costs a booking.
LOCK = """
CREATE OR REPLACE FUNCTION appointments_of_persons() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    gone timestamptz;
BEGIN
    SELECT s.erased_at, s.person_id, p.practice_id, y.id INTO gone, NEW.person_id, NEW.practice_id, NEW.policy_id
      FROM students s JOIN providers p ON p.id = NEW.provider_id
      LEFT JOIN schools h ON h.id = NEW.school_id
      LEFT JOIN school_policies y
        ON y.school_id = h.id AND y.during @> (NEW.requested_at AT TIME ZONE h.time_zone)::date
     WHERE s.id = NEW.student_id FOR SHARE OF s FOR NO KEY UPDATE OF p;
    IF gone IS NOT NULL THEN
        RAISE EXCEPTION 'nothing new is begun for an erased student'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'students_not_erased';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER appointments_under_policy ON appointments;
DROP FUNCTION appointments_under_policy();

CREATE FUNCTION reserved_times_lock_provider() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM providers p WHERE p.id = NEW.provider_id FOR NO KEY UPDATE;
    RETURN NEW;
END $$;
CREATE TRIGGER reserved_times_lock_provider BEFORE INSERT ON reserved_times
    FOR EACH ROW WHEN (NEW.kind = 'PROPOSED') EXECUTE FUNCTION reserved_times_lock_provider();
"""

# In the statement that books or ends a session, whoever sends it: the version before knows nothing of it.
FOLLOW = """
CREATE FUNCTION appointments_reserve() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reserved_times
        (id, appointment_id, kind, provider_id, person_id, starts_at, ends_at, blocked_from, blocked_until)
    VALUES (NEW.id, NEW.id, 'CURRENT', NEW.provider_id, NEW.person_id,
            NEW.starts_at, NEW.ends_at, NEW.starts_at, NEW.ends_at);
    RETURN NULL;
END $$;
CREATE TRIGGER appointments_reserve AFTER INSERT ON appointments
    FOR EACH ROW WHEN (NEW.ended_at IS NULL) EXECUTE FUNCTION appointments_reserve();

CREATE FUNCTION appointments_release() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    kinds int;
BEGIN
    DELETE FROM reserved_times WHERE appointment_id = NEW.id;
    GET DIAGNOSTICS kinds = ROW_COUNT;
    IF kinds > 1 THEN
        UPDATE reschedule_proposals SET status = 'CLOSED', closed_at = NEW.ended_at
         WHERE appointment_id = NEW.id AND status = 'OPEN';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER appointments_release AFTER UPDATE OF status ON appointments
    FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION appointments_release();

CREATE FUNCTION appointments_reserve_for_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE reserved_times SET person_id = NEW.person_id WHERE appointment_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER appointments_reserve_for_person AFTER UPDATE OF person_id ON appointments
    FOR EACH ROW WHEN (NEW.person_id <> OLD.person_id) EXECUTE FUNCTION appointments_reserve_for_person();
"""

AGREE = """
CREATE FUNCTION reserved_times_agree() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    session uuid;
    a appointments;
    proposed reserved_times;
    open reschedule_proposals;
    broken text;
BEGIN
    IF TG_TABLE_NAME = 'appointments' THEN
        session := NEW.id;
    ELSIF TG_OP = 'DELETE' THEN
        session := OLD.appointment_id;
    ELSE
        session := NEW.appointment_id;
    END IF;
    SELECT * INTO a FROM appointments WHERE id = session;
    SELECT * INTO proposed FROM reserved_times WHERE appointment_id = session AND kind = 'PROPOSED';
    SELECT * INTO open FROM reschedule_proposals WHERE appointment_id = session AND status = 'OPEN';
    IF (a.ended_at IS NULL) <> EXISTS (
        SELECT 1 FROM reserved_times r
         WHERE r.appointment_id = session AND r.kind = 'CURRENT'
           AND (a.ended_at IS NOT NULL OR (r.provider_id, r.person_id, r.starts_at, r.ends_at)
                                        = (a.provider_id, a.person_id, a.starts_at, a.ends_at))) THEN
        broken := 'reserved_times_of_live';
    ELSIF open.id IS NOT NULL AND (a.status <> 'CONFIRMED' OR a.starts_at <> open.from_starts_at) THEN
        broken := 'reschedule_proposals_of_confirmed';
    ELSIF (open.id IS NULL) <> (proposed.id IS NULL)
       OR (proposed.starts_at, proposed.ends_at - proposed.starts_at, proposed.provider_id, proposed.person_id)
          <> (open.to_starts_at, a.ends_at - a.starts_at, a.provider_id, a.person_id) THEN
        broken := 'reserved_times_of_proposal';
    ELSE
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the reserved times of appointment % break %', session, broken
        USING ERRCODE = 'check_violation', CONSTRAINT = broken;
END $$;
CREATE CONSTRAINT TRIGGER reschedule_proposals_agree AFTER INSERT OR UPDATE ON reschedule_proposals
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION reserved_times_agree();
CREATE CONSTRAINT TRIGGER appointments_times_agree AFTER UPDATE OF starts_at, ends_at, provider_id ON appointments
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION reserved_times_agree();
"""

# A session that is moved keeps the terms of its booking but those of its new time, and was answered under its old one.
MOVED = """
CREATE CONSTRAINT TRIGGER appointments_stay_within_terms AFTER UPDATE OF starts_at, license_id, state ON appointments
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((OLD.starts_at, OLD.license_id, OLD.state) IS DISTINCT FROM (NEW.starts_at, NEW.license_id, NEW.state))
    EXECUTE FUNCTION appointments_within_terms();
ALTER TABLE appointments
    DROP CONSTRAINT appointments_answer_in_time,
    ADD CONSTRAINT appointments_answer_in_time CHECK (
        (confirmed_at IS NOT NULL OR confirm_by <= starts_at) AND confirm_by <= requested_at + interval '72 hours'
        AND (confirmed_at IS NULL OR confirmed_at < confirm_by)) NOT VALID;
"""


class Migration(migrations.Migration):
    """Two tables, and what keeps them one with the sessions."""

    dependencies = [("models", "0040_scopes_of_all_keys")]
    initial = False
    operations = [
        ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", RESERVED, PROPOSALS, LOCK, FOLLOW, AGREE, MOVED)
    ]
