"""Makes `python -m cli` work."""

from cli.commands import commands

commands(prog_name="cli")
