"""Who is written to of accounts, links and staff: verified addresses of accounts that are open (ID-7)."""

from __future__ import annotations

from models.base.recipients import recipient

LINK_ID = (
    "CASE WHEN e.data ->> 'link' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN (e.data ->> 'link')::uuid END"
)
"""The secret link of an event. Whatever else an event may hold there is no link, and no error."""


def members(which: str, *, beside: str = "") -> str:
    """The SQL of a recipient: who holds a membership `held` that meets a condition on it and on the event `e`.

    `beside` joins what the condition needs. An office user who lapsed before the event is not among them (ID-4).
    """
    return f"""
SELECT DISTINCT e.id AS event_id, holder.id AS account_id, holder.email AS address
  FROM events e {beside}
  JOIN memberships held ON {which} AND held.ended_at IS NULL
       AND (held.revalidate_by IS NULL OR held.revalidate_by > e.at)
  JOIN accounts holder ON holder.id = held.account_id AND holder.disabled_at IS NULL
       AND holder.email_verified_at IS NOT NULL
 WHERE e.id = ANY ($1)
"""


def address_of_person(table: str, column: str) -> str:
    """The SQL of a recipient that is a student or provider of the event.

    It is the verified address of the account that acts for them, else their own; none if the account is shut (ID-7).
    """
    return f"""
SELECT e.id AS event_id, actor.id AS account_id,
       CASE WHEN actor.email_verified_at IS NOT NULL AND EXISTS (
            SELECT 1 FROM memberships held WHERE held.account_id = actor.id AND held.{column} = {table}.id
               AND held.ended_at IS NULL) THEN actor.email
            ELSE {table}.email END AS address
  FROM events e
  JOIN {table} ON {table}.id = e.{column}
  LEFT JOIN accounts actor ON actor.person_id = {table}.person_id
 WHERE e.id = ANY ($1) AND actor.disabled_at IS NULL
"""


def address_of_link(column: str) -> str:
    """The SQL of a recipient that is an address of the event's secret link."""
    return f"""
SELECT e.id AS event_id, NULL::uuid AS account_id, secret_links.{column} AS address
  FROM events e JOIN secret_links ON secret_links.id = {LINK_ID}
 WHERE e.id = ANY ($1) AND secret_links.{column} IS NOT NULL
"""


OPS = recipient("OPS", members("held.role = 'OPS'"))
"""Everybody of OPS."""

FINANCE = recipient("FINANCE", members("held.role = 'FINANCE'"), instead=OPS)
"""Everybody of FINANCE."""

ACCOUNT = recipient(
    "ACCOUNT",
    """
SELECT e.id AS event_id, accounts.id AS account_id, accounts.email AS address
  FROM events e JOIN accounts ON accounts.id = e.subject_id AND accounts.disabled_at IS NULL
 WHERE e.id = ANY ($1) AND e.subject_type = 'acc'
""",
)
"""The account that the event is about, verified or not: it is told what was done to it."""

LINK = recipient("LINK", address_of_link("email"))
"""The address that a secret link was made for: of an invitation, or one that is to be verified."""

FORMER = recipient("FORMER", address_of_link("replaced_email"))
"""The address that an account had until a link changed it."""

OWNER = recipient(
    "OWNER",
    members(
        "held.practice_id = member.practice_id AND held.is_owner",
        beside="JOIN memberships member ON member.id = e.subject_id AND e.subject_type = 'mem'",
    ),
)
"""The owner of the practice of an office user."""
