"""What one night did, as a page: loads, rows, quarantine, refused files, checks, tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from models.tables import IN_WORDS
from pipelines.commands.pages import Page, count
from pipelines.commands.quarantined import counted

if TYPE_CHECKING:
    from pipelines.night.outcome import LoadSummary, NightOutcome

PARTS = ("accepted", "duplicate", "superseded", "quarantined", "ignored", "erased")
_TOP = 10


def show_night(out: Page, outcome: NightOutcome, published: Path) -> None:
    """The page that `touchline run` ends with."""
    out.head(headline(outcome))
    if outcome.status == "nothing_new":
        _show_refused(out, outcome.loads)
        _show_notes(out, outcome)
        return
    _show_orders(out, outcome)
    _show_loads(out, outcome.loads)
    _show_quarantine(out, outcome.quarantine)
    _show_refused(out, outcome.loads)
    _show_failed_checks(out, outcome)
    _show_tables(out, outcome.tables)
    _show_notes(out, outcome)
    if outcome.status == "published":
        out.line(f"\nOpen it: {published}")
        if outcome.expectations:
            asked = sum(map(len, outcome.expectations.values()))
            out.line(f"{asked} expectations were asked of it: {published.parent / 'data_docs' / 'index.html'}")


def headline(outcome: NightOutcome) -> str:
    """What came of the night, in one line."""
    took = f"as of {outcome.as_of.isoformat()}, {outcome.seconds:,.1f} s"
    if outcome.status == "published":
        return f"Published generation {outcome.generation} ({took})"
    if outcome.status == "nothing_new":
        return f"Nothing new since generation {outcome.generation} ({took})"
    if outcome.status == "dry_run":
        return f"Dry run: built and checked, nothing was published ({took})"
    what = "Blocked by a check" if outcome.status == "blocked" else "Failed"
    return f"{what}: nothing was published, the last good night stays ({took})"


def _show_loads(out: Page, loads: tuple[LoadSummary, ...]) -> None:
    if not loads:
        return
    files = Counter(status for *_, status in {(load.source, load.file_name, load.status) for load in loads})
    out.line(f"\nFiles: {', '.join(f'{number:,} {status}' for status, number in sorted(files.items()))}")
    lines: dict[tuple[str, str], list[int]] = {}
    for load in loads:
        sums = lines.setdefault((load.source, load.entity), [0] * (len(PARTS) + 1))
        parts = [load.rows_read, *(getattr(load, f"rows_{part}") for part in PARTS)]
        lines[load.source, load.entity] = [one + other for one, other in zip(sums, parts, strict=True)]
    rows = [(*key, *sums) for key, sums in sorted(lines.items()) if any(sums)]
    if rows:
        out.rows("Rows", ("source", "entity", "read", *PARTS), rows)


def _show_orders(out: Page, outcome: NightOutcome) -> None:
    """What became of what people had ordered."""
    for order in outcome.orders:
        passed = order["rows_passed"]
        came = f"; {counted(passed, 0)} {'passes' if passed < 2 else 'pass'} now" if order["kind"] == "replay" else ""
        named = "" if order["kind"] == "forget" else f" ({counted(order['rows_named'], order['files_named'])}{came})"
        out.line(f"\nOrder carried out: {order['kind']} {order['words']}{named}")


def _show_quarantine(out: Page, quarantine: dict[str, int]) -> None:
    if not quarantine:
        return
    top = sorted(quarantine.items(), key=lambda item: (-item[1], item[0]))
    out.rows("Quarantined", ("rule", "rows"), top[:_TOP])
    if len(top) > _TOP:
        out.line(f"… and {len(top) - _TOP} more rules")


def _show_refused(out: Page, loads: Iterable[LoadSummary]) -> None:
    for load in loads:
        if load.status == "refused":
            out.line(f"\nRefused {load.source}/{load.file_name}: {load.reason}")
            out.line(f"  → {load.remedy}")


def _show_failed_checks(out: Page, outcome: NightOutcome) -> None:
    """Of a blocked night only those that do not block: its error, which comes last, tells the others."""
    told_by_error = "block" if outcome.status == "blocked" else None
    shown = [check for check in outcome.failed_checks if check["severity"] != told_by_error]
    if shown:
        out.head("\nFailed checks" if told_by_error is None else "\nFailed checks that do not block")
    for check in shown:
        out.line(f"  {check_line(check)}")


def check_line(check: dict[str, object]) -> str:
    """One failed check in one line, such as `marts.x: grain_unique (block), 3 rows: …`; expectations and budgets speak for themselves."""
    if check.get("kind") in IN_WORDS:
        return f"{check['severity']}: {check['sample']}"
    sample = f": {check['sample']}" if check.get("sample") else ""
    rows = check.get("failing_rows")
    found = f", {count(rows)} rows" if isinstance(rows, int) else ""
    return f"{check['table_name']}: {check['check_name']} ({check['severity']}){found}{sample}"


def _show_tables(out: Page, tables: dict[str, int]) -> None:
    """The marts; what they stand on is counted."""
    read = {name: rows for name, rows in tables.items() if name.startswith("marts.")}
    if read:
        out.rows("Marts", ("table", "rows"), sorted(read.items()))
        out.line(
            f"… and {len(tables) - len(read)} tables they stand on (core), reference rows and the night's own ledger (ops)"
        )


def _show_notes(out: Page, outcome: NightOutcome) -> None:
    for note in outcome.notes:
        out.line(f"Note: {note}")
