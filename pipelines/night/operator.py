"""var/operator.sqlite: what people said, and what is to be told them. Orders are written here and never changed; a
night only reads them.

Which orders a generation holds stands in its own `ops.operator_order`, so that one rename commits it with the data:
after a crash or a rollback the orders that the published generation lacks are simply carried out (again).
What belongs here: the file, its tables, and the orders. What does not: what an order does to rows (orders.py), and
acknowledgements, silences and messages (pipelines/alerting).
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from models.errors import TouchlineError

OrderKind = Literal["replay", "discard", "forget"]
_WAIT_SECONDS = 30.0
_ORDERS = """
    create table operator_order (
        place integer primary key autoincrement,
        order_id text not null unique,
        kind text not null,
        given_at text not null,
        given_by text not null,
        words text not null,
        reason text,
        targets text not null
    )
"""
_ALERTS = """
    create table alert_ack (
        alert_id text primary key,
        acknowledged_at text not null,
        acknowledged_by text not null,
        note text
    );
    create table alert_silence (
        silence_id text primary key,
        rule text,
        subject text,
        team text,
        from_date text,
        to_date text,
        reason text not null,
        silenced_at text not null,
        silenced_by text not null,
        ended_at text
    );
    create table health_episode (
        alert_id text primary key,
        content text not null
    );
    create table alert_message (
        message_id text primary key,
        channel text not null,
        kind text not null,
        severity text not null,
        body text not null,
        state text not null,
        created_at text not null,
        not_before text not null,
        expires_at text not null,
        attempts integer not null default 0,
        last_error text,
        sent_at text
    );
    create table alert_news (
        alert_id text not null,
        place integer not null,
        channel text not null,
        message_id text not null references alert_message,
        primary key (alert_id, place, channel)
    );
    create table alert_channel (
        channel text primary key,
        told_since text not null,
        failures integer not null default 0,
        waits_until text,
        attempted_at text not null default '[]'
    )
"""
_ERASURES = """
    create table erasure (
        place integer primary key autoincrement,
        erasure_id text not null unique,
        subject text not null,
        since_load integer not null,
        sources text not null,
        finished_at text
    );
    create table erased_form (
        hash text primary key,
        token text not null,
        erasure_id text not null references erasure (erasure_id)
    )
"""
_OBJECTS = """
    update operator_order set targets = (
        select json_group_array(json_set(value, '$.object', null)) from json_each(targets)
    )
"""
"""Orders of before named no object, so they are about whatever was read from the file."""
_VERSIONS = (_ORDERS, _ALERTS, _ERASURES, _OBJECTS)
"""What each version added to the one before."""
VERSION = len(_VERSIONS)


@dataclass(frozen=True)
class Target:
    """Rows of one file that an order is about, by the file's content and, since two objects of a CRM may be read from
    one page, by the object; no lines mean the whole (refused) file.

    `object` is blank for canonical and mapped sources, None in an order that was given before orders named it.
    """

    source: str
    entity: str
    file_sha256: str
    file_name: str
    lines: tuple[int, ...] | None
    object: str | None = ""


@dataclass(frozen=True)
class Order:
    """Something a person told the nights to do. `words` is how they chose the rows, such as `--rule unit`."""

    order_id: str
    kind: OrderKind
    given_at: datetime
    given_by: str
    words: str
    reason: str | None
    targets: tuple[Target, ...]

    @property
    def rows(self) -> int:
        """How many rows it names."""
        return sum(len(target.lines or ()) for target in self.targets)

    @property
    def files(self) -> int:
        """How many whole files it names."""
        return sum(target.lines is None for target in self.targets)


def give_order(
    store: Path,
    kind: OrderKind,
    targets: Sequence[Target],
    *,
    words: str,
    reason: str | None,
    given_by: str,
    given_at: datetime,
) -> Order:
    """Writes an order; the next night carries it out."""
    order = Order(secrets.token_hex(4), kind, given_at, given_by, words, reason, tuple(targets))
    with opened(store) as connection:
        write_order(connection, order)
    return order


def write_order(connection: sqlite3.Connection, order: Order) -> None:
    """Adds an order inside somebody's transaction."""
    connection.execute(
        "insert into operator_order (order_id, kind, given_at, given_by, words, reason, targets)"
        " values (?, ?, ?, ?, ?, ?, ?)",
        [
            order.order_id,
            order.kind,
            order.given_at.isoformat(),
            order.given_by,
            order.words,
            order.reason,
            json.dumps([asdict(target) for target in order.targets]),
        ],
    )


def read_orders(store: Path) -> tuple[Order, ...]:
    """Every replay, discard and erasure that was ever ordered, oldest first."""
    if not store.exists():
        return ()
    with opened(store, writing=False) as connection:
        found = connection.execute(
            "select order_id, kind, given_at, given_by, words, reason, targets from operator_order"
            " where kind in ('replay', 'discard', 'forget') order by place"
        ).fetchall()
    return tuple(
        Order(name, kind, datetime.fromisoformat(at), by, words, reason, tuple(map(_target, json.loads(targets))))
        for name, kind, at, by, words, reason, targets in found
    )


def _target(content: dict[str, object]) -> Target:
    lines, object_name = content["lines"], content["object"]
    assert lines is None or isinstance(lines, list)
    assert object_name is None or isinstance(object_name, str)
    source, entity, sha256, name = (str(content[key]) for key in ("source", "entity", "file_sha256", "file_name"))
    return Target(source, entity, sha256, name, None if lines is None else tuple(lines), object_name)


@contextmanager
def opened(store: Path, *, writing: bool = True) -> Iterator[sqlite3.Connection]:
    """One transaction on the store. Whoever writes makes it, readable by its owner only, and waits for other writers."""
    try:
        if writing:
            store.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(store, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(store, timeout=_WAIT_SECONDS, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise _unusable(store, error) from None
    try:
        version = _version(connection, store)
        if writing or version < VERSION:
            connection.execute("begin immediate")
            _bring_up_to_date(connection, store)
        else:
            connection.execute("begin")
        yield connection
        connection.execute("commit")
    except sqlite3.Error as error:
        raise _unusable(store, error) from None
    finally:
        connection.close()


def _version(connection: sqlite3.Connection, store: Path) -> int:
    (found,) = connection.execute("pragma user_version").fetchone()
    if found > VERSION:
        raise TouchlineError(
            f"{store} was written by a newer Touchline (version {found}, this one knows {VERSION})",
            "Run the newer one; nothing was changed.",
        )
    return int(found)


def _bring_up_to_date(connection: sqlite3.Connection, store: Path) -> None:
    """Asked again inside the transaction: another process may have been first."""
    for added in _VERSIONS[_version(connection, store) :]:
        for statement in added.split(";"):
            connection.execute(statement)
    connection.execute(f"pragma user_version = {VERSION}")


def _unusable(store: Path, error: Exception) -> TouchlineError:
    return TouchlineError(
        f"{store} cannot be used: {error}",
        "Give the user who runs Touchline read and write permission on it; if it is damaged, restore it from a backup,"
        " or move it away (what was discarded stays discarded, orders not yet carried out must be given again).",
    )
