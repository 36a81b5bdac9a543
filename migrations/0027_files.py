"""Files (FI-1): rows of what was uploaded or made, and of the sealed bytes that the store has."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# A row is here before its bytes are written and until they are removed, so that nothing in the store is ever forgotten,
# whenever a process dies. `sweep_at` is set while no file names the bytes. What is not `live` is being removed: a file
# can name live bytes alone, so the two can never cross.
BLOBS = """
CREATE TABLE file_blobs (
    id UUID PRIMARY KEY,
    file_id UUID NOT NULL,
    sweep_at TIMESTAMPTZ,
    live BOOLEAN NOT NULL,
    CONSTRAINT file_blobs_id_live UNIQUE (id, live),
    CONSTRAINT file_blobs_swept CHECK (live OR sweep_at IS NOT NULL)
);
CREATE INDEX file_blobs_to_sweep ON file_blobs (sweep_at) WHERE sweep_at IS NOT NULL;
"""

FILES = """
CREATE TABLE files (
    id UUID PRIMARY KEY,
    purpose TEXT NOT NULL CONSTRAINT files_purpose CHECK (purpose IN ('LICENSE_EVIDENCE', 'EVIDENCE', 'IMPORT',
        'BANK_FILE', 'IMAGE', 'RESOURCE', 'ATTACHMENT', 'RESULT', 'DOCUMENT')),
    state TEXT NOT NULL CONSTRAINT files_state CHECK (state IN ('EXPECTED', 'RECEIVED', 'USED', 'REFUSED', 'REMOVED')),
    account_id UUID,
    membership_id UUID REFERENCES memberships (id) ON DELETE RESTRICT,
    student_id UUID REFERENCES students (id) ON DELETE RESTRICT,
    provider_id UUID REFERENCES providers (id) ON DELETE RESTRICT,
    practice_id UUID REFERENCES practices (id) ON DELETE RESTRICT,
    school_id UUID REFERENCES schools (id) ON DELETE RESTRICT,
    name TEXT NOT NULL,
    media_type TEXT,
    bytes BIGINT CONSTRAINT files_bytes CHECK (bytes >= 0),
    sha256 BYTEA CONSTRAINT files_sha256 CHECK (octet_length(sha256) = 32),
    token_hash BYTEA CONSTRAINT files_token_hash CHECK (octet_length(token_hash) = 32),
    blob_id UUID,
    blob_live BOOLEAN,
    sealed_key TEXT CONSTRAINT files_sealed CHECK (sealed_key ~ '^[^:]+:.{40,}$'),
    refused_for TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    received_at TIMESTAMPTZ,
    used_at TIMESTAMPTZ,
    published_at TIMESTAMPTZ,
    removed_at TIMESTAMPTZ,
    expires_at TIMESTAMPTZ,
    CONSTRAINT files_blob_is_live FOREIGN KEY (blob_id, blob_live) REFERENCES file_blobs (id, live) ON DELETE RESTRICT,
    CONSTRAINT files_blob UNIQUE (blob_id),
    CONSTRAINT files_name CHECK (length(name) <= 200 AND (name <> '' OR state = 'REMOVED')),
    CONSTRAINT files_has_bytes CHECK ((state IN ('RECEIVED', 'USED')) = (blob_id IS NOT NULL)
        AND (blob_id IS NOT NULL) = (sealed_key IS NOT NULL)),
    CONSTRAINT files_described CHECK (blob_id IS NULL
        OR num_nulls(media_type, bytes, sha256, received_at) = 0),
    CONSTRAINT files_address CHECK ((state = 'EXPECTED') = (token_hash IS NOT NULL)),
    CONSTRAINT files_end CHECK (state NOT IN ('EXPECTED', 'RECEIVED') OR expires_at IS NOT NULL),
    CONSTRAINT files_used CHECK (CASE state WHEN 'USED' THEN used_at IS NOT NULL WHEN 'REMOVED' THEN true
        ELSE used_at IS NULL END),
    CONSTRAINT files_refused CHECK (CASE state WHEN 'REFUSED' THEN refused_for <> '' AND refused_for IS NOT NULL
        WHEN 'REMOVED' THEN true ELSE refused_for IS NULL END),
    CONSTRAINT files_removed CHECK ((state = 'REMOVED') = (removed_at IS NOT NULL)),
    CONSTRAINT files_published CHECK (published_at IS NULL OR state = 'USED' AND purpose IN ('IMAGE', 'RESOURCE'))
);
CREATE UNIQUE INDEX files_one_address ON files (token_hash);
CREATE INDEX files_membership ON files (membership_id) WHERE membership_id IS NOT NULL;
CREATE INDEX files_student ON files (student_id) WHERE student_id IS NOT NULL;
CREATE INDEX files_provider ON files (provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX files_practice ON files (practice_id) WHERE practice_id IS NOT NULL;
CREATE INDEX files_school ON files (school_id) WHERE school_id IS NOT NULL;
CREATE INDEX files_over ON files (expires_at) WHERE expires_at IS NOT NULL AND state <> 'REMOVED';
CREATE INDEX files_forgotten ON files (removed_at) WHERE state = 'REMOVED' AND used_at IS NULL;
"""

# A sealed key may change while its bytes stay, so that a rotation of keys can seal it anew.
STATES = """
CREATE FUNCTION files_keep_states() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state <> 'REMOVED' OR OLD.used_at IS NOT NULL THEN
            RAISE EXCEPTION 'a file goes once it was removed, and one that was used stays as a row'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'files_keep_states';
        END IF;
        RETURN OLD;
    END IF;
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
           ('EXPECTED', 'RECEIVED'), ('EXPECTED', 'REFUSED'), ('EXPECTED', 'REMOVED'),
           ('RECEIVED', 'USED'), ('RECEIVED', 'REMOVED'), ('USED', 'REMOVED'), ('REFUSED', 'REMOVED')) THEN
        RAISE EXCEPTION 'a file does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'files_keep_states';
    END IF;
    IF (NEW.id, NEW.purpose, NEW.created_at) <> (OLD.id, OLD.purpose, OLD.created_at)
       OR NEW.membership_id IS DISTINCT FROM OLD.membership_id OR NEW.account_id IS DISTINCT FROM OLD.account_id
       OR OLD.used_at IS NOT NULL AND NEW.used_at IS DISTINCT FROM OLD.used_at
       OR OLD.blob_id IS NOT NULL AND NEW.blob_id IS NOT NULL AND NEW.blob_id <> OLD.blob_id
       OR OLD.received_at IS NOT NULL AND (NEW.media_type, NEW.bytes, NEW.sha256, NEW.received_at)
          IS DISTINCT FROM (OLD.media_type, OLD.bytes, OLD.sha256, OLD.received_at) THEN
        RAISE EXCEPTION 'what a file is does not change'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'files_stay_what_they_are';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER files_keep_states BEFORE UPDATE OR DELETE ON files
    FOR EACH ROW EXECUTE FUNCTION files_keep_states();
