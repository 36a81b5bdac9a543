"""The program's settings: typed, read once from `FC_*` variables and `.env`; all faults are told at once."""

import base64
import binascii
import difflib
import os
from collections.abc import Iterable, Mapping
from email.headerregistry import Address
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import SplitResult, parse_qsl, urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, DotEnvSettingsSource, NoDecode, SettingsConfigDict

PREFIX = "FC_"
ENV_FILE = ".env"
DEMO_SENDER = "credits@demo.test"
DEMO_SECRET_KEY = "demo-secret-key-known-to-everybody-0001"  # noqa: S105 (public by intention; production refuses it)
DEMO_ENCRYPTION_KEY = "demo:ZGVtby1lbmNyeXB0aW9uLWtleS1vZi0zMi1ieXRlcyE="
SECRET_KEY_LENGTH_MIN = 32
DIFFERENT_IN_KEY_MIN = 10
"""So many different characters, or bytes, a key has at least: 32 drawn at random have fewer once in 10,000,000 keys."""
ENCRYPTION_KEY_BYTES = 32


class UnreadableSettingsError(Exception):
    """Settings are missing or cannot be read; each line of the message is a sentence for who starts the program."""


class Limits(BaseModel):
    """What one document, request or connection may ask for in the edge's own words; set as `FC_LIMITS__DEPTH`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    body_bytes: int = Field(default=100_000, ge=1_000)
    tokens: int = Field(default=2_000, ge=10)
    depth: int = Field(default=10, ge=1)
    aliases: int = Field(default=15, ge=0)
    root_fields: int = Field(default=10, ge=1)
    directives: int = Field(default=20, ge=0)
    input_list: int = Field(default=250, ge=1)
    page: int = Field(default=100, ge=1)
    nodes: int = Field(default=10_000, ge=1)
    cost: int = Field(default=2_500, ge=1)
    body_seconds: float = Field(default=10, gt=0)
    request_seconds: float = Field(default=30, gt=0)
    frame_bytes: int = Field(default=64_000, ge=1_024)
    init_seconds: float = Field(default=10, gt=0)
    subscriptions: int = Field(default=20, ge=1)
    connections_per_viewer: int = Field(default=10, ge=1)
    connections_per_source: int = Field(default=200, ge=1)


CommaSeparated = Annotated[tuple[str, ...], NoDecode]
CommaSeparatedSecrets = Annotated[tuple[SecretStr, ...], NoDecode]


class Settings(BaseSettings):
    """Everything that differs between two places where the program runs."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=ENV_FILE, env_nested_delimiter="__", extra="ignore", frozen=True
    )

    env: Literal["demo", "test", "production"] = "demo"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: str = ""
    allowed_hosts: CommaSeparated = ()
    allowed_origins: CommaSeparated = ()
    trusted_proxies: CommaSeparated = ()
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    data_dir: Path = Path(".data")
    files_url: str | None = None
    files_access_key_id: SecretStr | None = None
    files_secret_access_key: SecretStr | None = None
    clamav: str | None = None
    database_url: SecretStr | None = None
    pool_size: int = Field(default=10, ge=1, le=500)
    statement_timeout_seconds: float = Field(default=5, gt=0)
    lock_timeout_seconds: float = Field(default=3, gt=0)

    secret_keys: CommaSeparatedSecrets = (SecretStr(DEMO_SECRET_KEY),)
    encryption_keys: CommaSeparatedSecrets = (SecretStr(DEMO_ENCRYPTION_KEY),)
    clock_movable: bool | None = None
    second_factor_required: bool | None = None

    smtp_url: SecretStr | None = None
    mail_from: str = DEMO_SENDER
    support_email: str = ""
    product_name: str = Field(default="Flexible Credits", min_length=1, max_length=60)
    security_contact: str = ""

    compiled: bool = True
    trusted_documents: Path | None = None
    limits: Annotated[Limits, NoDecode] = Limits()
    cost_per_minute: int = Field(default=200_000, ge=1)
    cost_per_minute_source: int = Field(default=2_000_000, ge=1)
    cost_per_minute_anonymous: int = Field(default=200_000, ge=1)

    @property
    def address(self) -> str:
        """Where people reach this server, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url.rstrip("/") or f"http://{host}:{self.port}"

    @property
    def security_address(self) -> str:
        """Whom to tell about a weakness: the mailbox that RFC 2142 names, unless a setting names another."""
        return self.security_contact or f"mailto:security@{self.mail_from.rpartition('@')[2]}"

    @property
    def s3(self) -> dict[str, str] | None:
        """Bucket, prefix, endpoint, region and credentials of the store of files; None if it is a folder here."""
        if self.files_url is None or self.files_access_key_id is None or self.files_secret_access_key is None:
            return None
        return _read_s3(self.files_url) | {
            "access_key_id": self.files_access_key_id.get_secret_value(),
            "secret_access_key": self.files_secret_access_key.get_secret_value(),
        }

    @property
    def scanner(self) -> str | tuple[str, int] | None:
        """The path of ClamAV's socket, or its host and port; None if nothing is scanned."""
        return None if self.clamav is None else _read_socket(self.clamav)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names that requests may be addressed to, in lower case; on demo and test servers also the machine's."""
        own = urlsplit(self.address).hostname or ""
        local = ("localhost", self.host.lower()) if self.env != "production" else ()
        return (own, *local, *(host.lower() for host in self.allowed_hosts))

    @property
    def may_move_clock(self) -> bool:
        """Whether the clock may be moved: on demo and test servers, unless it was switched off."""
        return self.env != "production" if self.clock_movable is None else self.clock_movable

    @property
    def needs_second_factor(self) -> bool:
        """Whether OPS and FINANCE need a second factor: in production always, elsewhere if it was switched on."""
        return self.env == "production" if self.second_factor_required is None else self.second_factor_required

    @property
    def key_ring(self) -> dict[str, bytes]:
        """The encryption keys by their id, in order; the first one encrypts, all of them decrypt."""
        return dict(_read_encryption_key(key.get_secret_value()) for key in self.encryption_keys)

    @field_validator(
        "allowed_hosts", "allowed_origins", "trusted_proxies", "secret_keys", "encryption_keys", mode="before"
    )
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator(
        "metrics_port",
        "files_url",
        "files_access_key_id",
        "files_secret_access_key",
        "clamav",
        "database_url",
        "smtp_url",
        "trusted_documents",
        "clock_movable",
        "second_factor_required",
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, value: Any) -> Any:
        return None if value == "" else value

    @field_validator("product_name")
    @classmethod
    def _is_one_line(cls, value: str) -> str:
        if not value.isprintable() or not value.strip():
            raise ValueError("must be one line of text")
        return value.strip()

    @field_validator("security_contact")
    @classmethod
    def _is_contact(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in {"https", "mailto"} or not value.isprintable()):
            raise ValueError("must begin with https:// or mailto:")
        return value

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        return _with_scheme(value, ("postgres", "postgresql"))

    @field_validator("files_url")
    @classmethod
    def _is_s3(cls, value: str | None) -> str | None:
        if value is not None:
            _read_s3(value)
        return value

    @field_validator("clamav")
    @classmethod
    def _is_socket(cls, value: str | None) -> str | None:
        if value is not None:
            _read_socket(value)
        return value

    @field_validator("smtp_url")
    @classmethod
    def _is_smtp(cls, value: SecretStr | None) -> SecretStr | None:
        _with_scheme(value, ("smtp", "smtps"))
        if value is not None:
            given = dict(parse_qsl(urlsplit(value.get_secret_value()).query, keep_blank_values=True))
            if given.pop("starttls", "required") not in {"required", "never"} or given:
                raise ValueError("behind the address stands nothing, ?starttls=required or ?starttls=never")
        return value

    @field_validator("mail_from", "support_email")
    @classmethod
    def _is_mailbox(cls, value: str, info: ValidationInfo) -> str:
        if not value and info.field_name == "support_email":
            return value
        try:
            address = Address(addr_spec=value)
        except (ValueError, IndexError):
            raise ValueError("must be one e-mail address, such as credits@example.org") from None
        if not address.username or "." not in address.domain.strip("."):
            raise ValueError("must be one e-mail address, such as credits@example.org")
        return value

    @field_validator("public_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value and not _is_origin(value):
            raise ValueError("must be an address such as https://credits.example.org, without a path")
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(map(_is_origin, value)):
            raise ValueError("must name each origin, such as https://app.example.org; * would let any page in")
        return value

    @field_validator("allowed_hosts")
    @classmethod
    def _are_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(map(_is_host, value)):
            raise ValueError("must name each host without scheme and port, such as credits.example.org")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _are_proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in value:
            try:
                ip_network(proxy, strict=False)
            except ValueError:
                if proxy != "*":
                    raise ValueError("must be addresses or networks, such as 10.0.0.7 or 10.0.0.0/8") from None
        return value

    @field_validator("secret_keys")
    @classmethod
    def _are_long(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not value or any(len(key.get_secret_value()) < SECRET_KEY_LENGTH_MIN for key in value):
            raise ValueError(f"needs at least one key, each of {SECRET_KEY_LENGTH_MIN} characters or more")
        return value

    @field_validator("encryption_keys")
    @classmethod
    def _are_keys(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        names = [_read_encryption_key(key.get_secret_value())[0] for key in value]
        if not names or len(set(names)) < len(names):
            raise ValueError("needs at least one key, and each key another name")
        return value

    @model_validator(mode="wrap")
    @classmethod
    def _all_faults_at_once(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Read everything that can be read, so that production's rules are held to the rest. Raises Unreadable…"""
        faults: dict[str, list[str]] = {}
        try:
            settings = handler(given)
        except ValidationError as error:
            for fault in error.errors():
                faults.setdefault(str(fault["loc"][0]), []).append(_sentence(dict(fault)))
            settings = handler({name: value for name, value in given.items() if name not in faults})
        told = [sentence for sentences in faults.values() for sentence in sentences]
        told += [why for name, why in _missing_together(settings) if name not in faults]
        if settings.env == "production":
            told += [why for name, why in unfit_for_production(settings) if name not in faults]
        if told:
            raise UnreadableSettingsError("\n".join(told))
        return settings


def _missing_together(settings: Settings) -> Iterable[tuple[str, str]]:
    """What is missing beside FC_FILES_URL."""
    for name in ("files_access_key_id", "files_secret_access_key"):
        if settings.files_url is not None and not getattr(settings, name):
            yield name, f"{PREFIX}{name.upper()} is missing: {PREFIX}FILES_URL needs it."


def unfit_for_production(settings: Settings) -> Iterable[tuple[str, str]]:
    """What is convenient on a laptop and dangerous where real people are served: each setting, and what is wrong."""
    secrets = [key.get_secret_value() for key in settings.secret_keys]
    faults = {
        "secret_keys": {
            "still holds the demo key": DEMO_SECRET_KEY in secrets,
            "holds a key that can be guessed": any(map(_is_weak, secrets)),
        },
        "encryption_keys": {
            "still holds the demo key": any(
                key.get_secret_value() == DEMO_ENCRYPTION_KEY for key in settings.encryption_keys
            ),
            "holds a key that can be guessed": any(map(_is_weak, settings.key_ring.values())),
        },
        "clock_movable": {"is on": settings.clock_movable is True},
        "second_factor_required": {"is off": settings.second_factor_required is False},
        "public_url": {
            "is missing": not settings.public_url,
            "must begin with https://": bool(settings.public_url) and not settings.public_url.startswith("https://"),
        },
        "smtp_url": {"is missing": settings.smtp_url is None},
        "mail_from": {"is missing": settings.mail_from == DEMO_SENDER},
        "trusted_proxies": {"must name the proxies: * would believe anybody": "*" in settings.trusted_proxies},
    }
    for name, reasons in faults.items():
        for reason, holds in reasons.items():
            if holds:
                yield name, f"FC_ENV=production is refused: {PREFIX}{name.upper()} {reason}."
                break


def read_settings(**overrides: Any) -> Settings:
    """Read the settings. Raises UnreadableSettingsError with a sentence for each that cannot be read."""
    try:
        faults = [*_unknown_names(os.environ), *_unknown_names(DotEnvSettingsSource(Settings).env_vars, file=ENV_FILE)]
        settings = Settings(**overrides)
    except UnreadableSettingsError as error:
        raise UnreadableSettingsError("\n".join([*faults, str(error)])) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableSettingsError(f"The file {ENV_FILE} cannot be read: {error}.") from None
    if faults:
        raise UnreadableSettingsError("\n".join(faults))
    return settings


def _unknown_names(given: Mapping[str, Any], file: str = "") -> Iterable[str]:
    """A sentence for each name that begins like one of ours and is none."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in sorted(map(str.upper, given)):
        if name.startswith(PREFIX) and name.split("__")[0] not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Is {near[0]} meant?" if near else ""
            yield f"{name}{f' in {file}' if file else ''} is not a setting of this program.{hint}"


def _sentence(fault: dict[str, Any]) -> str:
    """One sentence for one fault; the value is left out, since it may be a secret."""
    reason = fault["msg"].removeprefix("Value error, ")
    name = PREFIX + "__".join(str(part) for part in fault["loc"] if not isinstance(part, int)).upper()
    return f"{name} cannot be read: {reason[0].lower()}{reason[1:]}."


def _is_weak(key: str | bytes) -> bool:
    return len(set(key)) < DIFFERENT_IN_KEY_MIN


def _parts(address: str) -> SplitResult:
    """The parts of an address; none of them where it is no address at all."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # read here, where it may fail
    except ValueError:
        return urlsplit("")
    return parts


def _is_origin(address: str) -> bool:
    """Whether this is http(s)://host, perhaps with a port, and nothing else."""
    parts = _parts(address)
    rest = parts.path.strip("/") or parts.query or parts.fragment or parts.username or parts.password
    return parts.scheme in {"http", "https"} and _is_host(parts.hostname or "") and not rest


def _is_host(name: str) -> bool:
    """Whether this may be the name or the address of a machine."""
    if ":" not in name:
        labels = name.split(".")
        return all(label and label.replace("-", "").isalnum() and label.isascii() for label in labels)
    try:
        return bool(ip_address(name))
    except ValueError:
        return False


def _read_s3(url: str) -> dict[str, str]:
    """Read `s3://bucket/prefix?endpoint=https://…&region=…`; what is left out is empty."""
    parts = _parts(url)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    endpoint, region = given.pop("endpoint", ""), given.pop("region", "us-east-1")
    if parts.scheme != "s3" or not _is_host(parts.netloc) or given or parts.fragment or not region:
        raise ValueError(
            "must be s3://bucket/prefix, with ?endpoint=https://…&region=… behind it where they are needed"
        )
    if endpoint and not _is_origin(endpoint):
        raise ValueError("must name an endpoint such as https://s3.example.org")
    return {"bucket": parts.netloc, "prefix": parts.path.strip("/"), "endpoint": endpoint, "region": region}


def _read_socket(text: str) -> str | tuple[str, int]:
    """Read `/path/of/a/socket`, `unix:///path` or `tcp://host:port`."""
    parts = _parts(text)
    rest = parts.query or parts.fragment or parts.username
    if parts.scheme == "tcp" and parts.hostname and parts.port and not parts.path and not rest:
        return parts.hostname, parts.port
    if parts.scheme in {"", "unix"} and parts.path.startswith("/") and not parts.netloc and not rest:
        return parts.path
    raise ValueError("must be the path of clamd's socket, or tcp://host:port")


def _with_scheme(value: SecretStr | None, schemes: tuple[str, ...]) -> SecretStr | None:
    if value is not None and urlsplit(value.get_secret_value()).scheme not in schemes:
        raise ValueError(f"must be an address that begins with {schemes[-1]}://")
    return value


def _read_encryption_key(text: str) -> tuple[str, bytes]:
    """Read `name:base64`, the form of one key of the ring."""
    name, separator, encoded = text.partition(":")
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        key = b""
    if not separator or not name or len(key) != ENCRYPTION_KEY_BYTES:
        raise ValueError(f"must be name:key, the key being {ENCRYPTION_KEY_BYTES} bytes written in base64")
    return name, key
