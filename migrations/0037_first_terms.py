"""Providers' specialties and languages and claims' presenting concerns are codes of terms; nothing written is lost."""

from tortoise import migrations
from tortoise.migrations import operations as ops

LANGUAGES = "ALTER TABLE providers ADD COLUMN languages TEXT[] NOT NULL DEFAULT '{}'"

# A specialty was free text. What says a code or a label, or begins one ("Grief" of "Grief and loss"), becomes the code.
# The rest becomes a retired term with its own words as its label: profiles keep it, and nobody chooses it anew.
SPECIALTIES = r"""
CREATE TEMPORARY TABLE said ON COMMIT DROP AS
SELECT text, (
    SELECT code FROM terms
     WHERE kind = 'SPECIALTY' AND (
           folded(text) IN (lower(code), replace(lower(code), '_', ' '), folded(label_en), folded(label_es))
        OR folded(label_en) LIKE replace(replace(folded(text), '\', '\\'), '%', '\%') || ' and %')
     ORDER BY folded(text) IN (lower(code), folded(label_en), folded(label_es)) DESC, position LIMIT 1) AS code
  FROM (SELECT DISTINCT unnest(specialties) AS text FROM providers) every
 WHERE btrim(text) <> '';

UPDATE said SET code = 'FORMER_' || upper(left(md5(text), 12)) WHERE code IS NULL;

INSERT INTO terms (id, kind, code, label_en, label_es, position, added_at, retired_at)
SELECT md5('SPECIALTY ' || code)::uuid, 'SPECIALTY', code, btrim(text), btrim(text), 1000000, now(), now()
  FROM said WHERE code LIKE 'FORMER\_%';

UPDATE providers SET specialties = ARRAY(
    SELECT said.code FROM unnest(specialties) WITH ORDINALITY AS old (text, place) JOIN said USING (text)
     GROUP BY said.code ORDER BY min(old.place))
 WHERE specialties <> '{}';
"""

# Codes that a row had before stay in it, retired or not. No lock is taken on the term: a row that is written while its
# term is being retired is as one that was written just before.
TRIGGERS = """
CREATE FUNCTION providers_use_terms() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    specialties_before text[] := CASE TG_OP WHEN 'UPDATE' THEN OLD.specialties ELSE '{}' END;
    languages_before text[] := CASE TG_OP WHEN 'UPDATE' THEN OLD.languages ELSE '{}' END;
BEGIN
    IF NOT unknown_terms('SPECIALTY', NEW.specialties) <@ specialties_before THEN
        RAISE EXCEPTION 'a specialty is the code of a term that is not retired'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'providers_specialties_known';
    END IF;
    IF NOT unknown_terms('LANGUAGE', NEW.languages) <@ languages_before THEN
        RAISE EXCEPTION 'a language is the code of a term that is not retired'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'providers_languages_known';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER providers_use_terms AFTER INSERT OR UPDATE OF specialties, languages ON providers
    FOR EACH ROW EXECUTE FUNCTION providers_use_terms();

CREATE FUNCTION claims_use_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (TG_OP = 'INSERT' OR NEW.presenting_concern IS DISTINCT FROM OLD.presenting_concern)
        AND NOT EXISTS (SELECT 1 FROM terms WHERE kind = 'PRESENTING_CONCERN' AND code = NEW.presenting_concern
                                              AND retired_at IS NULL) THEN
        RAISE EXCEPTION 'a presenting concern is the code of a term that is not retired'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'claims_concern_known';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER claims_use_terms AFTER INSERT OR UPDATE OF presenting_concern ON claims
    FOR EACH ROW EXECUTE FUNCTION claims_use_terms();
"""

# The directory finds a profile by its codes now; the words are those of the terms, which are few.
INDEXES = """
CREATE INDEX providers_specialties_found ON providers USING gin (specialties);
CREATE INDEX providers_languages_found ON providers USING gin (languages);
DROP INDEX providers_searched;
CREATE INDEX providers_searched ON providers USING gin (folded(name) gin_trgm_ops, folded(email) gin_trgm_ops);
"""


class Migration(migrations.Migration):
    """The first uses of terms."""

    dependencies = [("models", "0036_dated_facts_of_all")]
    initial = False
    operations = [
        ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", LANGUAGES, SPECIALTIES, TRIGGERS, INDEXES)
    ]
