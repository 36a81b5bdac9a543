"""Searches find a text whatever its case, accents and apostrophes: Zoë by "zoe", O’Brien by "obrien"."""

from tortoise import migrations
from tortoise.migrations import operations as ops

EXTENSIONS = """
CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
"""

# unaccent() is only STABLE, as its dictionary could be edited, and no index takes it. Ours is the one that PostgreSQL
# ships: after an upgrade that changes it the indexes below are to be built anew (REINDEX). The names are in full, for an
# index is also built where no search path is set.
FOLDED = """
CREATE FUNCTION folded(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 50
RETURN translate(
    lower(public.unaccent('public.unaccent'::regdictionary, normalize($1, NFC))), U&'''`\\00B4\\02BB\\02BC\\2018\\2019', ''
);
COMMENT ON FUNCTION folded(text) IS 'A text without case, accents and apostrophes, as searches compare it.';

CREATE FUNCTION folded_list(text[]) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 100
RETURN public.folded(array_to_string($1, chr(10)));
COMMENT ON FUNCTION folded_list(text[]) IS 'Several texts, folded, a line for each.';

CREATE FUNCTION search_pattern(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 50
RETURN '%' || regexp_replace(public.folded($1), '([\\\\%_])', '\\\\\\1', 'g') || '%';
COMMENT ON FUNCTION search_pattern(text) IS 'What LIKE finds a text by, wherever it stands, its own signs taken literally.';
"""

INDEXES = """
CREATE INDEX students_searched ON students USING gin (folded(name) gin_trgm_ops, folded(email) gin_trgm_ops);
CREATE INDEX providers_searched ON providers
    USING gin (folded(name) gin_trgm_ops, folded(email) gin_trgm_ops, folded_list(specialties) gin_trgm_ops);
"""


class Migration(migrations.Migration):
    """Two extensions, three functions, and an index for each list of people that grows."""

    dependencies = [("models", "0025_linking_of_all")]
    initial = False
    operations = [ops.RunSQL(sql) for sql in ("SET LOCAL lock_timeout = '5s'", EXTENSIONS, FOLDED, INDEXES)]
