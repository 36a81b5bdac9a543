"""What one table cannot state about itself: append-only ledgers, balances, lawful next steps, the outbox."""

from tortoise import migrations
from tortoise.migrations import operations as ops

APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_TABLE_NAME || '_append_only';
END $$;

CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER transfers_append_only BEFORE UPDATE OR DELETE ON transfers
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER transfers_no_truncate BEFORE TRUNCATE ON transfers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

OUTBOX = """
CREATE FUNCTION events_to_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox (event_id) VALUES (NEW.id);
    PERFORM pg_notify('events', NEW.id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER events_to_outbox AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION events_to_outbox();
"""

WALLETS = """
CREATE FUNCTION students_open_wallet() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO wallets (id, student_id, school_id, granted, available, held, settled, expired, revoked, forfeited)
    VALUES (NEW.id, NEW.id, NEW.school_id, 0, 0, 0, 0, 0, 0, 0);
    RETURN NULL;
END $$;
CREATE TRIGGER students_open_wallet AFTER INSERT ON students FOR EACH ROW EXECUTE FUNCTION students_open_wallet();

CREATE FUNCTION balances_by_ledger_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'balances of % are changed by the ledger alone', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_TABLE_NAME || '_by_ledger_only';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER wallets_by_ledger_only
    BEFORE INSERT OR DELETE OR UPDATE OF granted, available, held, settled, expired, revoked, forfeited ON wallets
    FOR EACH ROW EXECUTE FUNCTION balances_by_ledger_only();
CREATE TRIGGER grants_by_ledger_only BEFORE UPDATE OF unused, credits, wallet_id ON grants
    FOR EACH ROW EXECUTE FUNCTION balances_by_ledger_only();
CREATE TRIGGER grants_begin_unused BEFORE INSERT ON grants
    FOR EACH ROW WHEN (NEW.unused <> 0) EXECUTE FUNCTION balances_by_ledger_only();
CREATE TRIGGER grants_no_delete BEFORE DELETE ON grants FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE FUNCTION transfers_apply() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    n int := NEW.credits;
BEGIN
    UPDATE wallets SET
        granted = granted + CASE WHEN NEW.source = 'SCHOOL' THEN n WHEN NEW.target = 'SCHOOL' THEN -n ELSE 0 END,
        available = available
            + CASE WHEN NEW.target = 'AVAILABLE' THEN n WHEN NEW.source = 'AVAILABLE' THEN -n ELSE 0 END,
        held = held + CASE WHEN NEW.target = 'HELD' THEN n WHEN NEW.source = 'HELD' THEN -n ELSE 0 END,
        settled = settled + CASE WHEN NEW.target = 'SETTLED' THEN n WHEN NEW.source = 'SETTLED' THEN -n ELSE 0 END,
        expired = expired + CASE WHEN NEW.target = 'EXPIRED' THEN n ELSE 0 END,
        revoked = revoked + CASE WHEN NEW.target = 'REVOKED' THEN n ELSE 0 END,
        forfeited = forfeited + CASE WHEN NEW.target = 'FORFEITED' THEN n ELSE 0 END
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
CREATE TRIGGER transfers_apply AFTER INSERT ON transfers FOR EACH ROW EXECUTE FUNCTION transfers_apply();
"""

APPOINTMENTS = """
CREATE FUNCTION appointments_next_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (
        ('REQUESTED', 'CONFIRMED'), ('REQUESTED', 'DECLINED'), ('REQUESTED', 'EXPIRED'), ('REQUESTED', 'WITHDRAWN'),
        ('CONFIRMED', 'COMPLETED'), ('CONFIRMED', 'CANCELLED'), ('CONFIRMED', 'NO_SHOW')) THEN
        RAISE EXCEPTION 'an appointment does not go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'appointments_next_status';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER appointments_next_status BEFORE UPDATE OF status ON appointments
    FOR EACH ROW EXECUTE FUNCTION appointments_next_status();
CREATE TRIGGER appointments_begin BEFORE INSERT ON appointments
    FOR EACH ROW WHEN (NEW.status <> 'REQUESTED') EXECUTE FUNCTION refuse_change();
CREATE TRIGGER appointments_no_delete BEFORE DELETE ON appointments FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE FUNCTION credit_agrees_with_appointment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    session uuid := CASE TG_TABLE_NAME WHEN 'appointments' THEN NEW.id END;
    now_status text;
    student uuid;
    is_held boolean;
    ended_by text;
BEGIN
    IF session IS NULL THEN
        session := NEW.appointment_id;
    END IF;
    SELECT a.status, a.student_id INTO now_status, student FROM appointments a WHERE a.id = session;
    SELECT bool_or(kind = 'HOLD') AND bool_and(wallet_id = student) AND count(DISTINCT grant_id) = 1,
           max(kind) FILTER (WHERE kind IN ('SETTLE', 'RELEASE', 'FORFEIT'))
      INTO is_held, ended_by FROM transfers WHERE appointment_id = session;
    IF is_held IS NOT TRUE OR NOT (CASE
        WHEN now_status IN ('REQUESTED', 'CONFIRMED') THEN ended_by IS NULL
        WHEN now_status = 'COMPLETED' THEN ended_by IS NOT NULL AND ended_by IN ('SETTLE', 'RELEASE')
        WHEN now_status IN ('CANCELLED', 'NO_SHOW') THEN ended_by IS NOT NULL AND ended_by IN ('RELEASE', 'FORFEIT')
        ELSE ended_by IS NOT NULL AND ended_by = 'RELEASE' END) THEN
        RAISE EXCEPTION 'the credit of appointment % does not agree with its status', session
            USING ERRCODE = 'check_violation', CONSTRAINT = 'credit_agrees_with_appointment';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER appointments_credit_agrees AFTER INSERT OR UPDATE OF status ON appointments
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION credit_agrees_with_appointment();
CREATE CONSTRAINT TRIGGER transfers_appointment_agrees AFTER INSERT ON transfers
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.appointment_id IS NOT NULL)
    EXECUTE FUNCTION credit_agrees_with_appointment();
"""

