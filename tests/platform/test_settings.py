"""Settings that cannot be read stop the program with a sentence that names them; production refuses what is unsafe."""

import base64
import tomllib
from pathlib import Path
from typing import Any

import pytest

from settings import Settings, UnreadableSettingsError, read_settings
from tests.support.processes import ROOT, run_command

PRODUCTION = {
    "FC_ENV": "production",
    "FC_SECRET_KEYS": "a-key-of-production-nobody-knows-1",
    "FC_ENCRYPTION_KEYS": f"k1:{base64.b64encode(bytes(range(32))).decode()}",
    "FC_PUBLIC_URL": "https://credits.example",
    "FC_SMTP_URL": "smtp://127.0.0.1:25",
    "FC_MAIL_FROM": "credits@credits.example",
}


@pytest.fixture(autouse=True)
def _no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _read(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return read_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FC_PORT", "eighty"),
        ("FC_PORT", "70000"),
        ("FC_ENV", "staging"),
        ("FC_DATABASE_URL", "mysql://127.0.0.1/x"),
        ("FC_SMTP_URL", "127.0.0.1:25"),
        ("FC_SUPPORT_EMAIL", "help"),
        ("FC_SUPPORT_EMAIL", "Help <help@credits.example>"),
        ("FC_SECRET_KEYS", "short"),
        ("FC_SECRET_KEYS", ""),
        ("FC_ENCRYPTION_KEYS", "no-name"),
        ("FC_ENCRYPTION_KEYS", "k1:c2hvcnQ="),
        ("FC_COMPILED", "perhaps"),
        ("FC_LIMITS", "many"),
        ("FC_LIMITS__DEPTH", "deep"),
        ("FC_LIMITS__DEPHT", "3"),
        ("FC_PRODUCT_NAME", " "),
        ("FC_PRODUCT_NAME", "Two\nlines"),
        ("FC_SECURITY_CONTACT", "security@credits.example"),
        ("FC_SECURITY_CONTACT", "http://credits.example"),
        ("FC_SECURITY_CONTACT", "mailto:security@credits.example\nContact: mailto:other@credits.example"),
        ("FC_TRUSTED_PROXIES", "banana"),
        ("FC_TRUSTED_PROXIES", "10.0.0.1,10.0.0.0/99"),
        ("FC_ALLOWED_ORIGINS", "banana"),
        ("FC_ALLOWED_ORIGINS", "*"),
        ("FC_ALLOWED_ORIGINS", "https://a.example/path"),
        ("FC_ALLOWED_HOSTS", "https://a.example"),
        ("FC_ALLOWED_HOSTS", "*"),
        ("FC_PUBLIC_URL", "notaurl"),
        ("FC_PUBLIC_URL", "https://"),
        ("FC_PUBLIC_URL", "https://a.example:port"),
        ("FC_PUBLIC_URL", "https://user@a.example"),
        ("FC_MAIL_FROM", "nobody"),
        ("FC_MAIL_FROM", "a@b.test, c@d.test"),
        ("FC_MAIL_FROM", "Credits <a@b.test>"),
        ("FC_SMTP_URL", "smtp://127.0.0.1?starttls=sometimes"),
        ("FC_SMTP_URL", "smtp://127.0.0.1?startls=never"),
        ("FC_FILES_URL", "https://s3.example/bucket"),
        ("FC_FILES_URL", "s3://"),
        ("FC_FILES_URL", "s3://user@bucket"),
        ("FC_FILES_URL", "s3://bucket?endpoint=s3.example"),
        ("FC_FILES_URL", "s3://bucket?endpoit=https://s3.example"),
        ("FC_CLAMAV", "clamd.sock"),
        ("FC_CLAMAV", "tcp://127.0.0.1"),
        ("FC_CLAMAV", "http://127.0.0.1:3310"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    with pytest.raises(UnreadableSettingsError) as refused:
        _read(monkeypatch, **{name: value})
    assert name in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_a_refused_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnreadableSettingsError) as refused:
        _read(monkeypatch, FC_SECRET_KEYS="hunter2")
    assert "hunter2" not in str(refused.value)


def test_a_misspelt_setting_is_named_with_what_may_be_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnreadableSettingsError, match=r"FC_PROT is not a setting.*FC_PORT"):
        _read(monkeypatch, FC_PROT="80")


def test_a_misspelt_setting_in_the_file_is_named_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("FC_PROT=80\nPATH_OF_ANOTHER_PROGRAM=1\n")
    with pytest.raises(UnreadableSettingsError, match=r"FC_PROT in \.env is not a setting.*FC_PORT") as refused:
        read_settings()
    assert len(str(refused.value).splitlines()) == 1


def test_everything_wrong_is_named_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("FC_PROT=80\nFC_SMTP_URL=smtp://127.0.0.1?starttls=perhaps\n")
    wrong = {
        "FC_ENV": "production",
        "FC_OHST": "127.0.0.1",
        "FC_POOL_SIZE": "many",
        "FC_LIMITS__DEPTH": "deep",
        "FC_SECRET_KEYS": "short",
        "FC_PUBLIC_URL": "http://credits.example",
        "FC_TRUSTED_PROXIES": "*",
    }
    with pytest.raises(UnreadableSettingsError) as refused:
        _read(monkeypatch, **wrong)
    told = str(refused.value).splitlines()
    named = ["FC_OHST", "FC_PROT", "FC_POOL_SIZE", "FC_LIMITS__DEPTH", "FC_SECRET_KEYS", "FC_SMTP_URL"]
    named += ["FC_ENCRYPTION_KEYS", "FC_PUBLIC_URL must begin with https://", "FC_MAIL_FROM", "FC_TRUSTED_PROXIES"]
    assert len(told) == len(named)
    assert all(any(name in line for line in told) for name in named), told


