"""The outbox by channel: each event waits once for each channel, and each recipient has a name (NO-2, ID-7)."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# Workers of the version before read and delete by `event_id`, and locked rows are passed over: the view shows them what
# is mail's and nothing else, so that they take no other channel's row. It goes once no such worker is left.
#
# `channel` has no foreign key: each event of each request would lock the same row of `outbox_channels`.
OUTGOING = """
CREATE TABLE outbox_channels (
    name TEXT PRIMARY KEY CONSTRAINT outbox_channels_name CHECK (name ~ '^[A-Z_]{1,20}$')
);
INSERT INTO outbox_channels (name) VALUES ('MAIL');
CREATE TRIGGER outbox_channels_append_only BEFORE UPDATE OR DELETE ON outbox_channels
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER outbox_channels_no_truncate BEFORE TRUNCATE ON outbox_channels
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE outbox RENAME TO outgoing;
ALTER TABLE outgoing RENAME CONSTRAINT outbox_event_id_fkey TO outgoing_event_id_fkey;
ALTER TABLE outgoing ADD COLUMN channel TEXT NOT NULL DEFAULT 'MAIL';
CREATE UNIQUE INDEX outgoing_once ON outgoing (channel, event_id);
ALTER TABLE outgoing
    DROP CONSTRAINT outbox_pkey,
    ADD CONSTRAINT outgoing_pkey PRIMARY KEY USING INDEX outgoing_once;
CREATE INDEX outgoing_event ON outgoing (event_id);
CREATE VIEW outbox AS SELECT event_id FROM outgoing WHERE channel = 'MAIL';
COMMENT ON VIEW outbox IS 'What waits for mail, as workers of before migration 0029 know it.';
"""

TRIGGER = """
CREATE OR REPLACE FUNCTION events_to_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outgoing (event_id, channel) SELECT NEW.id, c.name FROM outbox_channels c;
    PERFORM pg_notify('events', NEW.id::text);
    RETURN NULL;
END $$;
"""

# Who is written to by what they are (staff, an office) is written to by the account's address; what waited for an account
# that is shut is written again for those who are left, or for who stands in for them.
STOPPED = """
CREATE OR REPLACE FUNCTION stop_mails_of(person uuid, account uuid, write_again boolean) RETURNS void LANGUAGE sql AS $$
WITH stopped AS (
    UPDATE mails m SET status = 'DROPPED'
      FROM events e
     WHERE e.id = m.event_id AND m.status = 'PENDING'
       AND lower(m.address) = (SELECT lower(a.email) FROM accounts a WHERE a.id = account)
       AND CASE m.recipient
               WHEN 'STUDENT' THEN e.student_id IN (SELECT s.id FROM students s WHERE s.person_id = person)
               WHEN 'PROVIDER' THEN e.provider_id IN (SELECT p.id FROM providers p WHERE p.person_id = person)
               WHEN 'ACCOUNT' THEN e.subject_id = account
               ELSE m.recipient NOT IN ('LINK', 'FORMER') END
    RETURNING m.event_id, m.recipient)
INSERT INTO outgoing (event_id, channel)
SELECT DISTINCT event_id, 'MAIL' FROM stopped
 WHERE write_again OR recipient NOT IN ('STUDENT', 'PROVIDER', 'ACCOUNT')
    ON CONFLICT DO NOTHING
$$;
"""

RECIPIENTS = """
ALTER TABLE mails
    DROP CONSTRAINT mails_recipient,
    ADD CONSTRAINT mails_recipient CHECK (recipient IN ('STUDENT', 'PROVIDER', 'ACCOUNT', 'LINK', 'OWNER', 'FORMER',
        'OFFICE', 'OPS', 'FINANCE', 'SCHOOL', 'PRACTICE')) NOT VALID;
CREATE INDEX memberships_of_school_staff ON memberships (school_id) WHERE role = 'SCHOOL' AND ended_at IS NULL;
CREATE INDEX memberships_of_finance ON memberships (account_id) WHERE role = 'FINANCE' AND ended_at IS NULL;
"""


class Migration(migrations.Migration):
    """A table, a view for the version before, and two functions; what waits stays."""

    dependencies = [("models", "0028_license_evidence")]
    initial = False
    operations = [
        ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", OUTGOING, TRIGGER, STOPPED, RECIPIENTS)
    ]
