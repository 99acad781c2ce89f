"""The night's budget of rejected rows: many small files, each within its own budget, can be a broken night together."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator

from data_quality.quarantine import Rejected
from models.settings import Settings
from models.tables import Severity
from pipelines.night.outcome import LoadSummary
from sql.checks import CheckResult

CHECK, TABLE = "night_quarantined_share", "ops.load_accounting"
_ONCE = "TOUCHLINE__QUALITY__MAX_NIGHT_QUARANTINED_SHARE=1 touchline run"
_NAMED = 5


def judge_night(settings: Settings, summaries: Iterable[LoadSummary], rejected: Iterable[Rejected]) -> CheckResult:
    """Whether tonight's loads, taken together, broke too many rules.

    A file counts once, however many loads read it: a CRM's table of links is read for every kind of record. Files refused
    whole do not count: nothing of them is published. Sources with a `max_quarantined_share` of their own
    do not count either: somebody has said what is usual there. Never stricter than what one file may have.
    """
    begun = time.perf_counter()
    quality = settings.quality
    worst_last = sorted(_counted(settings, summaries), key=lambda load: load.rows_quarantined)
    files = {(load.source, load.file_name): load for load in worst_last}.values()
    read, broken = (sum(getattr(load, name) for load in files) for name in ("rows_read", "rows_quarantined"))
    limit = max(quality.max_night_quarantined_share, quality.max_quarantined_share)
    passed = broken < quality.min_night_quarantined_rows or broken <= limit * read
    loads = {load.load_id for load in files}
    told = "" if passed else _told(read, broken, limit, [row for row in rejected if row.load_id in loads])
    return CheckResult(TABLE, CHECK, "budget", Severity.BLOCK, passed, broken, told, time.perf_counter() - begun)


def _counted(settings: Settings, summaries: Iterable[LoadSummary]) -> Iterator[LoadSummary]:
    own = {(source.name, source.entity) for source in settings.sources if source.max_quarantined_share is not None}
    for load in summaries:
        if load.status == "accepted" and own.isdisjoint({(load.source, load.entity), (load.source, None)}):
            yield load


def _told(read: int, broken: int, limit: float, rejected: Iterable[Rejected]) -> str:
    """Who brought them and which rules they broke, the most first; what to do, also when it is right as it is."""
    lines = {
        (row.load_id, row.line_number, row.source, row.entity, row.field or "record", row.rule) for row in rejected
    }
    most = Counter(line[2:] for line in lines).most_common(_NAMED)
    named = "; ".join(
        f"{source} {entity}, {field}: {rule} ({rows:,} rows)" for (source, entity, field, rule), rows in most
    )
    return (
        f"{broken:,} of the {read:,} rows that tonight's files brought are rejected ({broken / read:.1%}, at most"
        f" {limit:.1%}), most of them: {named}. See them with: touchline quarantine list; mend the mapping or the export"
        " and run again, or take the files out of the inbox. If it is right as it is, publish it once with:"
        f" {_ONCE} (the rows then wait in quarantine, for replay or discard)"
    )
