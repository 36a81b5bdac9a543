"""The pool of connections, thin: taking one and giving it back costs no round trip, no task and no timer.

It is Tortoise's engine `database.pool`; statements by hand go through the same client.
"""

from database.pool.client import Client
from database.pool.connections import Pool

client_class = Client
"""Where Tortoise looks for it."""

__all__ = ["Client", "Pool", "client_class"]
