"""Evidence of licenses: files that a provider or OPS attached (FI-1, PR-4)."""

from tortoise import migrations
from tortoise.migrations import operations as ops

EVIDENCE = """
CREATE TABLE license_evidence (
    id UUID PRIMARY KEY,
    license_id UUID NOT NULL REFERENCES licenses (id) ON DELETE RESTRICT,
    file_id UUID NOT NULL REFERENCES files (id) ON DELETE RESTRICT,
    attached_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT license_evidence_once UNIQUE (file_id)
);
CREATE INDEX license_evidence_license ON license_evidence (license_id, id);
"""

# Whatever is reviewed as evidence was uploaded as such, and was used up by it.
KEPT = """
CREATE FUNCTION license_evidence_is_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM files f JOIN licenses l ON l.id = NEW.license_id
                    WHERE f.id = NEW.file_id AND f.purpose = 'LICENSE_EVIDENCE' AND f.state = 'USED'
                      AND f.provider_id = l.provider_id) THEN
        RAISE EXCEPTION 'only evidence of this provider that is in use is attached'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'license_evidence_is_evidence';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER license_evidence_is_evidence BEFORE INSERT ON license_evidence
    FOR EACH ROW EXECUTE FUNCTION license_evidence_is_evidence();
CREATE TRIGGER license_evidence_append_only BEFORE UPDATE OR DELETE ON license_evidence
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER license_evidence_no_truncate BEFORE TRUNCATE ON license_evidence
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

AUDIT = "ALTER TABLE audit_entries VALIDATE CONSTRAINT audit_entries_read_somebody"


class Migration(migrations.Migration):
    """One table, append-only; and what the migration before left to be validated."""

    dependencies = [("models", "0027_files")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", EVIDENCE, KEPT, AUDIT)]
