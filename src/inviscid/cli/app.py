"""The application: every command under its name."""

from __future__ import annotations

import typer

from inviscid.cli.accept import accept
from inviscid.cli.clean import clean
from inviscid.cli.doctor import doctor
from inviscid.cli.explain import explain
from inviscid.cli.frozen import freeze, status, thaw
from inviscid.cli.gc import gc
from inviscid.cli.ls import ls
from inviscid.cli.plan import plan
from inviscid.cli.report import report
from inviscid.cli.show import show
from inviscid.cli.stats import stats
from inviscid.cli.verify import verify

app = typer.Typer(
    name="inviscid",
    help="Look after stored results.",
    no_args_is_help=True,
    # The frames of this package tell a user nothing, and the values in them may be secret.
    pretty_exceptions_enable=False,
)
for command in (ls, show, stats, report, accept, freeze, thaw, status, clean, gc, doctor):
    app.command()(command)
# An argument may be a negative number.
app.command(context_settings={"ignore_unknown_options": True})(explain)
# All behind the script belongs to the script.
_AS_THEY_ARE = {"ignore_unknown_options": True, "allow_interspersed_args": False}
app.command(context_settings=_AS_THEY_ARE)(plan)
app.command(context_settings=_AS_THEY_ARE)(verify)
