"""What a person sees when the server is ready: its address, and on a demo server who may sign in and what to ask."""

import importlib
import importlib.util
from typing import Protocol

from settings import Settings


class DemoAccount(Protocol):
    """What `demo.ACCOUNTS` tells about one account."""

    role: str
    sign_in: str
    first_query: str


def welcome(settings: Settings) -> str:
    """The lines to print once the server answers."""
    lines = [f"Home       {settings.address}/", f"GraphiQL   {settings.address}/graphiql"]
    if settings.smtp_url is None:
        lines.append(f"Mail       {settings.address}/dev/mail")
    if settings.env == "demo" and importlib.util.find_spec("demo") is not None:
        demo = importlib.import_module("demo")
        lines += ["", f"Demo accounts (password {demo.PASSWORD})", *_table(demo.ACCOUNTS)]
    lines += ["", "Ctrl-C stops everything."]
    return "\n".join(lines)


def _table(accounts: tuple[DemoAccount, ...]) -> list[str]:
    rows = [("role", "sign in as", "first query")]
    rows += [(account.role, account.sign_in, " ".join(account.first_query.split())) for account in accounts]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return [f"  {role:<{widths[0]}}  {sign_in:<{widths[1]}}  {query}" for role, sign_in, query in rows]
