"""The program's settings: typed, read once from `FC_*` variables and `.env`; a fault is told in a sentence."""

import base64
import binascii
import difflib
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError as UndecodableError

PREFIX = "FC_"
DEMO_SECRET_KEY = "demo-secret-key-known-to-everybody-0001"  # noqa: S105 (public by intention; production refuses it)
DEMO_ENCRYPTION_KEY = "demo:ZGVtby1lbmNyeXB0aW9uLWtleS1vZi0zMi1ieXRlcyE="
SECRET_KEY_LENGTH_MIN = 32
ENCRYPTION_KEY_BYTES = 32
ADDRESS = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+\.[^@\s<>,;\"]+")
"""An e-mail address, closely enough to find a slip of the pen."""


class UnreadableSettingsError(Exception):
    """A setting is missing or cannot be read; the message is a sentence for the person who starts the program."""


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
    cost: int = Field(default=20_000, ge=1)
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
        env_prefix=PREFIX, env_file=".env", env_nested_delimiter="__", extra="ignore", frozen=True
    )

    env: Literal["demo", "test", "production"] = "demo"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: str = ""
    allowed_origins: CommaSeparated = ()
    trusted_proxies: CommaSeparated = ()
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    data_dir: Path = Path(".data")
    database_url: SecretStr | None = None
    pool_size: int = Field(default=10, ge=1, le=500)
    statement_timeout_seconds: float = Field(default=5, gt=0)
    lock_timeout_seconds: float = Field(default=3, gt=0)

    secret_keys: CommaSeparatedSecrets = (SecretStr(DEMO_SECRET_KEY),)
    encryption_keys: CommaSeparatedSecrets = (SecretStr(DEMO_ENCRYPTION_KEY),)
    clock_movable: bool | None = None
    second_factor_required: bool | None = None

    smtp_url: SecretStr | None = None
    mail_from: str = "credits@demo.test"
    support_email: str = ""
    product_name: str = Field(default="Flexible Credits", min_length=1, max_length=60)
    security_contact: str = ""

    compiled: bool = True
    trusted_documents: Path | None = None
    limits: Limits = Limits()
    cost_per_minute: int = Field(default=200_000, ge=1)
    cost_per_minute_source: int = Field(default=2_000_000, ge=1)
    cost_per_minute_anonymous: int = Field(default=20_000, ge=1)

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

    @field_validator("allowed_origins", "trusted_proxies", "secret_keys", "encryption_keys", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator(
        "metrics_port",
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

    @field_validator("support_email")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value and not (value.isprintable() and ADDRESS.fullmatch(value)):
            raise ValueError("must be an e-mail address")
        return value

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

    @field_validator("smtp_url")
    @classmethod
    def _is_smtp(cls, value: SecretStr | None) -> SecretStr | None:
        return _with_scheme(value, ("smtp", "smtps"))

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

    @model_validator(mode="after")
    def _fit_for_production(self) -> Self:
        if self.env == "production":
            refuse_demonstration(self)
        return self


def refuse_demonstration(settings: Settings) -> None:
    """Refuse what is convenient on a laptop and dangerous where real people are served."""
    faults = []
    if any(key.get_secret_value() == DEMO_SECRET_KEY for key in settings.secret_keys):
        faults.append("FC_SECRET_KEYS still holds the demo key")
    if any(key.get_secret_value() == DEMO_ENCRYPTION_KEY for key in settings.encryption_keys):
        faults.append("FC_ENCRYPTION_KEYS still holds the demo key")
    if settings.clock_movable:
        faults.append("FC_CLOCK_MOVABLE is on")
    if settings.second_factor_required is False:
        faults.append("FC_SECOND_FACTOR_REQUIRED is off")
    if not settings.public_url:
        faults.append("FC_PUBLIC_URL is missing")
    if settings.smtp_url is None:
        faults.append("FC_SMTP_URL is missing")
    if faults:
        raise ValueError("FC_ENV=production is refused: " + "; ".join(faults))


def read_settings(**overrides: Any) -> Settings:
    """Read the settings, or say in one sentence which of them cannot be read."""
    _refuse_unknown_names()
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise UnreadableSettingsError("\n".join(_sentence(dict(fault)) for fault in error.errors())) from None
    except UndecodableError as error:
        field = re.search(r'field "(\w+)"', str(error))
        name = PREFIX + field[1].upper() if field else "A setting"
        raise UnreadableSettingsError(f"{name} cannot be read: it must be written as JSON.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableSettingsError(f"The file .env cannot be read: {error}.") from None


def _refuse_unknown_names() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name.split("__")[0] not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Is {near[0]} meant?" if near else ""
            raise UnreadableSettingsError(f"{name} is not a setting of this program.{hint}")


def _sentence(fault: dict[str, Any]) -> str:
    """One sentence for one fault; the value is left out, since it may be a secret."""
    reason = fault["msg"].removeprefix("Value error, ")
    if not fault["loc"]:
        return f"{reason}."
    name = PREFIX + "__".join(str(part) for part in fault["loc"] if not isinstance(part, int)).upper()
    return f"{name} cannot be read: {reason[0].lower()}{reason[1:]}."


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
