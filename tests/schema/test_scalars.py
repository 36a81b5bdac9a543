"""Scalars: what is shown can be sent again, and whatever else is sent is refused in plain words."""

from __future__ import annotations

import string
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import orjson
import phonenumbers
import pytest
from graphql import GraphQLError, parse, validate
from hypothesis import example, given, settings
from hypothesis import strategies as st

from execution import Plans
from models.base.amounts import Money
from models.base.times import YEAR_MAX, YEAR_MIN, zones
from schema.base import scalars
from schema.base.scalars import SCALARS, STATES, show_datetime
from schema.root import SCHEMA
from tests.support.asking import COMPILED, CORE, context_of
from transport.operations import ENCODING

OF = {definition.name: definition for definition in SCALARS.values()}
FIRST = datetime(YEAR_MIN, 1, 1, tzinfo=UTC).replace(tzinfo=None)
LAST = datetime(YEAR_MAX, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC).replace(tzinfo=None)
OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True).filter(lambda label: label[2:4] != "--")
HOSTS = st.lists(LABELS, min_size=1, max_size=3).map(lambda labels: ".".join([*labels, "test"]))
LOCAL_PARTS = st.text(string.ascii_lowercase + string.digits + "+_-", min_size=1, max_size=64)
PATHS = st.text(string.ascii_letters + string.digits + "/-._~?#=&", max_size=100)
NUMBERS = [
    phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
    if (found := phonenumbers.example_number(region)) is not None
]
VALID: dict[str, st.SearchStrategy[Any]] = {
    "DateTime": INSTANTS,
    "Date": st.dates(FIRST.date(), LAST.date()),
    "TimeZone": st.sampled_from(sorted(zones())),
    "EmailAddress": st.builds("{}@{}".format, LOCAL_PARTS, HOSTS),
    "PhoneNumber": st.sampled_from(NUMBERS),
    "URL": st.builds("https://{}/{}".format, HOSTS, PATHS),
    "StateCode": st.sampled_from(sorted(STATES)),
    "PresentingConcern": st.from_regex(scalars.CONCERN, fullmatch=True),
}
OURS = {"PresentingConcern"}
"""Specified by nobody else: codes of a vocabulary of this program."""
# Near to the form of some scalar, so that more than the first check is met.
NEAR = st.one_of(
    st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{0,9})?([Zz]|[+-]\d{2}:?\d{2})?"),
    st.from_regex(r"\d{4}-\d{2}-\d{2}"),
    st.from_regex(r"\+[0-9]{0,17}"),
    st.from_regex(r"https?://.{0,40}"),
    st.from_regex(r".{0,10}@.{0,10}"),
    st.text(min_size=2, max_size=2),
    st.text(alphabet=st.characters(codec=None), max_size=600),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | NEAR,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below, max_size=3),
    max_leaves=5,
)


def parse_as(name: str, value: Any) -> Any:
    parse_value = OF[name].parse_value
    assert parse_value is not None
    return parse_value(value)


def outcome(name: str, value: Any) -> tuple[Any, GraphQLError | None]:
    """What the value is taken for, or why it is refused; any other exception is a fault of the scalar."""
    try:
        return parse_as(name, value), None
    except GraphQLError as refused:
        return None, refused


def show(name: str, value: Any) -> Any:
    serialize = OF[name].serialize
    assert serialize is not None
    return serialize(value)


@pytest.mark.parametrize("name", sorted(OF))
def test_what_a_scalar_shows_can_be_sent_again(name: str) -> None:
    @settings(max_examples=150, deadline=None)
    @given(VALID[name])
    def holds(value: Any) -> None:
        shown = show(name, value)
        assert isinstance(shown, str)
        assert parse_as(name, shown) == value

    holds()


@pytest.mark.parametrize("name", sorted(OF))
def test_any_other_value_is_refused_in_plain_words_or_means_one_value(name: str) -> None:
    @settings(max_examples=300, deadline=None)
    @given(JSON)
    def holds(value: Any) -> None:
        taken, refused = outcome(name, value)
        if refused is not None:
            assert refused.extensions == {"code": "BAD_INPUT"}
        else:
            assert isinstance(value, str)
            assert parse_as(name, show(name, taken)) == taken

    holds()


