"""`inviscid stats`: the figures of the whole store."""

from __future__ import annotations

from inviscid.cli.output import AsJson, StorePath, open_store, print_json, print_table, reported, say
from inviscid.cli.units import show_seconds, show_size


def stats(store: StorePath = None, as_json: AsJson = False) -> None:
    """Show what the store holds, what it saved, and what became of calls."""
    with reported():
        opened = open_store(store)
        found = opened.stats()
        if as_json:
            outcomes = {name: {"count": count, "seconds": took} for name, (count, took) in found.outcomes.items()}
            print_json({**found._asdict(), "outcomes": outcomes})
            return
        if not opened.exists():
            say(f"there is no store at {opened.path}", err=True)
            return
        rows = [
            ("store", found.path),
            ("functions", str(found.functions)),
            ("entries", str(found.entries)),
            ("size", show_size(found.bytes)),
            ("computed", show_seconds(found.seconds)),
            ("saved", show_seconds(found.saved)),
            ("pins", str(found.pins)),
            ("quarantined", str(found.quarantined)),
            ("forms", f"{found.forms}, {show_size(found.form_bytes)}"),
            ("manifests", f"{found.manifests}, {show_size(found.manifest_bytes)}"),
        ]
        rows += [(name, f"{count}, {show_seconds(took)}") for name, (count, took) in found.outcomes.items()]
        print_table(("", ""), rows)
