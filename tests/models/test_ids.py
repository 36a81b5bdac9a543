"""TypeIDs: prefix and UUID there and back, and nothing else taken for one."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from models.base.ids import ALPHABET, SUFFIX_LENGTH, MalformedIdError, decode, encode, new_id, split

PREFIXES = some.from_regex(r"[a-z]([a-z_]{0,8}[a-z])?", fullmatch=True)


@given(PREFIXES, some.uuids())
@example("apt", UUID(int=0))
@example("apt", UUID(int=2**128 - 1))
def test_an_id_comes_back_as_it_went(prefix: str, id: UUID) -> None:
    text = encode(prefix, id)
    assert split(text) == (prefix, id)
    assert decode(prefix, text) == id
    assert len(text) == len(prefix) + 1 + SUFFIX_LENGTH


@pytest.mark.parametrize(
    ("text", "id"),
    [
        # The specification's own examples.
        ("nil_00000000000000000000000000", "00000000-0000-0000-0000-000000000000"),
        ("one_00000000000000000000000001", "00000000-0000-0000-0000-000000000001"),
        ("ten_0000000000000000000000000a", "00000000-0000-0000-0000-00000000000a"),
        ("sixteen_0000000000000000000000000g", "00000000-0000-0000-0000-000000000010"),
        ("max_7zzzzzzzzzzzzzzzzzzzzzzzzz", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
        ("valid_0123456789abcdefghjkmnpqrs", "0110c853-1d09-52d8-d73e-1194e95b5f19"),
        ("prefix_01h455vb4pex5vsknk084sn02q", "01890a5d-ac96-774b-bcce-b302099a8057"),
    ],
)
def test_the_form_is_that_of_the_specification(text: str, id: str) -> None:
    prefix = text.partition("_")[0]
    assert encode(prefix, UUID(id)) == text
    assert decode(prefix, text) == UUID(id)


@given(some.uuids(), some.uuids())
def test_ids_sort_as_their_uuids_do(one: UUID, other: UUID) -> None:
    assert (encode("apt", one) < encode("apt", other)) == (one < other)


@given(some.text(max_size=60))
@example("apt_8zzzzzzzzzzzzzzzzzzzzzzzzz")
@example("_01h455vb4pex5vsknk084sn02q")
@example("apt_01h455vb4pex5vsknk084sn02")
@example("apt_01H455VB4PEX5VSKNK084SN02Q")
@example("apt_01h455vb4pex5vsknk084sn0lu")
@example("apt-01h455vb4pex5vsknk084sn02q")
def test_any_other_text_is_refused_and_never_misread(text: str) -> None:
    try:
        prefix, id = split(text)
    except MalformedIdError:
        return
    assert encode(prefix, id) == text


@given(some.text(ALPHABET, min_size=SUFFIX_LENGTH, max_size=SUFFIX_LENGTH))
def test_every_suffix_of_the_alphabet_is_one_uuid_or_too_large(suffix: str) -> None:
    if suffix[0] > "7":
        with pytest.raises(MalformedIdError):
            split(f"apt_{suffix}")
    else:
        assert encode(*split(f"apt_{suffix}")) == f"apt_{suffix}"


def test_an_id_of_another_kind_is_refused() -> None:
    with pytest.raises(MalformedIdError, match="apt_"):
        decode("apt", encode("stu", new_id()))


def test_new_ids_are_of_version_7_and_sort_by_their_making() -> None:
    made = [new_id() for _ in range(1_000)]
    assert {id.version for id in made} == {7}
    assert sorted(made) == made
    assert len(set(made)) == len(made)