@settings(max_examples=500, deadline=None)
@given(INSTANTS)
@example(datetime(2026, 11, 22, 15, tzinfo=UTC))
@example(datetime(2026, 11, 22, 15, 0, 0, 1, tzinfo=UTC))
@example(datetime(2026, 11, 22, 15, 0, 0, 120_000, tzinfo=UTC))
def test_both_paths_write_the_same_bytes_for_an_instant(at: datetime) -> None:
    assert orjson.dumps(at, option=ENCODING) == orjson.dumps(show_datetime(at), option=ENCODING)


@settings(max_examples=300, deadline=None)
@given(st.dates())
def test_both_paths_write_the_same_bytes_for_a_day(day: date) -> None:
    assert orjson.dumps(day, option=ENCODING) == orjson.dumps(show("Date", day), option=ENCODING)


@settings(max_examples=300, deadline=None)
@given(st.datetimes(FIRST + timedelta(days=1), LAST - timedelta(days=1), timezones=OFFSETS))
def test_an_instant_may_be_sent_with_any_offset_and_is_shown_in_utc(at: datetime) -> None:
    taken = parse_as("DateTime", at.isoformat())
    assert taken == at
    assert taken.tzinfo is UTC
    assert show_datetime(taken).endswith("Z")


def test_a_time_without_an_offset_is_never_shown_as_an_instant() -> None:
    with pytest.raises(ValueError, match="without an offset"):
        show_datetime(FIRST)


REFUSED: dict[str, list[Any]] = {
    "DateTime": [
        "2026-11-22T15:00:00", "2026-11-22", "2026-11-22 15:00:00Z", "2026-11-22T15:00Z", "20261122T150000Z",
        "2026-11-22T24:00:00Z", "2026-11-22T23:59:60Z", "2026-11-22T15:60:00Z", "2026-02-29T15:00:00Z",
        "2026-11-22T15:00:00.1234567Z", "2026-11-22T15:00:00,5Z", "2026-11-22T15:00:00+24:00",
        "2026-11-22T15:00:00+0500", "2026-11-22T15:00:00+05", "2026-11-22T15:00:00+05:00:30", "2026-W47-7T15:00:00Z",
        " 2026-11-22T15:00:00Z", "2026-11-22T15:00:00Z\n", "2026-11-22T15:00:00\0Z", "２026-11-22T15:00:00Z",
        "2026-11-22T15:00:00Z[America/New_York]", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59.999999Z",
        "9999-12-31T23:59:59-01:00", "1899-12-31T23:59:59Z", "3000-01-01T00:00:00Z", "-2026-11-22T15:00:00Z",
        "infinity", "now", "", 1_764_000_000, 1.5, True, None, ["2026-11-22T15:00:00Z"], {}, "\ud800",
    ],
    "Date": ["2026-11-2", "20261122", "2026-W47-7", "2026-02-30", "2026-11-22T15:00:00Z", " 2026-11-22", "0001-01-01",
             "9999-12-31", "２026-11-22", "today", 20261122, False, []],
    "TimeZone": ["EST5", "../../etc/passwd", "america/new_york", "America/New_York ", "localtime", "+05:00", "", 5],
    "EmailAddress": ["a", "a@", "@b.test", "a@b@c.test", "a b@c.test", "Ann <a@b.test>", "a@[127.0.0.1]", "a@b..test",
                     '"a b"@c.test', ".a@b.test", "a@b.test\nBcc: c@d.test", "a@b.test\0", "jürgen@b.test",
                     "a" * 65 + "@b.test", "a@" + "b." * 125 + "test", 1, ["a@b.test"]],
    "PhoneNumber": ["6175550123", "+1 617 555 0123", "+1-617-555-0123", "tel:+16175550123", "+16175550123;ext=5",
                    "+0123456", "+1617555012345678", "+1617", "+999123456789", "+１6175550123", "+16175550123 ",
                    16175550123],
    "URL": ["http://a.test/", "javascript:alert(1)", "https://", "https:///path", "https://user:word@a.test/",
            "https://a.test@b.test/", "https://a.test/ b", "https://a.test/\n", "https://a.test\\b", "https://a.test:99999/",
            "https://a.test:x/", "https://a.test/%zz", "https://a.test/<b>", "https://[::1", "https://-a.test/",
            "https://" + "a" * 64 + ".test/", "//a.test/", "https://a.test/" + "a" * 500, "data:text/html,x", 5,
            {"url": "https://a.test"}],
    "StateCode": ["Massachusetts", "M", "ZZ", "M A", "ﬂ", "MA\n", " MA", "", 25, True],
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in REFUSED.items() for value in values])
def test_a_value_of_another_form_is_refused(name: str, value: Any) -> None:
    with pytest.raises(GraphQLError) as refused:
        parse_as(name, value)
    assert refused.value.extensions == {"code": "BAD_INPUT"}


