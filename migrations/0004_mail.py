"""Mail: one row for each message to be sent, and reminders that are due exactly once."""

from tortoise import migrations
from tortoise.migrations import operations as ops

TABLES = """
CREATE TABLE mails (
    id UUID PRIMARY KEY,
    event_id UUID NOT NULL REFERENCES events (id) ON DELETE RESTRICT,
    recipient TEXT NOT NULL
        CONSTRAINT mails_recipient CHECK (recipient IN ('STUDENT', 'PROVIDER', 'ACCOUNT', 'LINK', 'OWNER')),
    address TEXT NOT NULL CONSTRAINT mails_address CHECK (address <> ''),
    template TEXT NOT NULL,
    status TEXT NOT NULL
        CONSTRAINT mails_status CHECK (status IN ('PENDING', 'SENDING', 'SENT', 'FAILED', 'DROPPED')),
    attempts INT NOT NULL CONSTRAINT mails_attempts CHECK (attempts >= 0),
    next_at TIMESTAMPTZ NOT NULL,
    sent_at TIMESTAMPTZ,
    message_id TEXT NOT NULL CONSTRAINT mails_message_id_key UNIQUE,
    fault TEXT NOT NULL,
    CONSTRAINT mails_once UNIQUE (event_id, address, template),
    CONSTRAINT mails_sent CHECK ((status = 'SENT') = (sent_at IS NOT NULL))
);
CREATE INDEX mails_due ON mails (next_at, id) WHERE status IN ('PENDING', 'SENDING');
"""

SENT_STAYS_SENT = """
CREATE FUNCTION mails_keep_identity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status = 'SENT' OR (OLD.event_id, OLD.address, OLD.template, OLD.message_id)
                              IS DISTINCT FROM (NEW.event_id, NEW.address, NEW.template, NEW.message_id) THEN
        RAISE EXCEPTION 'a mail keeps its address and its Message-ID, and stays sent once it was'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'mails_keep_identity';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER mails_keep_identity BEFORE UPDATE ON mails FOR EACH ROW EXECUTE FUNCTION mails_keep_identity();
"""

REMINDERS = """
CREATE UNIQUE INDEX events_reminder_once ON events (appointment_id, verb, (data ->> 'hours'), (data ->> 'since'))
    NULLS NOT DISTINCT
    WHERE verb IN ('appointment.reminder_due', 'appointment.session_due', 'appointment.attestation_due');
CREATE INDEX appointments_confirmed ON appointments (starts_at) WHERE status = 'CONFIRMED';
"""


class Migration(migrations.Migration):
    """The queue of mail, what it may not forget, and the key that makes a reminder happen once."""

    dependencies = [("models", "0003_accounts")]
    initial = False
    operations = [
        ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", TABLES, SENT_STAYS_SENT, REMINDERS) if sql
    ]
