"""The files at the top import only what lies below them; import-linter holds the folders to it, but takes no files."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
OURS = {path.stem for path in ROOT.glob("*.py")} | {path.parent.name for path in ROOT.glob("*/__init__.py")}
MAY_IMPORT = {
    "settings": set[str](),
    "worker": {"settings", "database", "notifications", "integrations", "models"},
    "app": OURS - {"cli", "worker"},
    "demo": OURS - {"cli", "app", "worker"},
}


def _imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names & OURS


@pytest.mark.parametrize("name", sorted(path.stem for path in ROOT.glob("*.py")))
def test_a_file_at_the_top_imports_only_what_lies_below_it(name: str) -> None:
    assert _imported(ROOT / f"{name}.py") - MAY_IMPORT[name] == set()
