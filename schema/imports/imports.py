"""Imports as clients see them: a preview of each row of a file, and a commit of exactly that."""

from datetime import datetime

import strawberry

from execution import Derived
from models.base.access import Role
from models.imports import imports
from models.imports.imports import ImportState, RowOutcome
from models.imports.kinds import ImportKind
from models.imports.reading import Encoding, Separator
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers.imports import imports as resolvers
from resolvers.imports.imports import ColumnHeader
from schema.base.shape import Connection, Node, computed, payload, shown, shows, value

IMPORTERS = [Role.FINANCE]

strawberry.input(ColumnHeader, name="ImportColumnHeader", description="Which header a column has in a file.")


@value
class ImportColumn:
    """A column of a kind of import. Files may call it otherwise: case, blanks and signs make no difference."""

    name: str = shown("Name, as mappings have it.")
    about: str = shown("What it holds.")
    called: list[str] = computed(lambda column: list(column.called), "What files may call it too.", needs=())
    needed: bool = shown("Whether the file must have it, and each row something in it.")


@value
class ImportMapping:
    """Which header a column has in the file."""

    column: str = computed(lambda pair: pair["column"], "Name of the column.", needs=())
    header: str = computed(lambda pair: pair["header"], "Header in the file.", needs=())


@value
class ImportCell:
    """A cell as it stands in the file."""

    column: str = computed(lambda cell: cell["column"], "Name of the column.", needs=())
    text: str = computed(lambda cell: cell["text"], "What is written there.", needs=())


@value
class ImportFault:
    """What is wrong with a row, and how to mend it."""

    column: str | None = computed(lambda fault: fault["column"], "Column; null if it is the row as a whole.", needs=())
    message: str = computed(lambda fault: fault["message"], "What is wrong, in plain words.", needs=())
    fix: str = computed(lambda fault: fault["fix"], "What to do.", needs=())


@shows(imports.ImportRow)
class ImportRow(Node):
    """A row of a file, and what it comes to."""

    number: int = shown("Line of the file, counted from 1, on which the row ends.")
    outcome: RowOutcome = shown("What it comes to.")
    cells: list[ImportCell] = relation(Derived("cells", resolvers.cells_of), "The cells that are imported, as written.")
    faults: list[ImportFault] = relation(Derived("faults", resolvers.faults_of), "Everything that is wrong with it.")


@shows(imports.Import)
class Import(Node):
    """A file of rows: compared with what is there, and then kept as a whole or not at all."""

    kind: ImportKind = shown("What the rows are.")
    state: ImportState = shown("Current state.")
    encoding: Encoding = shown("Encoding that was found.")
    separator: Separator = shown("Separator that was found.")
    mapping: list[ImportMapping] = relation(Derived("mapping", resolvers.mapping_of), "Which header each column has.")
    digest: str = relation(
        Derived("digest", bytes.hex), "Digest of this preview: of the file, the mapping, and what it was compared with."
    )
    created: int = shown("Number of rows that are new.")
    changed: int = shown("Number of rows that change what is there.")
    unchanged: int = shown("Number of rows that are there already.")
    left_out: int = shown("Number of empty rows.")
    faulty: int = shown("Number of rows that cannot be kept; while there are any, none is.")
    rows: Connection[ImportRow] = relation(
        resolvers.ROWS, "Its rows in the order of the file; none once they were removed."
    )
    previewed_at: datetime = shown("When it was compared.")
    ended_at: datetime | None = shown("When it was committed or discarded.")
    rows_until: datetime = shown("When its rows are removed; a preview can be committed until then.")


class Query:
    """What imports add to Query."""

    imports: Connection[Import] | None = query(resolvers.many, allow=IMPORTERS)
    import_columns: list[ImportColumn] | None = query(resolvers.columns, allow=IMPORTERS)


class Mutation:
    """What imports add to Mutation."""

    preview_import = mutation(
        resolvers.preview,
        before=resolvers.read_upload,
        check=resolvers.check_preview,
        answers=payload(
            "PreviewImport",
            {
                "import": (Import, "The preview; null if refused."),
                "ignored_headers": (
                    list[str],
                    "Headers of the file that no column has: nothing below them is imported.",
                ),
            },
        ),
        allow=IMPORTERS,
    )
    commit_import = mutation(
        resolvers.commit, check=resolvers.check_commit, answers=payload("CommitImport", Import), allow=IMPORTERS
    )
    discard_import = mutation(resolvers.discard, answers=payload("DiscardImport", Import), allow=IMPORTERS)
