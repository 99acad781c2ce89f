"""What people's orders mean to a night: which are still to be carried out, which rows and files are dismissed.

Rows are named by their file's content, the object that was read from it, and the line, never by a load's id: after a
rollback the same file has another id.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import duckdb

from pipelines.night.generation import Generation
from pipelines.night.operator import Order, Target, read_orders
from sql.warehouse import open_published

FileKey = tuple[str, str, str, str]
"""Source, entity and sha256 of a landed file, and the CRM's object that is read from it (blank for other sources)."""
Readings = Mapping[tuple[str, str, str], Collection[str]]
"""The objects that are, or were, read from a file, by its source, entity and sha256."""


@dataclass(frozen=True)
class Dismissal:
    """When somebody dismissed a row or a file, and why."""

    at: datetime
    reason: str | None


@dataclass(frozen=True)
class Dismissed:
    """Everything that is dismissed: rows by file and line, and whole refused files."""

    lines: Mapping[FileKey, Mapping[int, Dismissal]] = field(default_factory=dict)
    files: Mapping[FileKey, Dismissal] = field(default_factory=dict)

    def lines_of(self, key: FileKey) -> frozenset[int]:
        """The dismissed lines of one file."""
        return frozenset(self.lines.get(key, ()))


@dataclass(frozen=True)
class Orders:
    """`pending` are the orders that the published generation lacks; `dismissed` is what stands once they are done."""

    pending: tuple[Order, ...] = ()
    dismissed: Dismissed = Dismissed()

    @property
    def replays(self) -> bool:
        """Whether quarantined rows are to be judged again."""
        return any(order.kind == "replay" for order in self.pending)

    @property
    def erases(self) -> bool:
        """Whether somebody is to be forgotten."""
        return any(order.kind == "forget" for order in self.pending)

    def without_erasures(self) -> Orders:
        """What a dry run carries out: it must not touch what was landed."""
        return replace(self, pending=tuple(order for order in self.pending if order.kind != "forget"))

    def files_to_retry(self) -> frozenset[FileKey]:
        """Refused files that a pending replay names: they are read again though nothing changed."""
        replays = [order for order in self.pending if order.kind == "replay"]
        return frozenset(_key(target) for order in replays for target in order.targets if target.lines is None)


def orders_for(store: Path, previous: Generation | None, readings: Readings | None = None) -> Orders:
    """The orders of a night that builds on `previous`; an old one that names no object means each of the `readings`."""
    given = tuple(_exact(order, readings or {}) for order in read_orders(store))
    done, carried = (frozenset[str](), Dismissed()) if previous is None else _memory_of(previous)
    return Orders(tuple(order for order in given if order.order_id not in done), _after(carried, given))


def _exact(order: Order, readings: Readings) -> Order:
    targets: list[Target] = []
    for target in order.targets:
        read = readings.get((target.source, target.entity, target.file_sha256), ()) if target.object is None else ()
        targets += [replace(target, object=name) for name in sorted(read)] or [target]
    return replace(order, targets=tuple(targets))


def _memory_of(generation: Generation) -> tuple[frozenset[str], Dismissed]:
    """The orders that a generation holds and what stands dismissed in it, for when operator.sqlite is lost."""
    with open_published(generation.crm) as connection:
        try:
            done = connection.execute("select order_id from ops.operator_order").fetchall()
        except duckdb.CatalogException:
            return frozenset(), Dismissed()  # made before there were orders
        name = object_sql(connection)
        rows = connection.execute(
            f"""
            select load.source, load.entity, load.file_sha256, {name}, rejected.line_number, rejected.discarded_at,
                rejected.discard_reason
            from quarantine.rejected as rejected join ops.load as load using (load_id) where rejected.discarded_at is not null
            union all
            select source, entity, file_sha256, {name}, null, discarded_at, discard_reason
            from ops.load as load where discarded_at is not null
            """
        ).fetchall()
    lines: dict[FileKey, dict[int, Dismissal]] = {}
    files: dict[FileKey, Dismissal] = {}
    for *key, line, at, reason in rows:
        if line is None:
            files[tuple(key)] = Dismissal(at, reason)
        else:
            lines.setdefault(tuple(key), {})[line] = Dismissal(at, reason)
    return frozenset(order_id for (order_id,) in done), Dismissed(lines, files)


