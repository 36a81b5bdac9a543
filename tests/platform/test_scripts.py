"""The scripts that `make` calls: the schema's check, the web build's stamps, the measuring of imports."""

import subprocess
from pathlib import Path

import pytest

from scripts import build_web, import_time, schema_check

OLD = """
type Query { provider(id: ID!): Provider kind: Kind pet: Pet }
type Provider { name: String! age: Int }
type Cat { name: String }
type Dog { name: String }
union Pet = Cat | Dog
enum Kind { A B }
directive @live on FIELD
"""


@pytest.mark.parametrize(
    ("change", "element"),
    [
        ((" age: Int", ""), "Provider.age"),
        (("name: String! age", "name: String age"), "Provider.name"),
        (("(id: ID!)", "(id: ID!, at: Int!)"), "Query.provider"),
        (("A B", "A"), "Kind.B"),
        (("Cat | Dog", "Cat"), "Pet"),
        (("directive @live on FIELD", ""), "@live"),
        (("type Query { provider(id: ID!): Provider", "type Query {"), "Query.provider"),
    ],
)
def test_a_breaking_change_passes_only_if_the_changelog_names_it(change: tuple[str, str], element: str) -> None:
    new = OLD.replace(*change)
    faults = schema_check.undeclared(OLD, new, "- Nothing of interest")
    assert any(element in fault for fault in faults)
    assert schema_check.undeclared(OLD, new, f"- **breaking:** `{element}` is gone") == []


def test_what_only_adds_needs_no_word() -> None:
    assert schema_check.undeclared(OLD, OLD.replace("age: Int", "age: Int size: Int"), "") == []


def test_a_longer_name_does_not_stand_for_a_shorter_one() -> None:
    faults = schema_check.undeclared(OLD, OLD.replace(" age: Int", ""), "- `Provider.ages` is gone")
    assert len(faults) == 1


def test_only_lines_that_are_new_in_the_changelog_count() -> None:
    assert schema_check.added_lines("a\nProvider.age", "a\nProvider.age\nb") == "b"


def _git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.test"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_the_schema_before_is_the_newest_committed_one_that_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema_check, "ROOT", tmp_path)
    _git(tmp_path, "init")
    for text in ("first", "second"):
        (tmp_path / "schema.graphql").write_text(text)
        _git(tmp_path, "add", ".")
        _git(tmp_path, "commit", "-m", text)
    uncommitted = schema_check.schema_before("third")
    committed = schema_check.schema_before("second")
    assert uncommitted is not None
    assert committed is not None
    assert (uncommitted[1], committed[1]) == ("second", "first")


def test_without_a_repository_there_is_no_schema_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_check, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert schema_check.schema_before("any") is None


def test_the_web_assets_are_built_again_exactly_when_a_source_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_web, "ROOT", tmp_path)
    monkeypatch.setattr(build_web, "WEB", tmp_path)
    source = tmp_path / "main.tsx"
    source.write_text("one")
    (tmp_path / "dist").mkdir()
    build_web.stamp(tmp_path / "dist", build_web.digest(build_web.source_files()))
    source.touch()
    assert build_web.stamped(tmp_path / "dist", build_web.digest(build_web.source_files()))
    source.write_text("two")
    assert not build_web.stamped(tmp_path / "dist", build_web.digest(build_web.source_files()))


def test_the_time_of_importing_the_program_is_measured_and_its_largest_parts_listed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    imports = import_time.measure("app")
    assert imports[-1].name == "app"
    shares = import_time.by_package(imports)
    assert [own for _, own in shares] == sorted((own for _, own in shares), reverse=True)
    assert {"strawberry", "tortoise", "starlette"} <= {package for package, _ in shares}
    whole = import_time.total("app", runs=3)
    assert whole.cpu_ms > 0
    with capsys.disabled():
        listed = ", ".join(f"{package} {own / 1000:.0f}" for package, own in shares[:5])
        print(f"\nimport app: {whole.wall_ms:.0f} ms, {whole.cpu_ms:.0f} of CPU time (largest: {listed})")


def test_what_more_mutations_add_to_the_import_is_measured_with_mutations_that_stand_in_the_schema() -> None:
    assert import_time.with_mutations(2, runs=1) > 0
