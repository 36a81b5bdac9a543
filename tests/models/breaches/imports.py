"""Breaches of imports: their states, what was previewed, and their rows."""

from tests.models.breaches.statements import breach, changed, copied, deleted

COMMITTED = "state = 'COMMITTED', ended_at = now()"

BREACHES = [
    breach("an import in no state we know", "imports_state",
           copied("imports", "$import", state="LOST", ended_at="2026-01-01")),
    breach("a digest that is none", "imports_digest", copied("imports", "$import", digest="\\x00")),
    breach("less than no rows", "imports_counts", copied("imports", "$import", faulty=-1)),
    breach("an import that ended at no time", "imports_ended",
           changed("imports", "$import", "state = 'DISCARDED'")),
    breach("an import that ended and waits", "imports_ended", changed("imports", "$import", "ended_at = now()")),
    breach("an import that is committed with a faulty row", "imports_committed_whole",
           changed("imports", "$faulty_import", COMMITTED)),
    breach("an import that is committed twice", "imports_next_state",
           changed("imports", "$committed_import", "ended_at = now()")),
    breach("an import that comes back", "imports_next_state",
           changed("imports", "$committed_import", "state = 'PREVIEWED', ended_at = NULL")),
    breach("another digest than that of the preview", "imports_next_state",
           changed("imports", "$import", "digest = sha256('other')")),
    breach("a committed import that is removed", "imports_append_only", deleted("imports", "$committed_import")),
    breach("a row that comes to what we do not know", "import_rows_outcome",
           copied("import_rows", "$import_row", import_id="$newest", outcome="LOST")),
    breach("a fault of a row that has none", "import_rows_faults",
           copied("import_rows", "$import_row", import_id="$newest", outcome="FAULTY")),
    breach("two rows of one line", "import_rows_number",
           copied("import_rows", "$import_row", import_id="$newest"),
           copied("import_rows", "$import_row", id="$newer", import_id="$newest")),
    breach("a row that is added to a preview", "import_rows_stay",
           copied("import_rows", "$import_row", number=3)),
    breach("a row that is changed after its preview", "import_rows_stay",
           changed("import_rows", "$import_row", "parsed = '{}'")),
]  # fmt: skip
