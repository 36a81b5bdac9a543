"""A refusal about an input names it: found in the source, wherever one is made."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
ABOUT_NO_INPUT = {
    "Only the practice's owner manages its office users.": "who acts",
    "The practice already has an owner.": "a race that a constraint ends, of several verbs",
    "The server is busy with other sign-ins.": "the server",
    "This account already has a second factor.": "takes no input",
    "No authenticator is being set up.": "what came before",
    "This account has no second factor.": "what came before",
    "This access has lapsed: it is confirmed every 90 days.": "who acts",
    "This session has ended.": "who acts",
    "This session has not lapsed.": "the worker's own",
    "This request is not overdue.": "the worker asks it",
    "This cannot be joined to your account: what is known of both does not go together.": "two persons",
    "Nobody approves what they drafted.": "who acts",
    "This is approved already.": "a draft, which each verb names by a field of its own",
    "Nothing waits here for an approval.": "a draft, which each verb names by a field of its own",
    "Too many attempts.": "who asks",
    "There is no campus sign-in here.": "a page of the browser, no mutation",
    "There is no credit left.": "a race that a constraint ends, of several verbs",
    "There is already an OPS member.": "a command, no mutation",
    "The payout details have changed in the meantime.": "a race that a constraint ends",
    "Somebody else has just taken this task.": "a race that a constraint ends, of several verbs",
    "This task is about yourself.": "who acts; a verb that looks before names its input",
    "Your membership has ended.": "who acts",
    "This server's clock does not move.": "the server",
    "Too many of your jobs wait or run.": "who asks",
    "Too many of your uploads wait to be sent or used.": "who asks",
    "This address was used already.": "an address, no mutation",
    "Nothing is to be changed.": "none of several was given",
    "message": "a row of an import, which is named by its number",
    "message_of(needed)": "who asks",
    "Only an image or resource in use can be published.": "a file, which each verb names by a field of its own",
}
"""Why a refusal names no input."""


def refusals_without_a_path() -> set[str]:
    """The messages of refusals that are made without a path; of one that is put together, how."""
    return {
        str(call.args[1].value) if isinstance(call.args[1], ast.Constant) else ast.unparse(call.args[1])
        for folder in ("models", "resolvers", "operations")
        for file in (ROOT / folder).rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "Refusal"
        and not any(keyword.arg == "path" for keyword in call.keywords)
    }


def test_a_refusal_about_an_input_names_it() -> None:
    assert refusals_without_a_path() == ABOUT_NO_INPUT.keys()
