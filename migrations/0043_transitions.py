"""The whole table of an appointment's steps and of where its credit may be: lapsed, voided, settled late, reversed.

New rows are held to it from here on; the next migration looks at the old ones.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

# What docs/guides/appointments.md and models/appointments/steps.py say as well; a test compares the three.
TABLE = """
CREATE FUNCTION appointment_may_go(status text, next_status text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (status, next_status) IN (
    ('REQUESTED', 'CONFIRMED'), ('REQUESTED', 'DECLINED'), ('REQUESTED', 'EXPIRED'), ('REQUESTED', 'WITHDRAWN'),
    ('CONFIRMED', 'COMPLETED'), ('CONFIRMED', 'CANCELLED'), ('CONFIRMED', 'NO_SHOW'), ('CONFIRMED', 'LAPSED'),
    ('LAPSED', 'COMPLETED'), ('NO_SHOW', 'COMPLETED'), ('COMPLETED', 'VOIDED'));

CREATE FUNCTION credit_may_be(status text, credit text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (status, credit) IN (
    ('REQUESTED', 'HELD'), ('CONFIRMED', 'HELD'), ('DECLINED', 'RETURNED'), ('EXPIRED', 'RETURNED'),
    ('WITHDRAWN', 'RETURNED'), ('CANCELLED', 'RETURNED'), ('CANCELLED', 'FORFEITED'), ('NO_SHOW', 'RETURNED'),
    ('NO_SHOW', 'FORFEITED'), ('LAPSED', 'RETURNED'), ('COMPLETED', 'SETTLED'), ('COMPLETED', 'RETURNED'),
    ('VOIDED', 'RETURNED'));
"""

APPOINTMENTS = """
ALTER TABLE appointments
    DROP CONSTRAINT appointments_status,
    ADD CONSTRAINT appointments_status CHECK (status IN (
        'REQUESTED', 'CONFIRMED', 'COMPLETED', 'DECLINED', 'EXPIRED', 'WITHDRAWN', 'CANCELLED', 'NO_SHOW', 'LAPSED',
        'VOIDED')) NOT VALID,
    DROP CONSTRAINT appointments_confirmed,
    ADD CONSTRAINT appointments_confirmed CHECK (
        status NOT IN ('CONFIRMED', 'COMPLETED', 'CANCELLED', 'NO_SHOW', 'LAPSED', 'VOIDED')
        OR confirmed_at IS NOT NULL) NOT VALID,
    DROP CONSTRAINT appointments_legacy_duplicate,
    ADD CONSTRAINT appointments_legacy_duplicate CHECK (
        NOT legacy_duplicate OR (visit_type = 'INTAKE' AND status IN ('COMPLETED', 'VOIDED'))) NOT VALID,
    ADD CONSTRAINT appointments_lapsed CHECK (status <> 'LAPSED' OR ended_at >= attest_by) NOT VALID;
CREATE INDEX appointments_unattested ON appointments (attest_by) WHERE status = 'CONFIRMED';

CREATE OR REPLACE FUNCTION appointments_next_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT appointment_may_go(OLD.status, NEW.status) THEN
        RAISE EXCEPTION 'an appointment does not go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'appointments_next_status';
    END IF;
    RETURN NEW;
END $$;

-- An intake that is completed late would leave a live one that could never be completed (AP-2).
CREATE TRIGGER appointments_late_intake_over AFTER UPDATE OF status ON appointments
    FOR EACH ROW WHEN (NEW.status = 'COMPLETED' AND OLD.status <> 'CONFIRMED')
    EXECUTE FUNCTION appointments_intake_over();
"""

# One hold and one end of it stay; what comes later names the transfer that it undoes or makes up for, each once.
TRANSFERS = """
ALTER TABLE transfers
    ADD COLUMN reverses_id UUID,
    ADD COLUMN overrides_id UUID,
    ADD CONSTRAINT transfers_reverses_id_fkey FOREIGN KEY (reverses_id)
        REFERENCES transfers (id) ON DELETE RESTRICT NOT VALID,
    ADD CONSTRAINT transfers_overrides_id_fkey FOREIGN KEY (overrides_id)
        REFERENCES transfers (id) ON DELETE RESTRICT NOT VALID,
    DROP CONSTRAINT transfers_moves,
    ADD CONSTRAINT transfers_moves CHECK ((kind, source, target) IN (
        ('GRANT', 'SCHOOL', 'AVAILABLE'), ('HOLD', 'AVAILABLE', 'HELD'), ('SETTLE', 'HELD', 'SETTLED'),
        ('RELEASE', 'HELD', 'AVAILABLE'), ('FORFEIT', 'HELD', 'FORFEITED'), ('EXPIRE', 'AVAILABLE', 'EXPIRED'),
        ('REVOKE', 'AVAILABLE', 'REVOKED'), ('SETTLE_LATE', 'AVAILABLE', 'SETTLED'),
        ('REVERSE', 'SETTLED', 'AVAILABLE'), ('REVERSE', 'SETTLED', 'EXPIRED'),
        ('REVERSE', 'FORFEITED', 'AVAILABLE'), ('REVERSE', 'FORFEITED', 'EXPIRED'),
        ('REVERSE', 'EXPIRED', 'AVAILABLE'), ('REVERSE', 'REVOKED', 'AVAILABLE'),
        ('REVERSE', 'AVAILABLE', 'SCHOOL'))) NOT VALID,
    DROP CONSTRAINT transfers_one_credit_a_session,
    ADD CONSTRAINT transfers_one_credit_a_session CHECK (
        CASE kind WHEN 'REVERSE' THEN source IN ('SETTLED', 'FORFEITED')
             ELSE kind IN ('HOLD', 'SETTLE', 'RELEASE', 'FORFEIT', 'SETTLE_LATE') END = (appointment_id IS NOT NULL)
        AND (appointment_id IS NULL OR credits = 1)) NOT VALID,
    ADD CONSTRAINT transfers_names_another CHECK (
        (kind = 'REVERSE') = (reverses_id IS NOT NULL) AND (kind = 'SETTLE_LATE') = (overrides_id IS NOT NULL))
        NOT VALID;
DROP INDEX transfers_one_reversal;
CREATE UNIQUE INDEX transfers_one_reversal ON transfers (reverses_id) WHERE reverses_id IS NOT NULL;
CREATE UNIQUE INDEX transfers_one_override ON transfers (overrides_id) WHERE overrides_id IS NOT NULL;

CREATE FUNCTION transfers_of_another() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    other transfers;
    is_over boolean;
    broken text;
BEGIN
    SELECT * INTO other FROM transfers WHERE id = coalesce(NEW.reverses_id, NEW.overrides_id);
    SELECT coalesce(g.expires_at <= NEW.at, false) INTO is_over FROM grants g WHERE g.id = NEW.grant_id;
    IF (other.wallet_id, other.appointment_id) IS DISTINCT FROM (NEW.wallet_id, NEW.appointment_id) THEN
        broken := 'transfers_of_another';
    ELSIF NEW.kind = 'SETTLE_LATE' AND (is_over OR NOT (
        other.kind = 'RELEASE' OR (other.kind = 'REVERSE' AND other.target IN ('AVAILABLE', 'EXPIRED')))) THEN
        broken := 'transfers_override_return';
    ELSIF NEW.kind = 'REVERSE' AND ((other.grant_id, other.credits, other.target)
                                    <> (NEW.grant_id, NEW.credits, NEW.source)
        OR NEW.target IS DISTINCT FROM CASE
            WHEN other.kind = 'GRANT' THEN 'SCHOOL'
            WHEN other.kind IN ('EXPIRE', 'REVOKE') AND NOT is_over THEN 'AVAILABLE'
            WHEN other.kind IN ('SETTLE', 'SETTLE_LATE', 'FORFEIT') AND is_over THEN 'EXPIRED'
            WHEN other.kind IN ('SETTLE', 'SETTLE_LATE', 'FORFEIT') THEN 'AVAILABLE' END) THEN
        broken := 'transfers_reverse_another';
    ELSE
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the transfer breaks %', broken USING ERRCODE = 'check_violation', CONSTRAINT = broken;
END $$;
CREATE TRIGGER transfers_of_another BEFORE INSERT ON transfers
    FOR EACH ROW WHEN (NEW.kind IN ('REVERSE', 'SETTLE_LATE')) EXECUTE FUNCTION transfers_of_another();

CREATE OR REPLACE FUNCTION transfers_apply() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    n int := NEW.credits;
BEGIN
    UPDATE wallets SET
        granted = granted + CASE WHEN NEW.source = 'SCHOOL' THEN n WHEN NEW.target = 'SCHOOL' THEN -n ELSE 0 END,
        available = available
            + CASE WHEN NEW.target = 'AVAILABLE' THEN n WHEN NEW.source = 'AVAILABLE' THEN -n ELSE 0 END,
        held = held + CASE WHEN NEW.target = 'HELD' THEN n WHEN NEW.source = 'HELD' THEN -n ELSE 0 END,
        settled = settled + CASE WHEN NEW.target = 'SETTLED' THEN n WHEN NEW.source = 'SETTLED' THEN -n ELSE 0 END,
        expired = expired + CASE WHEN NEW.target = 'EXPIRED' THEN n WHEN NEW.source = 'EXPIRED' THEN -n ELSE 0 END,
        revoked = revoked + CASE WHEN NEW.target = 'REVOKED' THEN n WHEN NEW.source = 'REVOKED' THEN -n ELSE 0 END,
        forfeited = forfeited
            + CASE WHEN NEW.target = 'FORFEITED' THEN n WHEN NEW.source = 'FORFEITED' THEN -n ELSE 0 END
     WHERE id = NEW.wallet_id AND school_id = NEW.school_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the transfer is in the name of another school'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'transfers_of_wallet';
    END IF;
    IF NEW.target = 'AVAILABLE' OR NEW.source = 'AVAILABLE' THEN
        UPDATE grants SET unused = unused + CASE WHEN NEW.target = 'AVAILABLE' THEN n ELSE -n END
         WHERE id = NEW.grant_id AND wallet_id = NEW.wallet_id AND (NEW.kind <> 'GRANT' OR credits = n);
        IF NOT FOUND THEN
            RAISE EXCEPTION 'the grant is of another wallet, or of another number of credits'
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'transfers_grant_of_wallet';
        END IF;
    END IF;
    RETURN NULL;
END $$;
"""

# What counts is where the credit is after all its transfers; that the hold ends once is held by transfers_one_end. A hold
# is the first transfer of its session (transfers_one_hold), which looks at it by itself in the same transaction.
CREDIT = """
CREATE OR REPLACE FUNCTION credit_agrees_with_appointment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    session uuid := CASE TG_TABLE_NAME WHEN 'appointments' THEN NEW.id END;
    agrees boolean;
BEGIN
    IF session IS NULL THEN
        session := NEW.appointment_id;
    END IF;
    SELECT bool_or(t.kind = 'HOLD') AND bool_and(t.wallet_id = a.student_id)
           AND bool_and(t.grant_id = h.grant_id OR t.kind NOT IN ('SETTLE', 'RELEASE', 'FORFEIT'))
           AND credit_may_be(a.status, CASE (
               sum((t.target = 'HELD')::int - (t.source = 'HELD')::int)::int,
               sum((t.target = 'SETTLED')::int - (t.source = 'SETTLED')::int)::int,
               sum((t.target = 'FORFEITED')::int - (t.source = 'FORFEITED')::int)::int)
               WHEN (1, 0, 0) THEN 'HELD' WHEN (0, 1, 0) THEN 'SETTLED' WHEN (0, 0, 1) THEN 'FORFEITED'
               WHEN (0, 0, 0) THEN 'RETURNED' END)
      INTO agrees
      FROM appointments a JOIN transfers h ON h.appointment_id = a.id AND h.kind = 'HOLD'
      JOIN transfers t ON t.appointment_id = a.id
     WHERE a.id = session GROUP BY a.status;
    IF agrees IS NOT TRUE THEN
        RAISE EXCEPTION 'the credit of appointment % does not agree with its status', session
            USING ERRCODE = 'check_violation', CONSTRAINT = 'credit_agrees_with_appointment';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER transfers_appointment_agrees ON transfers;
CREATE CONSTRAINT TRIGGER transfers_appointment_agrees AFTER INSERT ON transfers
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.appointment_id IS NOT NULL AND NEW.kind <> 'HOLD')
    EXECUTE FUNCTION credit_agrees_with_appointment();
"""

CLAIMS = """
CREATE FUNCTION is_settled(session uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
SELECT coalesce(sum((t.target = 'SETTLED')::int - (t.source = 'SETTLED')::int), 0) = 1
  FROM transfers t WHERE t.appointment_id = session
$$;

CREATE OR REPLACE FUNCTION claims_of_completed_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM appointments a WHERE a.id = NEW.appointment_id
                      AND (a.status = 'COMPLETED' OR (a.status = 'VOIDED' AND NEW.status IN ('VOID', 'REPLACED')))
                      AND (a.student_id, a.provider_id, a.school_id, a.visit_type)
                        = (NEW.student_id, NEW.provider_id, NEW.school_id, NEW.visit_type)) THEN
        RAISE EXCEPTION 'only a completed session is claimed, by those who had it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'claims_of_completed_session';
    END IF;
    IF NEW.status IN ('ACCEPTED', 'DENIED') AND (NEW.status = 'ACCEPTED') <> is_settled(NEW.appointment_id) THEN
        RAISE EXCEPTION 'an accepted claim settles its credit, a denied one gives it back'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'claims_credit_agrees';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION claims_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    session uuid := CASE TG_TABLE_NAME WHEN 'appointments' THEN NEW.id END;
BEGIN
    IF session IS NULL THEN
        session := NEW.appointment_id;
    END IF;
    IF EXISTS (SELECT 1 FROM claims c JOIN appointments a ON a.id = c.appointment_id
                WHERE a.id = session AND c.status IN ('ACCEPTED', 'DENIED')
                  AND (a.status <> 'COMPLETED' OR (c.status = 'ACCEPTED') <> is_settled(session))) THEN
        RAISE EXCEPTION 'the claim of appointment % does not agree with its credit', session
            USING ERRCODE = 'check_violation', CONSTRAINT = 'claims_credit_agrees';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER transfers_claim_follows AFTER INSERT ON transfers
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.appointment_id IS NOT NULL AND NEW.kind IN ('REVERSE', 'SETTLE_LATE')) EXECUTE FUNCTION claims_follow();
CREATE CONSTRAINT TRIGGER appointments_claim_follows AFTER UPDATE OF status ON appointments
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.status = 'VOIDED') EXECUTE FUNCTION claims_follow();
"""


class Migration(migrations.Migration):
    """Two statuses, two columns, and functions in the place of their narrower ones."""

    dependencies = [("models", "0042_reserved_times_of_all")]
    initial = False
    operations = [
        ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", TABLE, APPOINTMENTS, TRANSFERS, CREDIT, CLAIMS)
    ]
