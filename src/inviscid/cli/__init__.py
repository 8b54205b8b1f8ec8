"""The commands. Nothing but `inviscid.__main__` imports this package: typer and rich are no part of a call."""
