"""How a person names a table: with its schema or without, in any case."""

from __future__ import annotations

from collections.abc import Iterable

from models.errors import UsageError


def table_named(word: str, tables: Iterable[str]) -> str | None:
    """`marts.rep_activity_daily` for itself and for `rep_activity_daily`; None for no table. UsageError for several."""
    wanted = word.strip().lower()
    found = [name for name in tables if wanted in (name, name.split(".")[1])]
    if len(found) > 1:
        raise UsageError(f"several tables are called '{word}': {', '.join(found)}", "Name it with its schema.")
    return found[0] if found else None
