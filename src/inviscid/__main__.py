"""The commands: ``python -m inviscid``, or ``inviscid``."""

from __future__ import annotations


def main() -> None:
    """Run the command that the arguments name, and leave with its code: 0 done, 1 something is wrong, 2 usage."""
    from inviscid.cli.app import app

    app(prog_name="inviscid")


if __name__ == "__main__":
    main()
