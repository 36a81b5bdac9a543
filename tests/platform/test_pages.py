"""The pages of README, CONTRIBUTING and docs name files, links and commands that exist, and code as it is generated."""

from __future__ import annotations

import ast
import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.main import get_command

from cli.commands import commands
from scripts import compiled_example
from scripts.pages import part, write
from transport.errors import Code

ROOT = Path(__file__).parents[2]
DECISIONS = ROOT / "docs" / "decisions"
# A decision is kept as it was taken; those before 0018 name files of the layout before it.
OLDER = {page for page in DECISIONS.glob("*.md") if page.name < "0018"}
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(set((ROOT / "docs").rglob("*.md")) - OLDER)]
EVERY_PAGE = [*PAGES, *sorted(OLDER)]

IN_BACKTICKS = re.compile(r"`([^`\s]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
COMMAND = re.compile(r"python -m ([\w.]+)((?: [a-z][\w-]*)*)")
SUFFIXES = {
    ".py",
    ".md",
    ".toml",
    ".json",
    ".graphql",
    ".csv",
    ".svg",
    ".lock",
    ".sql",
    ".jinja",
    ".html",
    ".ts",
    ".mjs",
}
PLACEHOLDER = re.compile(r"<[^>]*>|NNNN\w*")


def paths_in(text: str) -> set[str]:
    """What stands in backticks and is a path: below a folder of ours, or with the suffix of a file of ours."""
    found = {token.partition("::")[0] for token in IN_BACKTICKS.findall(text)}
    return {
        token
        for token in found
        if re.fullmatch(r"[\w.][\w.<>*/-]*", token)
        and (Path(token).suffix in SUFFIXES or ("/" in token and (ROOT / token.split("/")[0]).is_dir()))
    }


def exists(path: str, page: Path) -> bool:
    """Whether a path leads somewhere, from the root or the page's folder; `<a placeholder>` stands for any name."""
    pattern = PLACEHOLDER.sub("*", path).rstrip("/")
    return any(any(folder.glob(pattern)) for folder in (ROOT, page.parent))


def name(page: Path) -> str:
    """A page in the name of a test."""
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_path_on_a_page_exists(page: Path) -> None:
    assert [path for path in sorted(paths_in(page.read_text())) if not exists(path, page)] == []


@pytest.mark.parametrize("page", EVERY_PAGE, ids=name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text()) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_on_a_page_exists(page: Path) -> None:
    for module, words in COMMAND.findall(page.read_text()):
        assert find_spec(module) is not None, module
        if module == "cli":
            assert is_command(words.split()), words


def is_command(words: list[str]) -> bool:
    """Whether the first words name a command of the program; those behind it are its arguments."""
    command = get_command(commands)
    for word in words:
        known = getattr(command, "commands", None)
        if known is None:
            return True
        if word not in known:
            return False
        command = known[word]
    return True


def test_every_code_of_an_error_is_explained() -> None:
    told = re.compile(r'(?:refused_at_the_edge\(\s*|"code": )"([A-Z_]+)"')
    files = [file for layer in ("operations", "schema") for file in (ROOT / layer).rglob("*.py")]
    codes = {code for file in files for code in told.findall(file.read_text())} | {code.value for code in Code}
    assert {"BAD_INPUT", "BUSY", "INTERNAL"} <= codes
    page = (ROOT / "docs" / "guides" / "transport.md").read_text()
    assert [code for code in sorted(codes) if f"`{code}`" not in page] == []


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("`models/claims.py` and `models/claims/claims.py`", {"models/claims.py", "models/claims/claims.py"}),
        ("`tests/api/test_audit.py::test_a` in `operations/reads/`", {"tests/api/test_audit.py", "operations/reads/"}),
        ("`migrations/NNNN_name.py`, `policy.py`", {"migrations/NNNN_name.py", "policy.py"}),
        ("`/dev/mail`, `application/json`, `https://x.test/a.md`, `first`/`after`, `.graphql`", set()),
    ],
)
def test_paths_are_told_from_other_words(text: str, paths: set[str]) -> None:
    assert paths_in(text) == paths


def test_a_path_that_is_gone_is_found() -> None:
    assert not exists("models/claims.py", ROOT / "README.md")
    assert not exists("resolvers/<area>/rows.py", ROOT / "README.md")
    assert exists("resolvers/<area>/openings.py", ROOT / "README.md")


def test_a_command_that_is_gone_is_found() -> None:
    assert is_command(["keys", "rotate"])
    assert not is_command(["keys", "turn"])
    assert not is_command(["start"])


def test_the_example_of_execution_is_what_the_program_generates() -> None:
    document, code = (fenced(part(compiled_example.PAGE, name)) for name in ("document", "generated code"))
    assert document == compiled_example.DOCUMENT.strip()
    assert ast.dump(ast.parse(code)) == ast.dump(ast.parse(compiled_example.generated())), (
        "see the script to write it anew"
    )


def fenced(text: str) -> str:
    """What stands inside a fence."""
    return text.partition("\n")[2].removesuffix("```").strip()


def test_a_part_of_a_page_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("above\n<!-- list: begin -->\nold\n<!-- list: end -->\nbelow\n")
    write(page, "list", "new")
    write(page, "list", "newer")
    assert page.read_text() == "above\n<!-- list: begin -->\n\nnewer\n\n<!-- list: end -->\nbelow\n"
    assert part(page, "list") == "newer"
