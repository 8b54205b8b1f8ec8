"""What a store holds, as one page for people: what is collected, and how it is drawn.

A *card* is all that is told of one function; a *line* of it is one entry; its *definitions* are what its newest entry
reached. Nothing here is computed by user code: all comes from the store and from `inviscid.lock`.
"""

from inviscid.report.cards import notebook_card
from inviscid.report.collect import Card, Definition, Line, Report, collect
from inviscid.report.page import page
from inviscid.report.write import plain, write

__all__ = ["Card", "Definition", "Line", "Report", "collect", "notebook_card", "page", "plain", "write"]
