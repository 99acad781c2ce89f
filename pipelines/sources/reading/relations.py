"""SQL text of relations: names and paths of ours quoted so that DuckDB takes them as they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def quoted_name(name: str) -> str:
    """A column's name inside double quotes."""
    return '"' + name.replace('"', '""') + '"'


def quoted_text(text: str) -> str:
    """A text literal."""
    return "'" + text.replace("'", "''") + "'"


def quoted_path(path: Path) -> str:
    """A path literal in which no character is a wildcard."""
    return quoted_text("".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path)))


def parquet_parts(parts: Sequence[Path], columns: Sequence[str]) -> str:
    """The rows of Parquet parts, one after the other; a column that an early part lacks is NULL there."""
    names = ", ".join(quoted_name(column) for column in columns)
    paths = ", ".join(quoted_path(part) for part in parts)
    return f"(select {names} from read_parquet([{paths}], union_by_name = true))"


def empty_relation(columns: Sequence[str]) -> str:
    """No rows of these columns."""
    names = ", ".join(f"cast(null as varchar) as {quoted_name(column)}" for column in columns) or "null as no_column"
    return f"(select {names} where false)"
