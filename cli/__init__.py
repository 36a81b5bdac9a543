"""The program's commands, called by `python -m cli`."""
