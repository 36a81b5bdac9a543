"""Whether staff need a second factor: in production always, on demo and test servers if it is switched on (ID-1)."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import SecretStr

from settings import Settings, UnreadableSettingsError

KEY = "k1:" + "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def settings(env: Literal["demo", "test", "production"], **changes: object) -> Settings:
    """Settings that are fit for this kind of server."""
    sound = {
        "secret_keys": (SecretStr("a-key-of-production-nobody-knows-1"),),
        "encryption_keys": (SecretStr(KEY),),
        "public_url": "https://credits.example",
        "smtp_url": SecretStr("smtp://127.0.0.1:25"),
        "mail_from": "credits@credits.example",
    }
    return Settings(_env_file=None, env=env, **sound, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("env", ["demo", "test"])
def test_a_demo_or_test_server_asks_for_it_only_when_told(env: Literal["demo", "test"]) -> None:
    assert not settings(env).needs_second_factor
    assert settings(env, second_factor_required=True).needs_second_factor


def test_production_asks_for_it_and_refuses_to_be_told_otherwise() -> None:
    assert settings("production").needs_second_factor
    with pytest.raises(UnreadableSettingsError, match="FC_SECOND_FACTOR_REQUIRED is off"):
        settings("production", second_factor_required=False)
