"""Looks for planted words in every column of the whole database that can hold a text."""

from __future__ import annotations

from models.base.statements import fetch

COLUMNS = """
SELECT c.table_name, c.column_name FROM information_schema.columns c
  JOIN information_schema.tables t USING (table_schema, table_name)
 WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
   AND c.udt_name NOT IN ('uuid', 'timestamptz', 'bool', 'int2', 'int4', 'int8', 'date', 'time', 'numeric', 'float8')
 ORDER BY 1, 2
"""


async def text_columns() -> list[tuple[str, str]]:
    """Each table and column that is not of a type which can hold no text; bytes and JSON count as text."""
    return [(row.table_name, row.column_name) for row in await fetch(COLUMNS)]


async def places_of(*words: str) -> list[str]:
    """Where any of these words stands, whatever its case: `table.column: text`."""
    found = []
    for table, column in await text_columns():
        text = f"""CASE WHEN pg_typeof("{column}") = 'bytea'::regtype
                        THEN encode("{column}"::text::bytea, 'escape') ELSE "{column}"::text END"""
        rows = await fetch(
            f"SELECT {text} AS text FROM {table} WHERE EXISTS"
            f" (SELECT 1 FROM unnest($1::text[]) AS word WHERE strpos(lower({text}), lower(word)) > 0)",
            list(words),
        )
        found += [f"{table}.{column}: {row.text[:120]}" for row in rows]
    return found