CLAIMS = """
CREATE FUNCTION claims_of_completed_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM appointments a WHERE a.id = NEW.appointment_id AND a.status = 'COMPLETED'
                      AND (a.student_id, a.provider_id, a.school_id, a.visit_type)
                        = (NEW.student_id, NEW.provider_id, NEW.school_id, NEW.visit_type)) THEN
        RAISE EXCEPTION 'only a completed session is claimed, by those who had it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'claims_of_completed_session';
    END IF;
    IF NEW.status <> 'VOID' AND NOT EXISTS (
        SELECT 1 FROM transfers t WHERE t.appointment_id = NEW.appointment_id
           AND t.kind = CASE NEW.status WHEN 'ACCEPTED' THEN 'SETTLE' ELSE 'RELEASE' END) THEN
        RAISE EXCEPTION 'an accepted claim settles its credit, a denied one releases it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'claims_credit_agrees';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER claims_of_completed_session AFTER INSERT OR UPDATE ON claims
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION claims_of_completed_session();
CREATE TRIGGER claims_no_delete BEFORE DELETE ON claims FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER claims_no_truncate BEFORE TRUNCATE ON claims FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

TERMS = """
CREATE FUNCTION appointments_within_terms() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    broken text;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM openings o WHERE o.provider_id = NEW.provider_id AND o.starts_at = NEW.starts_at) THEN
        broken := 'appointments_in_opening';
    ELSIF NOT EXISTS (
        SELECT 1 FROM licenses l JOIN providers p ON p.id = l.provider_id
         WHERE l.id = NEW.license_id AND p.searchable AND l.verified_at IS NOT NULL
           AND l.expires_on >= (NEW.starts_at AT TIME ZONE p.time_zone)::date) THEN
        broken := 'appointments_licensed';
    ELSIF NEW.visit_type = 'FOLLOW_UP' AND NOT EXISTS (
        SELECT 1 FROM appointments a WHERE a.student_id = NEW.student_id AND a.provider_id = NEW.provider_id
           AND a.visit_type = 'INTAKE' AND a.status = 'COMPLETED') THEN
        broken := 'appointments_intake_first';
    ELSE
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the appointment breaks %', broken USING ERRCODE = 'check_violation', CONSTRAINT = broken;
END $$;
CREATE CONSTRAINT TRIGGER appointments_within_terms AFTER INSERT ON appointments
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION appointments_within_terms();

CREATE FUNCTION claims_within_terms() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    broken text;
BEGIN
    IF EXISTS (SELECT 1 FROM appointments a WHERE a.id = NEW.appointment_id AND NEW.submitted_at < a.ends_at) THEN
        broken := 'claims_after_session';
    ELSIF NEW.status = 'ACCEPTED' AND EXISTS (
        SELECT 1 FROM appointments a WHERE a.id = NEW.appointment_id AND NEW.submitted_at >= a.attest_by) THEN
        broken := 'claims_in_time';
    ELSIF NEW.status = 'ACCEPTED' AND NOT EXISTS (
        SELECT 1 FROM rates r JOIN appointments a ON a.id = NEW.appointment_id
          JOIN providers p ON p.id = a.provider_id
         WHERE r.id = NEW.rate_id AND r.amount_cents = NEW.amount_cents AND r.visit_type = NEW.visit_type
           AND r.service = a.service AND r.effective_from <= (a.starts_at AT TIME ZONE p.time_zone)::date) THEN
        broken := 'claims_at_rate';
    ELSE
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the claim breaks %', broken USING ERRCODE = 'check_violation', CONSTRAINT = broken;
END $$;
CREATE CONSTRAINT TRIGGER claims_within_terms AFTER INSERT ON claims
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION claims_within_terms();
"""

SEARCHABLE = """
CREATE FUNCTION providers_become_searchable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE providers SET searchable =
        EXISTS (SELECT 1 FROM enrollments e WHERE e.provider_id = providers.id AND e.status = 'ACTIVE')
        AND EXISTS (SELECT 1 FROM licenses l WHERE l.provider_id = providers.id AND l.verified_at IS NOT NULL)
     WHERE id = NEW.provider_id;
    RETURN NULL;
END $$;
CREATE TRIGGER licenses_make_searchable AFTER INSERT OR UPDATE ON licenses
    FOR EACH ROW EXECUTE FUNCTION providers_become_searchable();
CREATE TRIGGER enrollments_make_searchable AFTER INSERT OR UPDATE ON enrollments
    FOR EACH ROW EXECUTE FUNCTION providers_become_searchable();
"""


class Migration(migrations.Migration):
    """Triggers and deferred constraints; each has a test that goes around Python."""

    dependencies = [("models", "0001_tables")]
    initial = False
    operations = [
        ops.RunSQL(sql)
        for sql in (
            "SET LOCAL lock_timeout = '5s'",
            APPEND_ONLY,
            OUTBOX,
            WALLETS,
            APPOINTMENTS,
            CLAIMS,
            TERMS,
            SEARCHABLE,
        )
    ]
