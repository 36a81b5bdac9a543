"""Write the worked example of docs/guides/execution.md: a document, and the Python that this program makes of it.

`python -m scripts.compiled_example`, then `make format`, which lays the code out. The suite keeps the example current.
"""

from __future__ import annotations

from pathlib import Path

from graphql import parse, validate

from execution import Plans
from models.base.statements import ROW_CLASSES
from schema.base.scalars import NATIVE
from schema.root import SCHEMA
from scripts.pages import write

PAGE = Path(__file__).parent.parent / "docs" / "guides" / "execution.md"
DOCUMENT = """
query Sessions {
  found: appointments(first: 2, filter: { search: "O'Brien" }) {
    nodes {
      telehealthLink
      provider { name }
    }
  }
}
"""


def generated() -> str:
    """The Python that is made of the document."""
    document = parse(DOCUMENT)
    if faults := validate(SCHEMA._schema, document):
        raise ValueError(faults)
    plan = Plans(SCHEMA, row_classes=ROW_CLASSES, native_scalars=NATIVE).plan_of(document)
    if plan is None:
        raise ValueError("graphql-core executes this document")
    return plan.source


if __name__ == "__main__":
    write(PAGE, "document", f"```graphql\n{DOCUMENT.strip()}\n```")
    write(PAGE, "generated code", f"```python\n{generated()}```")
