"""Linking (ID-7): a membership makes its student or provider the person of its account, with one address for both."""

from tortoise import migrations
from tortoise.migrations import operations as ops

VALIDATED = """
ALTER TABLE appointments
    VALIDATE CONSTRAINT appointments_has_person,
    VALIDATE CONSTRAINT appointments_student_is_person,
    VALIDATE CONSTRAINT appointments_practice;
ALTER TABLE claims
    VALIDATE CONSTRAINT claims_has_person,
    VALIDATE CONSTRAINT claims_student_is_person;
ALTER TABLE appointments ALTER COLUMN person_id SET NOT NULL, DROP CONSTRAINT appointments_has_person;
ALTER TABLE claims ALTER COLUMN person_id SET NOT NULL, DROP CONSTRAINT claims_has_person;
"""

# Locks the wallet first, as all that is done with a student's sessions; then the account, whose address must not change
# meanwhile; then the provider, whose person is read next; then both persons by id, so that links of the same two wait
# for each other and do not cross. A membership takes wallet and provider before its own foreign keys lock their rows, as
# two that both had them could not go on to change them.
LINK = """
CREATE FUNCTION link_person(link_id uuid, account uuid, student uuid, provider uuid, linked_at timestamptz)
    RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    own uuid;
    theirs uuid;
    address text;
BEGIN
    PERFORM 1 FROM wallets w WHERE w.id = student FOR NO KEY UPDATE;
    SELECT a.person_id, CASE WHEN a.email_verified_at IS NOT NULL THEN a.email END INTO own, address
      FROM accounts a WHERE a.id = account FOR SHARE;
    PERFORM 1 FROM providers p WHERE p.id = provider FOR UPDATE;
    SELECT s.person_id INTO theirs FROM students s WHERE s.id = student
     UNION ALL SELECT p.person_id FROM providers p WHERE p.id = provider;
    IF theirs <> own THEN
        PERFORM 1 FROM persons h WHERE h.id IN (own, theirs) ORDER BY h.id FOR NO KEY UPDATE;
        IF EXISTS (
            SELECT 1 FROM memberships m JOIN accounts other ON other.id = m.account_id
             WHERE (m.student_id = student OR m.provider_id = provider) AND m.ended_at IS NULL
               AND other.person_id = theirs AND other.id <> account AND other.disabled_at IS NULL) THEN
            RAISE EXCEPTION 'another account acts for this already'
                USING ERRCODE = 'unique_violation', CONSTRAINT = 'persons_one_account';
        END IF;
        UPDATE students SET person_id = own WHERE id = student AND person_id <> own;
        UPDATE providers SET person_id = own WHERE id = provider AND person_id <> own;
        INSERT INTO person_links (id, from_person, to_person, student_id, provider_id, by_account, at)
        VALUES (link_id, theirs, own, student, provider, account, linked_at);
    END IF;
    UPDATE students SET email = address WHERE id = student AND erased_at IS NULL AND email <> address;
    UPDATE providers SET email = address WHERE id = provider AND email <> address;
END $$;

CREATE FUNCTION memberships_lock_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM wallets w WHERE w.id = NEW.student_id FOR NO KEY UPDATE;
    PERFORM 1 FROM providers p WHERE p.id = NEW.provider_id FOR UPDATE;
    RETURN NEW;
END $$;
CREATE TRIGGER memberships_lock_person BEFORE INSERT ON memberships
    FOR EACH ROW WHEN (NEW.ended_at IS NULL AND num_nonnulls(NEW.student_id, NEW.provider_id) > 0)
    EXECUTE FUNCTION memberships_lock_person();

CREATE FUNCTION memberships_link_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM link_person(NEW.id, NEW.account_id, NEW.student_id, NEW.provider_id, NEW.created_at);
    RETURN NULL;
END $$;
CREATE TRIGGER memberships_link_person AFTER INSERT ON memberships
    FOR EACH ROW WHEN (NEW.ended_at IS NULL AND num_nonnulls(NEW.student_id, NEW.provider_id) > 0)
    EXECUTE FUNCTION memberships_link_person();
"""

