"""Parquet as text: every column cast to the text that the contracts' kinds expect, inside DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from models.errors import UnreadableFileError
from models.fields import BLANKS
from models.mapping import ReadOptions
from pipelines.sources.reading.headers import check_columns, no_header
from pipelines.sources.reading.relations import quoted_name, quoted_path, quoted_text
from pipelines.sources.reading.rows import FollowingLines, TextRows


def read_parquet(
    connection: duckdb.DuckDBPyConnection, path: Path, options: ReadOptions, *, every_page: bool
) -> TextRows:
    """The file's rows by its metadata; `every_page` reads all of it first, to refuse one that is damaged inside.

    Raises UnreadableFileError corrupt_parquet, duplicate_header or no_header.
    """
    source = f"read_parquet({quoted_path(path)})"
    try:
        check_columns(_top_names(connection, path))
        described = connection.sql(f"from {source}")
        cells = [
            cell
            for name, kind in zip(described.columns, described.types, strict=True)
            for cell in _cells(name.strip(BLANKS), quoted_name(name), kind)
        ]
        relation = _relation(source, cells, options.null_values)
        counted = connection.execute(
            f"select coalesce(sum(num_rows), 0)::bigint from parquet_file_metadata({quoted_path(path)})"
        ).fetchone()
        if every_page:
            connection.execute(f"select bit_xor(hash(whole)) from {relation} as whole").fetchall()
    except duckdb.Error as error:
        raise UnreadableFileError(
            "corrupt_parquet",
            f"the Parquet file is damaged or encrypted: {str(error).splitlines()[0]}",
            "transfer or export it again",
        ) from error
    columns = tuple(name for name, _ in cells)
    return TextRows(
        relation, columns, int(counted[0]) if counted else 0, 0, (), "slow" if every_page else "fast", FollowingLines(1)
    )


def _relation(source: str, cells: list[tuple[str, str]], null_values: tuple[str, ...]) -> str:
    if not cells or not all(name for name, _ in cells):
        raise no_header("a column of the Parquet file has no name")
    check_columns(name for name, _ in cells)
    nulls = ", ".join(quoted_text(text.strip(BLANKS)) for text in null_values)
    texts = [
        f"case when trim({text}, {quoted_text(BLANKS)}) not in ({nulls}) then {text} end" if nulls else text
        for _, text in cells
    ]
    named = ", ".join(f"{text} as {quoted_name(name)}" for (name, _), text in zip(cells, texts, strict=True))
    return f"(select {named} from {source})"


def _top_names(connection: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    """Column names as the file has them: DuckDB renames the second of two equal ones."""
    found = connection.execute(
        f"select name, coalesce(num_children, 0) from parquet_schema({quoted_path(path)})"
    ).fetchall()
    names, inside = [], 0
    for name, children in found[1:]:
        if inside == 0:
            names.append(str(name).strip(BLANKS))
        inside += int(children) - (inside > 0)
    return names


def _cells(name: str, value: str, kind: Any) -> Iterator[tuple[str, str]]:
    """The text columns of a column: one, or one for each field of a struct, with dotted names."""
    if kind.id == "struct":
        for field, inner in kind.children:
            yield from _cells(f"{name}.{field}", f"struct_extract({value}, {quoted_text(field)})", inner)
    else:
        yield name, _text(value, kind)


def _text(value: str, kind: Any) -> str:
    """SQL for a value's canonical text, whatever the session's time zone."""
    if kind.id in ("list", "array"):
        item = kind.children[0][1]
        texts = (
            value if item.id in ("struct", "map", "list", "array") else f"[{_text('item', item)} for item in {value}]"
        )
        return f"cast(to_json({texts}) as varchar)"
    if kind.id in ("map", "union"):
        return f"cast(to_json({value}) as varchar)"
    if kind.id == "timestamp with time zone":
        return f"strftime({value} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"
    if kind.id == "timestamp_ns":
        return f"cast(cast({value} as timestamp) as varchar)"
    if kind.id in ("double", "float"):
        whole = f"abs({value}) < 1e15 and {value} = trunc({value})"
        return f"case when {whole} then cast(cast({value} as bigint) as varchar) else cast({value} as varchar) end"
    return f"cast({value} as varchar)"
