"""Consents as rows: who, for what, in which words, since and until when; and the recipients of mails are checked."""

from tortoise import migrations
from tortoise.migrations import operations as ops

VALIDATED = "ALTER TABLE mails VALIDATE CONSTRAINT mails_recipient"

TEXTS = """
CREATE TABLE consent_texts (
    id UUID PRIMARY KEY,
    purpose TEXT NOT NULL CONSTRAINT consent_texts_purpose CHECK (purpose IN ('TELEHEALTH')),
    version TEXT NOT NULL CONSTRAINT consent_texts_version CHECK (version ~ '^[0-9]{4}-[0-9]{2}(\\.[0-9]+)?$'),
    language TEXT NOT NULL CONSTRAINT consent_texts_language CHECK (language IN ('en', 'es')),
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    since TIMESTAMPTZ NOT NULL,
    CONSTRAINT consent_texts_said CHECK (title <> '' AND body <> ''),
    CONSTRAINT consent_texts_once UNIQUE (purpose, version, language),
    CONSTRAINT consent_texts_of_purpose UNIQUE (id, purpose)
);
CREATE TRIGGER consent_texts_append_only BEFORE UPDATE OR DELETE ON consent_texts
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER consent_texts_no_truncate BEFORE TRUNCATE ON consent_texts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

CONSENTS = """
CREATE TABLE consents (
    id UUID PRIMARY KEY,
    person_id UUID NOT NULL REFERENCES persons (id) ON DELETE RESTRICT,
    purpose TEXT NOT NULL,
    consent_text_id UUID NOT NULL,
    subject_type TEXT,
    subject_id UUID,
    given_at TIMESTAMPTZ NOT NULL,
    withdrawn_at TIMESTAMPTZ,
    CONSTRAINT consents_in_words FOREIGN KEY (consent_text_id, purpose)
        REFERENCES consent_texts (id, purpose) ON DELETE RESTRICT,
    CONSTRAINT consents_subject CHECK ((subject_type IS NULL) = (subject_id IS NULL)),
    CONSTRAINT consents_telehealth_of_all CHECK (purpose <> 'TELEHEALTH' OR subject_id IS NULL),
    CONSTRAINT consents_times CHECK (withdrawn_at >= given_at)
);
CREATE UNIQUE INDEX consents_one_live ON consents (person_id, purpose, subject_type, subject_id) NULLS NOT DISTINCT
    WHERE withdrawn_at IS NULL;
CREATE INDEX consents_of_person ON consents (person_id, given_at, id);
CREATE INDEX consents_by_text ON consents (consent_text_id);

CREATE FUNCTION consents_only_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.withdrawn_at IS NOT NULL
       OR (to_jsonb(NEW) - 'withdrawn_at') IS DISTINCT FROM (to_jsonb(OLD) - 'withdrawn_at') THEN
        RAISE EXCEPTION 'a consent ends once, and does nothing else'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'consents_only_end';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER consents_only_end BEFORE UPDATE ON consents FOR EACH ROW EXECUTE FUNCTION consents_only_end();
CREATE TRIGGER consents_append_only BEFORE DELETE ON consents FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER consents_no_truncate BEFORE TRUNCATE ON consents FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

PARAGRAPHS = (
    "Your provider may hold sessions with you by video, over a platform that protects health information.",
    "A session by video is a session like any other: what you say is confidential, within the same limits of "
    "the law. Your provider tells you how they keep it so, and neither of you records it unless both have "
    "agreed beforehand.",
    "You need a device, a connection, and a place where nobody overhears you. A connection can fail, and no "
    "technology is without risk to privacy. Agree with your provider beforehand on how you go on if the call "
    "breaks off.",
    "At the start of each session tell your provider where you are and how you can be reached. They are "
    "licensed by states, and can hold a session only while you are in a state where they hold a license.",
    "Sessions by video are not for emergencies. In a crisis call or text 988, or call 911.",
    "You consent of your own free will. You may withdraw your consent at any time, and ask your provider about "
    "sessions in person; neither changes your right to care.",
)
TELEHEALTH = f"""
INSERT INTO consent_texts (id, purpose, version, language, title, body, since) VALUES (
    '01970000-0000-7000-8000-000000000001', 'TELEHEALTH', '2026-01', 'en', 'Sessions by video',
    array_to_string(ARRAY{list(PARAGRAPHS)}, chr(10) || chr(10)), '2026-01-01T00:00:00Z');
"""


class Migration(migrations.Migration):
    """Two tables that only grow, and the first text."""

    dependencies = [("models", "0029_outbox_by_channel")]
    initial = False
    operations = [
        ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", VALIDATED, TEXTS, CONSENTS, TELEHEALTH)
    ]
