"""`touchline`: the command line. Commands are in pipelines/commands; here they are gathered, and errors get exit codes.

Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 3 blocked by a check, 4 another night is running.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import NoReturn

import typer

from models.errors import TouchlineError
from models.personal import masked
from models.shown import shown
from pipelines.collecting import cycles_sought_rarely
from pipelines.commands.alerts import alerts
from pipelines.commands.backfill import backfill
from pipelines.commands.demo import demo
from pipelines.commands.dev import dev
from pipelines.commands.dictionary import dictionary
from pipelines.commands.doctor import doctor
from pipelines.commands.explain import explain
from pipelines.commands.export import export
from pipelines.commands.forget import forget
from pipelines.commands.init import init
from pipelines.commands.inspect import inspect
from pipelines.commands.pull import pull
from pipelines.commands.quarantine import quarantine
from pipelines.commands.query import query
from pipelines.commands.rollback import rollback
from pipelines.commands.run import run
from pipelines.commands.status import status
from pipelines.night.storage import storage_error

app = typer.Typer(
    name="touchline",
    help="Sales activity metrics from CRM exports: every row accounted for, one trusted DuckDB file.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (
    init, demo, inspect, run, backfill, rollback, status, query, export, pull, explain, dictionary, forget, doctor, dev,
):  # fmt: skip
    app.command()(command)
app.add_typer(quarantine)
app.add_typer(alerts)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run one command and exit; a person never sees a traceback unless TOUCHLINE_DEBUG=1 asks for it."""
    _let_write()
    try:
        with cycles_sought_rarely():
            app(arguments)
    except TouchlineError as error:
        _complain(str(error))
        sys.exit(error.exit_code)
    except Exception as error:
        if os.environ.get("TOUCHLINE_DEBUG") == "1":
            raise
        fault = storage_error(error, "This cannot be done", Path.cwd())
        if fault is not None:
            _complain(str(fault))
            sys.exit(fault.exit_code)
        _complain(
            f"{type(error).__name__}: {masked(str(error))}\n  → This is a fault of Touchline: TOUCHLINE_DEBUG=1 shows where."
        )
        sys.exit(1)
    sys.exit(0)


def _let_write() -> None:
    """What cannot be said, because output is closed or its encoding lacks a letter, fails no command."""
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    elif isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _complain(message: str) -> None:
    print(f"touchline: {shown(message)}", file=sys.stderr)