# Messages that wait are written again from their event: a mail keeps the address that it was made for.
ADDRESS = """
CREATE FUNCTION stop_mails_of(person uuid, account uuid, write_again boolean) RETURNS void LANGUAGE sql AS $$
WITH stopped AS (
    UPDATE mails m SET status = 'DROPPED'
      FROM events e
     WHERE e.id = m.event_id AND m.status = 'PENDING'
       AND lower(m.address) = (SELECT lower(a.email) FROM accounts a WHERE a.id = account)
       AND CASE m.recipient
               WHEN 'STUDENT' THEN e.student_id IN (SELECT s.id FROM students s WHERE s.person_id = person)
               WHEN 'PROVIDER' THEN e.provider_id IN (SELECT p.id FROM providers p WHERE p.person_id = person)
               WHEN 'ACCOUNT' THEN e.subject_id = account
               ELSE m.recipient IN ('OWNER', 'OFFICE', 'OPS') END
    RETURNING m.event_id)
INSERT INTO outbox (event_id) SELECT DISTINCT event_id FROM stopped WHERE write_again ON CONFLICT DO NOTHING
$$;

CREATE FUNCTION accounts_stop_mails() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM stop_mails_of(NEW.person_id, NEW.id, NEW.disabled_at IS NULL);
    RETURN NEW;
END $$;
CREATE TRIGGER accounts_stop_mails BEFORE UPDATE OF email, disabled_at ON accounts
    FOR EACH ROW WHEN (lower(NEW.email) <> lower(OLD.email) OR (NEW.disabled_at IS NOT NULL AND OLD.disabled_at IS NULL))
    EXECUTE FUNCTION accounts_stop_mails();

CREATE FUNCTION accounts_share_address() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE students s SET email = NEW.email
     WHERE s.person_id = NEW.person_id AND s.erased_at IS NULL AND s.email <> NEW.email
       AND EXISTS (SELECT 1 FROM memberships m
                    WHERE m.student_id = s.id AND m.account_id = NEW.id AND m.ended_at IS NULL);
    UPDATE providers p SET email = NEW.email
     WHERE p.person_id = NEW.person_id AND p.email <> NEW.email
       AND EXISTS (SELECT 1 FROM memberships m
                    WHERE m.provider_id = p.id AND m.account_id = NEW.id AND m.ended_at IS NULL);
    RETURN NULL;
END $$;
CREATE TRIGGER accounts_share_address AFTER UPDATE OF email, email_verified_at ON accounts
    FOR EACH ROW WHEN (NEW.email_verified_at IS NOT NULL) EXECUTE FUNCTION accounts_share_address();
"""

# FOR UPDATE waits for whoever is just booking, as their foreign key does for us; the update sees what came of it.
SHUT = """
CREATE FUNCTION set_searchable(provider uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM providers WHERE id = provider FOR NO KEY UPDATE;
    UPDATE providers SET searchable =
        EXISTS (SELECT 1 FROM enrollments e WHERE e.provider_id = providers.id AND e.status = 'ACTIVE')
        AND EXISTS (SELECT 1 FROM licenses l WHERE l.provider_id = providers.id AND l.verified_at IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.person_id = providers.person_id AND a.disabled_at IS NOT NULL)
     WHERE id = provider;
END $$;
CREATE OR REPLACE FUNCTION providers_become_searchable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_searchable(NEW.provider_id);
    RETURN NULL;
END $$;
CREATE FUNCTION providers_linked_are_searchable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_searchable(NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER providers_linked_are_searchable AFTER UPDATE OF person_id ON providers
    FOR EACH ROW WHEN (NEW.person_id <> OLD.person_id) EXECUTE FUNCTION providers_linked_are_searchable();
CREATE FUNCTION accounts_hide_providers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    provider uuid;
BEGIN
    FOR provider IN SELECT id FROM providers WHERE person_id = NEW.person_id ORDER BY id FOR UPDATE LOOP
        PERFORM set_searchable(provider);
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER accounts_hide_providers AFTER UPDATE OF disabled_at ON accounts
    FOR EACH ROW WHEN ((NEW.disabled_at IS NULL) <> (OLD.disabled_at IS NULL))
    EXECUTE FUNCTION accounts_hide_providers();
"""

RECIPIENTS = """
ALTER TABLE mails
    DROP CONSTRAINT mails_recipient,
    ADD CONSTRAINT mails_recipient
        CHECK (recipient IN ('STUDENT', 'PROVIDER', 'ACCOUNT', 'LINK', 'OWNER', 'FORMER', 'OFFICE', 'OPS')) NOT VALID;
CREATE INDEX memberships_of_ops ON memberships (account_id) WHERE role = 'OPS' AND ended_at IS NULL;
"""


class Migration(migrations.Migration):
    """Functions and triggers; what is there already is linked by the next migration."""

    dependencies = [("models", "0023_rules_by_person")]
    initial = False
    operations = [
        ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", VALIDATED, LINK, ADDRESS, SHUT, RECIPIENTS)
    ]