CREATE TRIGGER files_no_truncate BEFORE TRUNCATE ON files
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER file_blobs_no_truncate BEFORE TRUNCATE ON file_blobs
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION files_name_live_bytes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.blob_live := CASE WHEN NEW.blob_id IS NOT NULL THEN true END;
    RETURN NEW;
END $$;
CREATE TRIGGER files_name_live_bytes BEFORE INSERT OR UPDATE ON files
    FOR EACH ROW EXECUTE FUNCTION files_name_live_bytes();

CREATE FUNCTION files_claim_bytes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.blob_id IS NOT NULL THEN
        UPDATE file_blobs SET sweep_at = NULL WHERE id = NEW.blob_id AND live;
    ELSIF TG_OP = 'UPDATE' THEN
        UPDATE file_blobs SET sweep_at = NEW.removed_at WHERE id = OLD.blob_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER files_claim_new_bytes AFTER INSERT ON files
    FOR EACH ROW WHEN (NEW.blob_id IS NOT NULL) EXECUTE FUNCTION files_claim_bytes();
CREATE TRIGGER files_claim_bytes AFTER UPDATE OF blob_id ON files
    FOR EACH ROW WHEN (NEW.blob_id IS DISTINCT FROM OLD.blob_id) EXECUTE FUNCTION files_claim_bytes();
"""

# The reading of a file is told whoever it belongs to (FI-1), and many belong to no student.
AUDIT = """
ALTER TABLE audit_entries
    DROP CONSTRAINT audit_entries_read_somebody,
    ADD CONSTRAINT audit_entries_read_somebody CHECK (kind = 'CHANGE' OR cardinality(student_ids) > 0
        OR starts_with(operation, 'file download fil_')) NOT VALID;
"""


class Migration(migrations.Migration):
    """Two tables; the database keeps each file to its states, and its bytes to a file that has them."""

    dependencies = [("models", "0026_folded_search")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", BLOBS, FILES, STATES, AUDIT)]
