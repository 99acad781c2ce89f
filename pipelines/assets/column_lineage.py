"""Column lineage for the web UI, computed once for each version of the SQL: a location must load quickly."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg

from sql.catalog import Catalogue

Origins = dict[str, dict[str, list[list[str]]]]
"""By table and column, the [table, column] pairs it is computed from; plain lists, as JSON gives them back."""


def remembered_origins(catalogue: Catalogue, file: Path | None) -> Origins:
    """The origins of every model's columns, from `file` when it is of this SQL; else computed (seconds) and kept there.

    A file that cannot be read or written costs only the computing.
    """
    fingerprint = catalogue.fingerprint()
    try:
        kept = json.loads(file.read_text(encoding="utf-8")) if file else {}
        if kept.get("fingerprint") == fingerprint:
            return dict(kept["origins"])
    except (OSError, ValueError, AttributeError, KeyError):
        pass
    from sql.lineage import column_lineage  # it brings sqlglot's optimizer: not for a night

    found = {
        table: {column: [list(pair) for pair in sorted(pairs)] for column, pairs in columns.items()}
        for table, columns in column_lineage(catalogue).items()
    }
    if file and file.parent.is_dir():
        _keep(file, json.dumps({"fingerprint": fingerprint, "origins": found}))
    return found


def as_dagster(columns: dict[str, list[list[str]]]) -> dg.TableColumnLineage:
    """One table's origins in Dagster's words."""
    return dg.TableColumnLineage(
        {
            column: [dg.TableColumnDep(dg.AssetKey(table.split(".")), origin) for table, origin in pairs]
            for column, pairs in columns.items()
        }
    )


def _keep(file: Path, text: str) -> None:
    aside = file.with_suffix(".tmp")
    try:
        aside.write_text(text, encoding="utf-8")
        aside.replace(file)
    except OSError:
        aside.unlink(missing_ok=True)
