"""Landed API pages: one JSON line a page, its records taken out by the paths of the mapping; gathered lists are sorted,
since no vendor promises their order.

A line was an answer that parsed when it was fetched. What is read is text; whether it keeps the contract is judged
like any other row. `line_of` gives a record's place (from 1) in the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from models.errors import UnreadableFileError
from models.pages import PagePath, Pages
from pipelines.sources.reading.relations import empty_relation, quoted_name, quoted_path, quoted_text
from pipelines.sources.reading.rows import FollowingLines, TextRows

_LARGEST_LINE = 512 << 20
_Tree = dict[str, Any]


def read_pages(connection: duckdb.DuckDBPyConnection, path: Path, pages: Pages) -> TextRows:
    """The records of all pages. Raises UnreadableFileError bad_json when a line is no JSON."""
    columns = tuple(pages.columns)
    relation = _relation(path, pages)
    try:
        rows, nulls = connection.execute(
            f"select count(*) filter (_record is not null), count(*) filter (_record is null) from {_records(path, pages)}"
        ).fetchone() or (0, 0)
    except duckdb.Error as error:
        raise UnreadableFileError(
            "bad_json", f"a landed page is no JSON: {str(error).splitlines()[0]}", "Fetch it again: touchline doctor"
        ) from error
    return TextRows(
        relation=relation if rows else empty_relation(columns),
        columns=columns,
        rows=rows,
        ignored=nulls,
        rejects=(),
        path_taken="pages",
        lines=FollowingLines(1),
    )


def _relation(path: Path, pages: Pages) -> str:
    texts = [f"{_first_of(paths)} as {quoted_name(name)}" for name, paths in pages.columns.items()]
    return f"(select {', '.join(texts)} from {_records(path, pages)} where _record is not null)"


def _records(path: Path, pages: Pages) -> str:
    """One row a record: `_line` the page, `_outer` the record, `_record` the inner item or the record itself."""
    lines = (
        f"select json_transform(json, {quoted_text(_structure(pages))}) as _line"
        f" from read_ndjson_objects({quoted_path(path)}, maximum_object_size = {_LARGEST_LINE})"
    )
    outer = f"select _line, unnest({_at('_line', pages.records)}) as _outer from ({lines})"
    if pages.inner is None:
        return f"(select _line, _outer, _outer as _record from ({outer}))"
    return f"(select _line, _outer, unnest({_at('_outer', pages.inner)}) as _record from ({outer}))"


def _first_of(paths: Iterable[PagePath]) -> str:
    texts = [_text(path) for path in paths]
    return texts[0] if len(texts) == 1 else f"coalesce({', '.join(texts)})"


def _text(path: PagePath) -> str:
    """A list is a set here: vendors name a link once a type, and in any order, and the same record must read the same."""
    if path.path is not None:
        return _at("_outer" if path.path.startswith("^") else "_record", path.path.removeprefix("^"))
    items = _at("_record", str(path.each))
    if path.lookup is not None:
        own = f"list_filter({_at('_line', path.lookup)}, lambda one: {_at('one', str(path.by))} = _record.id)[1]"
        items = _at(own, str(path.each))
    values = items if path.take is None else f"list_transform({items}, lambda item: {_at('item', path.take)})"
    if path.first:
        return f"({values})[1]"
    each_once = f"list_sort(list_distinct({values}))"
    return f"case when len({each_once}) > 0 then to_json({each_once})::varchar end"


def _at(start: str, path: str) -> str:
    return ".".join([start, *(quoted_name(name) for name in path.split("."))]) if path else start


def _structure(pages: Pages) -> str:
    """What json_transform is to take out of a line: every leaf as text, whatever its type is."""
    record: _Tree = {}
    inner: _Tree = record if pages.inner is None else {}
    line: _Tree = {}
    for path in (path for paths in pages.columns.values() for path in paths):
        if path.path is not None:
            target = record if path.path.startswith("^") else inner
            _put(target, path.path.removeprefix("^"), "VARCHAR")
        elif path.lookup is not None:
            member: _Tree = {}
            _put(member, str(path.by), "VARCHAR")
            _put(member, str(path.each), [_leaf(path)])
            _merge(_list_at(line, path.lookup), member)
        else:
            _merge(_list_at(inner, str(path.each)), _leaf(path))
    if pages.inner is not None:
        _put(record, pages.inner, [inner])
    _put(line, pages.records, [record])
    return json.dumps(line)


def _leaf(path: PagePath) -> Any:
    if path.take is None:
        return "VARCHAR"
    leaf: _Tree = {}
    _put(leaf, path.take, "VARCHAR")
    return leaf


def _put(tree: _Tree, path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for name in parents:
        tree = tree.setdefault(name, {})
    tree[last] = value


def _list_at(tree: _Tree, path: str) -> list[Any]:
    """The list at a path, made when it is not there."""
    *parents, last = path.split(".")
    for name in parents:
        tree = tree.setdefault(name, {})
    found: list[Any] = tree.setdefault(last, [{}])
    return found


def _merge(target: list[Any], member: Any) -> None:
    if isinstance(member, dict) and isinstance(target[0], dict):
        for name, value in member.items():
            target[0].setdefault(name, value)
    else:
        target[0] = member