def test_the_file_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("FC_PORT=8001\nFC_HOST=127.0.0.2\n")
    settings = _read(monkeypatch, FC_HOST="127.0.0.3")
    assert (settings.port, settings.host) == (8001, "127.0.0.3")


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"FC_HOST=\xff\xfe\n")
    with pytest.raises(UnreadableSettingsError, match=r"\.env"):
        read_settings()


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _read(monkeypatch, FC_ALLOWED_ORIGINS="https://a.example, https://b.example")
    assert settings.allowed_origins == ("https://a.example", "https://b.example")


def test_the_first_key_of_the_ring_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = ",".join(f"{name}:{base64.b64encode(name.encode() * 16).decode()}" for name in ("k2", "k1"))
    assert list(_read(monkeypatch, FC_ENCRYPTION_KEYS=keys).key_ring) == ["k2", "k1"]


def test_production_starts_with_its_own_keys_and_a_fixed_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _read(monkeypatch, **PRODUCTION)
    assert not settings.may_move_clock


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"FC_SECRET_KEYS": None}, "FC_SECRET_KEYS still holds the demo key"),
        ({"FC_ENCRYPTION_KEYS": None}, "FC_ENCRYPTION_KEYS still holds the demo key"),
        ({"FC_CLOCK_MOVABLE": "true"}, "FC_CLOCK_MOVABLE is on"),
        ({"FC_PUBLIC_URL": None}, "FC_PUBLIC_URL is missing"),
        ({"FC_SMTP_URL": None}, "FC_SMTP_URL is missing"),
        ({"FC_MAIL_FROM": None}, "FC_MAIL_FROM is missing"),
        ({"FC_PUBLIC_URL": "http://credits.example"}, "FC_PUBLIC_URL must begin with https://"),
        ({"FC_TRUSTED_PROXIES": "*"}, "FC_TRUSTED_PROXIES must name the proxies"),
        ({"FC_SECRET_KEYS": "x" * 40}, "FC_SECRET_KEYS holds a key that can be guessed"),
        ({"FC_SECRET_KEYS": "changeme" * 4}, "FC_SECRET_KEYS holds a key that can be guessed"),
        (
            {"FC_ENCRYPTION_KEYS": f"k1:{base64.b64encode(bytes(32)).decode()}"},
            "FC_ENCRYPTION_KEYS holds a key that can be guessed",
        ),
    ],
)
def test_production_refuses_what_is_fit_for_a_demonstration_only(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], reason: str
) -> None:
    variables = {name: value for name, value in (PRODUCTION | change).items() if value is not None}
    with pytest.raises(UnreadableSettingsError, match=reason):
        _read(monkeypatch, **variables)


def test_demo_and_test_servers_may_move_their_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _read(monkeypatch, FC_ENV="demo").may_move_clock
    assert _read(monkeypatch, FC_ENV="test").may_move_clock
    assert not _read(monkeypatch, FC_CLOCK_MOVABLE="false").may_move_clock


def test_the_program_ends_with_code_2_and_no_traceback_when_a_setting_is_wrong(tmp_path: Path) -> None:
    refused = run_command("serve", data_dir=tmp_path, FC_ALLOWED_ORIGINS="*", FC_TRUSTED_PROXIES="banana")
    assert refused.returncode == 2
    assert [line.split()[0] for line in refused.stderr.splitlines()] == ["FC_ALLOWED_ORIGINS", "FC_TRUSTED_PROXIES"]


def test_the_program_tells_its_version(tmp_path: Path) -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert run_command("--version", data_dir=tmp_path).stdout == f"{declared}\n"


def test_each_setting_stands_in_the_example_file() -> None:
    example = (Path(__file__).parent.parent.parent / ".env.example").read_text()
    missing = [name for name in Settings.model_fields if f"#FC_{name.upper()}" not in example]
    assert missing == []


def test_weaknesses_are_told_to_the_sender_s_domain_unless_a_setting_names_somebody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = _read(monkeypatch, FC_MAIL_FROM="credits@credits.example")
    assert settings.security_address == "mailto:security@credits.example"
    named = _read(monkeypatch, FC_SECURITY_CONTACT="https://credits.example/security")
    assert named.security_address == "https://credits.example/security"


def test_a_store_of_files_needs_its_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "s3://files/fc?endpoint=https://s3.example&region=eu-west-1"
    with pytest.raises(UnreadableSettingsError) as refused:
        _read(monkeypatch, FC_FILES_URL=url, FC_FILES_ACCESS_KEY_ID="me")
    assert str(refused.value) == "FC_FILES_SECRET_ACCESS_KEY is missing: FC_FILES_URL needs it."
    assert _read(monkeypatch, FC_FILES_SECRET_ACCESS_KEY="secret").s3 == {
        "bucket": "files",
        "prefix": "fc",
        "endpoint": "https://s3.example",
        "region": "eu-west-1",
        "access_key_id": "me",
        "secret_access_key": "secret",
    }


@pytest.mark.parametrize(
    ("text", "socket"),
    [
        ("/run/clamd.sock", "/run/clamd.sock"),
        ("unix:///run/clamd.sock", "/run/clamd.sock"),
        ("tcp://127.0.0.1:3310", ("127.0.0.1", 3310)),
        ("", None),
    ],
)
def test_a_scanner_has_a_socket(monkeypatch: pytest.MonkeyPatch, text: str, socket: object) -> None:
    assert _read(monkeypatch, FC_CLAMAV=text).scanner == socket