@pytest.mark.parametrize(
    ("name", "sent", "taken"),
    [
        ("DateTime", "2026-11-22t15:00:00.5z", datetime(2026, 11, 22, 15, 0, 0, 500_000, tzinfo=UTC)),
        ("DateTime", "2026-11-22T00:30:00+05:30", datetime(2026, 11, 21, 19, tzinfo=UTC)),
        ("EmailAddress", " Ann.Lee+x@Example.TEST ", "ann.lee+x@example.test"),
        ("EmailAddress", "ann@bücher.test", "ann@xn--bcher-kva.test"),
        ("StateCode", "ma", "MA"),
    ],
)
def test_one_value_in_several_forms_is_taken_as_one(name: str, sent: str, taken: Any) -> None:
    assert parse_as(name, sent) == taken


def test_every_scalar_tells_its_specification() -> None:
    assert {name for name, one in OF.items() if one.specified_by_url is None} == OURS
    assert all(str(OF[name].specified_by_url).startswith("https://") for name in OF.keys() - OURS)


IN_A_FILTER = "query ($filter: AppointmentFilter) { appointments(filter: $filter) { totalCount } }"
IN_A_MUTATION = "mutation ($input: EnterStudentInput!) { enterStudent(input: $input) { userErrors { code } } }"
STUDENT = {"name": "N", "email": "a@b.test", "state": "MA", "timeZone": "America/New_York", "schoolId": "sch_x"}


@pytest.mark.parametrize("plans", [COMPILED, CORE], ids=["compiled", "graphql-core"])
@pytest.mark.parametrize(
    ("query", "variables", "place"),
    [
        (IN_A_FILTER, {"filter": {"from": "2026-11-22T15:00:00"}}, "'$filter' has invalid value at .from"),
        (IN_A_MUTATION, {"input": {**STUDENT, "email": "a"}}, "'$input' has invalid value at .email"),
        (IN_A_MUTATION, {"input": {**STUDENT, "state": 5}}, "'$input' has invalid value at .state"),
        (IN_A_MUTATION, {"input": {**STUDENT, "timeZone": ["UTC"]}}, "'$input' has invalid value at .timeZone"),
    ],
)
async def test_a_refused_variable_is_told_by_its_place(
    plans: Plans, query: str, variables: dict[str, Any], place: str
) -> None:
    result = await plans.execute(parse(query), variables=variables, context=context_of(None))
    assert result.data is None
    assert [place in error.message for error in result.errors or []] == [True]
    assert [(error.extensions or {})["code"] for error in result.errors or []] == ["BAD_INPUT"]


@pytest.mark.parametrize("literal", ["MA", "5", "1.5", "true", '["MA"]', '{a: "MA"}', '"Mass"'])
def test_a_refused_literal_is_told_by_its_line_and_column(literal: str) -> None:
    document = parse(f"{{ providers(filter: {{ state: {literal} }}) {{ totalCount }} }}")
    faults = validate(SCHEMA._schema, document)
    assert [(fault.extensions or {})["code"] for fault in faults] == ["BAD_INPUT"]
    assert [(at.line, at.column) for at in faults[0].locations or []] == [(1, 30)]


@settings(max_examples=300, deadline=None)
@given(st.integers(-(2**63), 2**63 - 1))
def test_money_is_shown_as_a_decimal_string_with_two_digits(cents: int) -> None:
    shown = str(Money(cents))
    whole, _, part = shown.partition(".")
    assert len(part) == 2
    assert int(whole + part) == cents


@pytest.mark.parametrize("amount", [1.5, float("nan"), True, "1.50", None])
def test_money_is_made_of_whole_cents_only(amount: Any) -> None:
    make: Callable[[Any], Money] = Money
    with pytest.raises(TypeError):
        make(amount)
