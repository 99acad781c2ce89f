"""Merges that run in a circle: the records count as themselves, and tonight's rows that close the circle are told."""

from __future__ import annotations

from dataclasses import replace

from data_quality.quarantine import Rejected, write_rejected
from data_quality.replay import let_pass, move_rows
from models.contracts import CONTRACTS
from pipelines.night.load import Loader
from sql.records import content_sql

MERGEABLE = tuple(entity for entity, contract in CONTRACTS.items() if "merged_into_id" in contract.model_fields)
_MESSAGE = "its merges run in a circle, so none of them is followed; say in the source which record survives"


def quarantine_merge_cycles(loader: Loader) -> None:
    """Moves tonight's winning rows that stand in a circle from accepted to quarantined, with their reason.

    Core keeps the records, with the link not followed: whichever row came last, the result is the same. Rows of
    earlier nights whose circle is broken up leave quarantine when they are read again.
    """
    circling = set()
    for entity in filter(lambda entity: _has_merges(loader, entity), MERGEABLE):
        for load_id, record_id, target, line in _rows_in_a_circle(loader, entity):
            _quarantine(loader, entity, load_id, record_id, target, line)
            circling.add((load_id, line))
    broken_up = {
        (load_id, line): fate
        for (load_id, line), fate in loader.fates.items()
        if loader.known[load_id][line] == "circle" and (load_id, line) not in circling
    }
    let_pass(loader.connection, broken_up, loader.now)


def _has_merges(loader: Loader, entity: str) -> bool:
    """Cheaper than looking for circles, and mostly there is none to look for."""
    found = loader.connection.execute(
        f"select 1 from core.latest_{entity} where merged_into_id is not null limit 1"
    ).fetchone()
    return found is not None


def _rows_in_a_circle(loader: Loader, entity: str) -> list[tuple[str, str, str, int]]:
    """The accepted row of each such record: the first that says what stands, unless the nights before said it already.

    In a full build the first row is the one of the earliest load.
    """
    contract = CONTRACTS[entity]
    key, content = contract.KEY[0], content_sql(contract)
    own_id = "substr(staged.{0}, length(staged.source) + 2)"
    stood = f"""and (staged.{key}, staged.content) not in (
            select ({key}, {content}) from previous.core.latest_{entity} where {key} in (select record_id from circle)
        )"""
    found = loader.connection.execute(
        f"""
        with recursive links as (
            select {key} as record_id, merged_into_id as target from core.latest_{entity} where merged_into_id is not null
        ),
        inner_links as (select record_id, target from links where target in (select record_id from links)),
        reached as (
            select record_id, target from inner_links
            union
            select reached.record_id, inner_links.target from reached join inner_links on inner_links.record_id = reached.target
        ),
        circle as (select record_id from reached where record_id = target),
        latest as (
            select {key} as record_id, {content} as content
            from core.latest_{entity} where {key} in (select record_id from circle)
        ),
        staged as (
            select {key}, source, merged_into_id, _load_number, rowid as place, {content} as content
            from staging.rows_{entity}
            where {key} in (select record_id from circle) and _broken = 0 and _unmapped = 0
        )
        select this.load_id, {own_id.format(key)}, {own_id.format("merged_into_id")}, staged._load_number, staged.place - this.first_row
        from staged
        join latest on latest.record_id = staged.{key} and latest.content = staged.content
        join staging.load_number as this on this.load_number = staged._load_number
        where true {"" if loader.rebuilding else stood}
        qualify row_number() over (partition by staged.{key} order by staged._load_number, staged.place) = 1
        order by 1, 2
        """
    ).fetchall()
    return [
        (load_id, record, target, loader.line_of(number, place)) for load_id, record, target, number, place in found
    ]


def _quarantine(loader: Loader, entity: str, load_id: str, record_id: str, target: str, line: int) -> None:
    place = next((at for at, summary in enumerate(loader.summaries) if summary.load_id == load_id), None)
    if place is None:
        return  # the row came in an earlier night, whose accounting stays
    summary = loader.summaries[place]
    loader.summaries[place] = replace(
        summary, rows_accepted=summary.rows_accepted - 1, rows_quarantined=summary.rows_quarantined + 1
    )
    move_rows(loader.connection, load_id, "accepted", "quarantined", 1)
    row = Rejected(
        load_id, summary.source, entity, summary.file_name, line, record_id, "merged_into_id", "merge_cycle", _MESSAGE, target,
        f"{record_id} merged into {target}",
    )  # fmt: skip
    loader.rejected.append(row)
    write_rejected(loader.connection, [row])