def _after(carried: Dismissed, orders: Iterable[Order]) -> Dismissed:
    """What is dismissed after all orders, in the order they were given; a replay takes a dismissal back."""
    lines = {key: dict(found) for key, found in carried.lines.items()}
    files = dict(carried.files)
    for order, target in ((one, target) for one in orders for target in one.targets):
        key, why = _key(target), Dismissal(order.given_at, order.reason)
        known = lines.setdefault(key, {})
        if order.kind == "discard":
            known.update(dict.fromkeys(target.lines or (), why))
            files.update({key: why} if target.lines is None else {})
            continue
        for line in target.lines or ():
            known.pop(line, None)
        if target.lines is None:
            files.pop(key, None)
    return Dismissed(lines, files)


def _key(target: Target) -> FileKey:
    return target.source, target.entity, target.file_sha256, target.object or ""


def object_sql(connection: duckdb.DuckDBPyConnection) -> str:
    """The object of a row of `ops.load as load`; a file of an earlier version knows none."""
    known = connection.execute("select * from ops.load limit 0").description or []
    return "coalesce(load.object, '')" if "object" in [column[0] for column in known] else "''"


def mark_dismissed(connection: duckdb.DuckDBPyConnection, dismissed: Dismissed) -> None:
    """Makes quarantine.rejected and ops.load say what is dismissed, and nothing else."""
    listed = [(*key, line, why) for key, lines in dismissed.lines.items() for line, why in lines.items()]
    rows = [(*key, None, why) for key, why in dismissed.files.items()] + listed
    _fill(connection, "staging.dismissed", "line_number bigint, given_at timestamptz, reason varchar", [
        (*key, line, why.at, why.reason) for *key, line, why in rows
    ])  # fmt: skip
    connection.execute(
        "update quarantine.rejected set discarded_at = null, discard_reason = null where discarded_at is not null"
    )
    connection.execute(
        """
        update quarantine.rejected as rejected set discarded_at = said.given_at, discard_reason = said.reason
        from staging.dismissed as said join ops.load as load using (source, entity, file_sha256)
        where rejected.load_id = load.load_id and rejected.line_number = said.line_number and rejected.replayed_at is null
            and coalesce(load.object, '') = said.object
        """
    )
    connection.execute("update ops.load set discarded_at = null, discard_reason = null where discarded_at is not null")
    connection.execute(
        """
        update ops.load as load set discarded_at = said.given_at, discard_reason = said.reason
        from staging.dismissed as said
        where said.line_number is null and load.status = 'refused'
            and (load.source, load.entity, load.file_sha256) = (said.source, said.entity, said.file_sha256)
            and coalesce(load.object, '') = said.object
        """
    )


def write_orders(
    connection: duckdb.DuckDBPyConnection, orders: Sequence[Order], generation: int
) -> tuple[dict[str, object], ...]:
    """Writes the orders carried out into ops.operator_order, with what came of them; the same for people."""
    done = tuple(_carried_out(connection, order, generation) for order in orders)
    for row in done:
        names = ", ".join(row)
        values = ", ".join("?" for _ in row)
        connection.execute(f"insert into ops.operator_order ({names}) values ({values})", list(row.values()))
    return tuple({**row, "given_at": str(row["given_at"])} for row in done)


def _carried_out(connection: duckdb.DuckDBPyConnection, order: Order, generation: int) -> dict[str, object]:
    return {
        "order_id": order.order_id,
        "kind": order.kind,
        "words": order.words,
        "reason": order.reason,
        "given_by": order.given_by,
        "given_at": order.given_at,
        "generation": generation,
        "rows_named": order.rows,
        "rows_passed": _count_passed(connection, order) if order.kind == "replay" else 0,
        "files_named": order.files,
    }


def _count_passed(connection: duckdb.DuckDBPyConnection, order: Order) -> int:
    rows = [(*_key(target), line) for target in order.targets for line in target.lines or ()]
    _fill(connection, "staging.named", "line_number bigint", rows)
    (count,) = connection.execute(
        """
        select count(distinct (rejected.load_id, rejected.line_number)) from staging.named
        join ops.load as load using (source, entity, file_sha256)
        join quarantine.rejected as rejected on rejected.load_id = load.load_id and rejected.line_number = named.line_number
        where rejected.replayed_at is not null and coalesce(load.object, '') = named.object
        """
    ).fetchone() or (0,)
    return int(count)


def _fill(connection: duckdb.DuckDBPyConnection, table: str, columns: str, rows: Sequence[tuple[object, ...]]) -> None:
    """The table anew, with a file's key before `columns`; parallel unnest, since executemany pays for each row."""
    connection.execute(
        f"create or replace table {table} (source varchar, entity varchar, file_sha256 varchar, object varchar, {columns})"
    )
    if rows:
        lists = [list(column) for column in zip(*rows, strict=True)]
        connection.execute(f"insert into {table} select {', '.join('unnest(?)' for _ in lists)}", lists)
