"""An address of a database is taken apart as a person means it."""

import pytest

from database import DatabaseError, credentials


def test_names_and_passwords_are_decoded() -> None:
    found = credentials("postgresql://an%40na:p%2Fw@db.example:6000/credits?sslmode=require")
    assert found == {
        "host": "db.example",
        "port": 6000,
        "user": "an@na",
        "password": "p/w",
        "database": "credits",
        "ssl": "require",
    }


def test_a_socket_folder_is_a_host() -> None:
    found = credentials("postgresql://postgres@/credits?host=%2Ftmp%2Fa%20b")
    assert (found["host"], found["port"], found["password"]) == ("/tmp/a b", 5432, None)


@pytest.mark.parametrize("address", ["postgresql://h:x/credits", "postgresql://h/credits?fast=yes"])
def test_what_is_not_understood_is_named(address: str) -> None:
    with pytest.raises(DatabaseError, match="FC_DATABASE_URL"):
        credentials(address)
