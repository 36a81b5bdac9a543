"""Calls of resolvers: one for all parents of a level, none twice, and mutations one after the other."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from graphql import ExecutionResult, parse

from execution import Plans
from tests.execution.both import compiled, core
from tests.execution.comparing import assert_same
from tests.execution.world import Body, Box, BoxRow, Context, Person, PlantedError, Robot, World

BOTH = pytest.mark.parametrize("plans", [core, compiled], ids=["graphql-core", "compiled"])


class Crowd(World):
    """A world where every list has as many objects as wanted, and single attributes can be spoilt."""

    def __init__(self, count: int, spoilt: dict[str, Any] | None = None) -> None:
        super().__init__(0, 0.0)
        object.__setattr__(self, "count", count)
        object.__setattr__(self, "spoilt", spoilt or {})

    def leaf(self, identity: str, name: str) -> Any:
        """The value, or the one that was put in its place for names ending so."""
        for key, value in self.spoilt.items():  # type: ignore[attr-defined]
            ending, _, attribute = key.rpartition(":")
            if attribute == name and identity.endswith(ending):
                if isinstance(value, Exception):
                    raise value
                return value
        return super().leaf(identity, name)

    def refusal(self, name: str, arguments: str) -> Exception | None:
        """The one that was planted."""
        refusal: Exception | None = self.spoilt.get(f"refusal:{name}")  # type: ignore[attr-defined]
        return refusal

    def thing(self, identity: str, name: str, *, may_be_null: bool = False, kinds: str = "PRB") -> Any:
        """An object, never null; kinds take turns."""
        spoilt = self.spoilt.get(f"thing:{name}")  # type: ignore[attr-defined]
        return spoilt if spoilt is not None else self.made(kinds[len(identity) % len(kinds)], f"{identity}.{name}")

    def things(self, identity: str, name: str, *, kinds: str = "PRB") -> Any:
        """As many as wanted."""
        count: int = self.count  # type: ignore[attr-defined]
        return [self.made(kinds[index % len(kinds)], f"{identity}.{index}") for index in range(count)]


class Late(Crowd):
    """The same, where every label has to be awaited."""

    def chance(self, *of: Any) -> Any:
        """Dice that always fall on the label that comes late."""
        dice: Any = super().chance(*of)
        if of[-1] == "label":
            dice.random, dice.choice = lambda: -1.0, lambda kinds: kinds[1]
        return dice


async def answered(plans: Plans, text: str, world: World) -> tuple[ExecutionResult, list[tuple[str, int]]]:
    """The answer to a document, and the calls that were made for it."""
    context = Context(world)
    return await plans.execute(parse(text), context=context), context.calls


@BOTH
@pytest.mark.parametrize("count", [1, 50])
async def test_a_batched_field_is_one_call_for_any_number_of_parents(plans: Plans, count: int) -> None:
    result, calls = await answered(plans, "{ boxes { key owner { key boss { key } } } }", Crowd(count))
    assert result.errors is None
    assert calls == [("boxes", 1), ("owner", count), ("boss", count)]


@BOTH
async def test_parents_of_several_types_share_the_call_of_their_interface(plans: Plans) -> None:
    world = Crowd(12)
    result, calls = await answered(plans, "{ boxes { owners { __typename friend { key } } } }", world)
    assert result.data is not None
    names = {owner["__typename"] for box in result.data["boxes"] for owner in box["owners"]}
    assert names == {"Person", "Robot"}
    assert [call for call in calls if call[0] == "friend"] == [("friend", 144)]


@BOTH
async def test_the_same_field_under_two_keys_is_two_calls(plans: Plans) -> None:
    result, calls = await answered(plans, "{ boxes { a: owner { key } b: owner { text } } }", Crowd(3))
    assert result.errors is None
    assert sorted(calls) == [("boxes", 1), ("owner", 3), ("owner", 3)]


async def test_a_value_that_needs_care_does_not_make_its_parents_be_asked_twice() -> None:
    world = Crowd(5, {".3:maybe_text": PlantedError("spoilt")})
    text = "{ boxes { maybeText owner { key } } }"
    result, calls = await answered(compiled, text, world)
    assert_same((await answered(core, text, world))[0], result)
    assert calls == [("boxes", 1), ("owner", 5)]


async def test_an_error_at_the_root_does_not_make_its_neighbours_be_asked_twice() -> None:
    text = "{ shelf { boxes { key } } broken }"
    result, calls = await answered(compiled, text, Crowd(2))
    assert_same((await answered(core, text, Crowd(2)))[0], result)
    assert calls == [("shelved", 1)]


@pytest.mark.parametrize("how", ["thing", "refusal"])
async def test_many_failures_that_make_one_place_null_are_told_once(how: str) -> None:
    world = Crowd(4, {f"{how}:owner": PlantedError("no owner")})
    text = "{ shelf { text boxes { owner { key } } } }"
    result, _ = await answered(compiled, text, world)
    expected, _ = await answered(core, text, world)
    assert_same(expected, result)
    assert result.data == {"shelf": None}
    assert [error.path for error in result.errors or []] == [["shelf", "boxes", 0, "owner"]]


@pytest.mark.parametrize("spoilt", ["refusal:friend", "thing:friend", ":maybe_colour"])
async def test_errors_of_parents_of_several_types_are_told_as_the_parents_stand(spoilt: str) -> None:
    world = Crowd(5, {spoilt: PlantedError("no friend")})
    text = "{ boxes { owners { friend { maybeColour } } } }"
    result, _ = await answered(compiled, text, world)
    expected, _ = await answered(core, text, world)
    assert_same(expected, result)
    places = [error.path[:4] for error in result.errors or [] if error.path]
    assert places == [["boxes", box, "owners", owner] for box in range(5) for owner in range(5)]


async def test_a_plain_value_that_must_be_awaited_is_told_of_behind_those_that_need_not() -> None:
    world = Late(2, {":maybe_text": PlantedError("spoilt")})
    text = "{ box { inside { label { box { maybeText } } maybeText } } }"
    result, _ = await answered(compiled, text, world)
    assert_same((await answered(core, text, world))[0], result)
    assert [error.path for error in result.errors or []] == [
        ["box", "inside", index, *keys] for keys in (["maybeText"], ["label", "box", "maybeText"]) for index in range(2)
    ]


async def test_where_a_plain_value_is_still_awaited_null_goes_up_as_from_any_other() -> None:
    text = "{ things { ... on Box { inside { label { text box { maybeText } } number } } } }"
    for spoilt, place in (("2.1:text", [1, "label", "text"]), ("2.1:number", [1, "number"])):
        world = Late(3, {spoilt: ["wrong"], "2.0:maybe_text": PlantedError("spoilt")})
        result, _ = await answered(compiled, text, world)
        assert_same((await answered(core, text, world))[0], result)
        assert (result.data or {})["things"][2] is None
        assert (result.errors or [])[-1].path == ["things", 2, "inside", *place]


async def test_who_has_become_null_is_not_asked_for_anything_more() -> None:
    world = Crowd(3, {"thing:owner": PlantedError("no owner")})
    result, calls = await answered(compiled, "{ shelf { boxes { owner { key } thing { __typename } } } }", world)
    assert result.data == {"shelf": None}
    assert ("thing", 1) not in calls


@BOTH
async def test_root_fields_of_a_mutation_run_one_after_the_other(plans: Plans) -> None:
    text = "mutation { change { owner { key } } shelf { box { inner { owner { key } } } } many { owner { key } } }"
    result, calls = await answered(plans, text, Crowd(2))
    assert result.errors is None
    assert calls == [("change", 1), ("owner", 1), ("front", 1), ("owner", 1), ("many", 1), ("owner", 2)]


@BOTH
async def test_a_mutation_stops_where_the_whole_answer_has_become_null(plans: Plans) -> None:
    world = Crowd(1, {"thing:replace": PlantedError("not replaced")})
    result, calls = await answered(plans, "mutation { change { key } replace { key } many { key } }", world)
    assert result.data is None
    assert calls == [("change", 1), ("replace", 1)]


@BOTH
async def test_an_error_keeps_its_extensions_and_its_origin(plans: Plans) -> None:
    origin = PlantedError("why")
    result, _ = await answered(plans, "{ box { maybeText } }", Crowd(1, {":maybe_text": origin}))
    (error,) = result.errors or []
    assert error.original_error is origin
    assert error.path == ["box", "maybeText"]


@BOTH
async def test_a_cancelled_request_is_not_an_error_of_a_field(plans: Plans) -> None:
    class Cancelling(World):
        def thing(self, identity: str, name: str, *, may_be_null: bool = False, kinds: str = "PRB") -> Any:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await answered(plans, "{ box { key } }", Cancelling(0, 0.0))


@pytest.mark.parametrize("of", [Box, BoxRow])
async def test_objects_and_rows_answer_the_same(of: type[Box]) -> None:
    class Of(Crowd):
        def made(self, kind: str, identity: str) -> Any:
            kinds: dict[str, type[Body]] = {"P": Person, "R": Robot, "B": of}
            return kinds[kind](self, identity)

    text = (
        "{ boxes { key text number real flag colour level at words matrix inner { key } inside { key } grid { key } } }"
    )
    result, _ = await answered(compiled, text, Of(3))
    assert result.errors is None
    assert_same((await answered(core, text, Of(3)))[0], result)


async def test_a_row_that_answers_a_column_in_its_own_way_is_asked_for_the_attribute() -> None:
    class Shouting(BoxRow):
        @property
        def text(self) -> str:
            """Not what the column says."""
            return "HELLO"

    class Of(Crowd):
        def made(self, kind: str, identity: str) -> Any:
            return Shouting(self, identity)

    result, _ = await answered(compiled, "{ boxes { key text } box { number } }", Of(2))
    assert result.data is not None
    assert [box["text"] for box in result.data["boxes"]] == ["HELLO", "HELLO"]
    assert_same((await answered(core, "{ boxes { key text } box { number } }", Of(2)))[0], result)
