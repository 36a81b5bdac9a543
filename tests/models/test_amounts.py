"""Money and credits are types: they refuse floats, booleans and each other."""

from __future__ import annotations

import operator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from models.base.amounts import Credits, Money

UNITS = some.integers(min_value=-(10**15), max_value=10**15)


@pytest.mark.parametrize("kind", [Money, Credits])
@pytest.mark.parametrize("value", [1.0, 1.5, True, False, "1", None, Decimal(1), 1j])
def test_anything_but_a_whole_number_is_refused(kind: Any, value: Any) -> None:
    with pytest.raises(TypeError):
        kind(value)


@pytest.mark.parametrize("other", [Credits(1), 1, 1.0, "1", None])
def test_money_mixes_with_nothing_else(other: Any) -> None:
    for mix in (operator.add, operator.sub, operator.lt, operator.ge):
        with pytest.raises(TypeError):
            mix(Money(1), other)
    assert Money(1) != other


def test_a_number_is_not_added_to_money_from_the_left() -> None:
    with pytest.raises(TypeError):
        1 + Money(1)  # type: ignore[operator]


@given(UNITS, UNITS)
def test_amounts_add_as_numbers_do(one: int, other: int) -> None:
    assert Money(one) + Money(other) == Money(one + other)
    assert Money(one) - Money(other) == Money(one - other)
    assert -Credits(one) == Credits(-one)
    assert (Credits(one) < Credits(other)) == (one < other)


@given(UNITS)
def test_money_is_shown_exactly(cents: int) -> None:
    assert Decimal(str(Money(cents))) * 100 == cents
    assert len(str(Money(cents)).partition(".")[2]) == 2


def test_small_debts_keep_their_sign() -> None:
    assert [str(Money(cents)) for cents in (-5, -105, 0, 5, 12_500)] == ["-0.05", "-1.05", "0.00", "0.05", "125.00"]
