"""Makes `python -m cli` work."""

import gc

gc.disable()  # as in `app`, for what every command loads

from cli.commands import commands

gc.freeze()
gc.enable()

commands(prog_name="cli")
