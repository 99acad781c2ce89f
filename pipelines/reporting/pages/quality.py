"""Whether the data can be trusted: what came of every row that was read, which sources are silent, which checks fail.

How long the nights take is in night_times.py.
"""

from __future__ import annotations

import polars as pl

from pipelines.reporting import charts
from pipelines.reporting.pages.night_times import night_times
from pipelines.reporting.parts import Chart, Cube, Field, Figures, Kind, Measure, Page, Section, Table, View
from pipelines.reporting.reader import Reader

_LOADS = "ops.load_accounting"
_REJECTED = "quarantine.rejected"
_COUNTS = {
    "read": "Read",
    "accepted": "Accepted",
    "duplicate": "Duplicate",
    "superseded": "Superseded",
    "quarantined": "Quarantined",
    "ignored": "Ignored",
    "erased": "Erased",
}
FATES = tuple(_COUNTS)[1:]
SOURCE = Field("source", "Source", Kind.TEXT, f"{_LOADS}.source")
ENTITY = Field("entity", "Entity", Kind.TEXT, f"{_LOADS}.entity")
ROWS = tuple(Measure(f"rows_{name}", label, Kind.COUNT, f"{_LOADS}.rows_{name}") for name, label in _COUNTS.items())


def quality_page(reader: Reader) -> Page:
    """The page; a section with nothing in it says so."""
    sections = (
        *_accounting(reader),
        _quarantine(reader),
        _refused(reader),
        _freshness(reader),
        *_checks(reader),
        _restatements(reader),
        _unattributed(reader),
        _unread_columns(reader),
        night_times(reader),
    )
    return Page(
        "quality.html", "Data quality", sections, intro="Where every row went, what is missing, and what moved."
    )


def accounting(reader: Reader) -> Cube:
    """One source and entity: the rows of all accepted loads by what became of them."""
    sums = ", ".join(f"sum(rows_{name})::bigint as rows_{name}" for name in _COUNTS)
    return Cube("accounting", reader.frame(f"select source, entity, {sums} from {_LOADS} group by all order by all"))


def _accounting(reader: Reader) -> list[Section]:
    title = "What became of every row"
    if not reader.has(_LOADS):
        return [Section(title, (), empty="No file has been read yet.")]
    cube = accounting(reader)
    fates = View(
        "fates", _by_fate(cube),
        (Field("delivered", "Source and entity", Kind.TEXT, f"{_LOADS}.entity"), Field("fate", "What became of it", Kind.WORD)),
        (Measure("share", "Share of rows read", Kind.SHARE, f"{_LOADS}.rows_read", "rows", "rows_read"), Measure("rows", "Rows", Kind.COUNT, f"{_LOADS}.rows_read")),
    )  # fmt: skip
    by_entity = View("accounting_by_entity", cube, (SOURCE, ENTITY), ROWS)
    parts = (
        Figures(View("accounting_all", cube, (), ROWS)),
        Chart("What became of the rows", "Each bar is what one source delivered of one kind, from nothing to all of it.", fates, charts.of_a_whole(charts.bars(fates, "delivered", "share", "fate", lying=True))),
        Table("By source and entity", "Read is always the sum of the others.", by_entity),
    )  # fmt: skip
    return [Section(title, parts, intro=_in_words(reader, cube))]


def _by_fate(cube: Cube) -> Cube:
    """A row for each fate, with all rows read beside it: what shares are of."""
    long = cube.facts.unpivot(
        [f"rows_{fate}" for fate in FATES],
        index=["source", "entity", "rows_read"],
        variable_name="fate",
        value_name="rows",
    )
    delivered = pl.concat_str("source", "entity", separator=" · ").alias("delivered")
    return Cube("fates", long.select(delivered, pl.col("fate").str.strip_prefix("rows_"), "rows", "rows_read"))


def _in_words(reader: Reader, cube: Cube) -> str:
    said = reader.words.text(
        "Of %(read)s rows read, %(accepted)s are current records, %(duplicate)s said again what was known, %(superseded)s are"
        " older versions, %(quarantined)s stand in quarantine, %(ignored)s held nothing and %(erased)s were of erased people."
    )
    return said % {name: reader.words.show(cube.facts[f"rows_{name}"].sum(), Kind.COUNT) for name in _COUNTS}


def _quarantine(reader: Reader) -> Section:
    """Open ones: neither accepted on a second judgement nor dismissed."""
    frame = reader.frame(
        f"""
        select source, entity, coalesce(field, '') as field, rule, min(message) as message, count(*) as rejections
        from {_REJECTED} where replayed_at is null and discarded_at is null group by all order by all
        """
    )
    if frame.is_empty():
        return Section("In quarantine", (), empty="Nothing stands in quarantine.")
    cube = Cube("quarantine", frame)
    rule = Field("rule", "Rule", Kind.TEXT, f"{_REJECTED}.rule")
    count = (Measure("rejections", "Rejections", Kind.COUNT, f"{_REJECTED}.rejected_id"),)
    where = tuple(Field(name, label, Kind.TEXT, f"{_REJECTED}.{name}") for name, label in (("source", "Source"), ("entity", "Entity"), ("field", "Field"), ("message", "What is wrong")))  # fmt: skip
    by_rule = View("quarantine_by_rule", cube, (rule,), count)
    listed = View("quarantine_by_field", cube, (*where[:3], rule, where[3]), count)
    parts = (
        Chart("By rule", "How often each rule was broken by rows that still stand in quarantine.", by_rule, charts.bars(by_rule, "rule", "rejections", lying=True)),
        Table("By field and rule", "A row may break several rules; it stands here once for each.", listed),
    )  # fmt: skip
    intro = "To see the rows: touchline quarantine list; to judge them again: touchline quarantine replay; to dismiss them: discard."
    return Section("In quarantine", parts, intro=intro)


def _refused(reader: Reader) -> Section:
    """Those of whose name nothing came since, as `touchline quarantine list` has them."""
    frame = reader.frame(
        """
        select landed_at, source, entity, file_name, reason, remedy from ops.load
        qualify status = 'refused' and discarded_at is null and row_number() over (
            partition by source, entity, file_name, coalesce(object, '') order by load_id desc
        ) = 1
        order by landed_at desc, source, file_name, entity
        """
    )
    fields = _fields(
        "ops.load", landed_at=("Taken", Kind.INSTANT), source=("Source", Kind.TEXT), entity=("Entity", Kind.TEXT),
        file_name=("File", Kind.TEXT), reason=("Why", Kind.TEXT), remedy=("What to do", Kind.TEXT),
    )  # fmt: skip
    return _listing(
        "Files that were refused",
        "Newest first. Nothing of them is in any table.",
        frame,
        fields,
        "No file is refused.",
    )


def freshness(reader: Reader) -> pl.DataFrame:
    """One source: how many hours before as_of its newest event lies, and how many are allowed."""
    frame = reader.frame(
        """
        select s.source, s.kind, s.newest_event_at, s.last_load_at,
            date_diff('minute', s.newest_event_at, p.as_of) / 60 as hours_old
        from ops.source as s cross join ops.publication as p order by s.source
        """
    )
    settings = reader.settings
    own = {source.name: source.fresh_within_hours for source in settings.sources if source.fresh_within_hours}
    allowed = [own.get(name, settings.quality.fresh_within_hours) for name in frame["source"]]
    frame = frame.with_columns(pl.Series("allowed_hours", allowed, pl.Int64))
    late = pl.col("hours_old") > pl.col("allowed_hours")
    state = (
        pl.when(pl.col("hours_old").is_null()).then(None).when(late).then(pl.lit("stale")).otherwise(pl.lit("fresh"))
    )
    return frame.with_columns(state.alias("state"))


def _freshness(reader: Reader) -> Section:
    fields = (
        *_fields("ops.source", source=("Source", Kind.TEXT), kind=("Kind", Kind.TEXT)),
        Field("state", "State", Kind.WORD),
        *_fields("ops.source", newest_event_at=("Newest activity", Kind.INSTANT)),
        Field("hours_old", "Hours before as_of", Kind.NUMBER),
        Field("allowed_hours", "Hours allowed", Kind.COUNT),
        *_fields("ops.source", last_load_at=("Last file", Kind.INSTANT)),
    )
    reads = "A source is stale when its newest activity is older than fresh_within_hours of the settings."
    return _listing("Freshness by source", reads, freshness(reader), fields, "No source is set up.")


def _checks(reader: Reader) -> list[Section]:
    cube = Cube(
        "checks",
        reader.frame(
            """
            select kind, severity, count(*) as checks, count(*) filter (where passed) as held,
                count(*) filter (where not passed) as failed, sum(seconds) as seconds
            from ops.check_result group by all order by all
            """
        ),
    )
    measures = (
        Measure("checks", "Checks", Kind.COUNT, "ops.check_result.check_name"),
        Measure("held", "Hold", Kind.COUNT, "ops.check_result.passed"),
        Measure("failed", "Fail", Kind.COUNT, "ops.check_result.passed"),
        Measure("seconds", "Seconds", Kind.NUMBER, "ops.check_result.seconds"),
    )
    kinds = View("checks_by_kind", cube, _fields("ops.check_result", kind=("Kind", Kind.WORD), severity=("Severity", Kind.WORD)), measures)  # fmt: skip
    failed = reader.frame(
        "select table_name, check_name, kind, severity, failing_rows, sample from ops.check_result"
        " where not passed order by severity, table_name, check_name"
    )
    fields = _fields(
        "ops.check_result", table_name=("Table", Kind.TEXT), check_name=("Check", Kind.TEXT), kind=("Kind", Kind.WORD),
        severity=("Severity", Kind.WORD), failing_rows=("Rows", Kind.COUNT), sample=("What was found", Kind.TEXT),
    )  # fmt: skip
    held = Table("Checks by kind", "Those that block keep a night from being published; the others warn.", kinds)
    return [
        Section("Checks of this night", (held,) if cube.facts.height else (), empty="Nothing was checked."),
        _listing("Checks that fail", "Those that block first.", failed, fields, "Every check holds."),
    ]


def _restatements(reader: Reader) -> Section:
    frame = reader.frame(
        """
        select table_name, cause, count(*) as cells, count(distinct key) as rows, count(distinct load_id) as loads
        from ops.restatement where generation = ? group by all order by cells desc, table_name, cause
        """,
        reader.generation,
    )
    fields = _fields(
        "ops.restatement", table_name=("Table", Kind.TEXT), cause=("Cause", Kind.WORD), cells=("Cells", Kind.COUNT),
        rows=("Rows", Kind.COUNT), loads=("Loads", Kind.COUNT), at={"cells": "column_name", "rows": "key", "loads": "load_id"},
    )  # fmt: skip
    reads = "How many published figures of past periods this night changed, and why. ops.restatement lists each with its old and new value."
    return _listing("Restated by this night", reads, frame, fields, "No published figure of a past period moved.")


def _unattributed(reader: Reader) -> Section:
    frame = pl.DataFrame()
    if reader.has("ops.unattributed"):
        frame = reader.frame(
            "select source, source_rep_id, reason, full_name, activities, first_at, last_at from ops.unattributed"
            " order by activities desc, source, source_rep_id, reason"
        )
    fields = _fields(
        "ops.unattributed", source=("Source", Kind.TEXT), source_rep_id=("Id in the source", Kind.TEXT), reason=("Reason", Kind.WORD),
        full_name=("Name", Kind.TEXT), activities=("Activities", Kind.COUNT), first_at=("First", Kind.INSTANT), last_at=("Last", Kind.INSTANT),
    )  # fmt: skip
    reads = "Activities under ids that are no rep of any roster. An alias or a row of the roster credits them."
    return _listing("Credited to nobody", reads, frame, fields, "Every activity is credited to somebody.")


def _unread_columns(reader: Reader) -> Section:
    frame = reader.frame(
        """
        select source, entity, column_name, state, looks_like, proposal, rows_not_supplied from ops.source_column
        where (state = 'missing' and missing_load_id is not null) or (state = 'kept' and proposal is not null)
        order by source, entity, object, state desc, column_name
        """
    )
    fields = _fields(
        "ops.source_column", source=("Source", Kind.TEXT), entity=("Entity", Kind.TEXT), column_name=("Column", Kind.TEXT), state=("State", Kind.WORD),
        looks_like=("Looks like", Kind.TEXT), proposal=("What to do", Kind.TEXT), rows_not_supplied=("Rows without it", Kind.COUNT),
    )  # fmt: skip
    reads = "Columns that the newest file lacks, and columns that nothing reads though a field looks like them."
    return _listing("Columns of files", reads, frame, fields, "Every column that is needed came, and is read.")


def _fields(table: str, at: dict[str, str] | None = None, **columns: tuple[str, Kind]) -> tuple[Field, ...]:
    """Columns of a table by name; `at` are those that are counted of another column."""
    named = at or {}
    return tuple(
        Field(name, label, kind, f"{table}.{named.get(name, name)}") for name, (label, kind) in columns.items()
    )


def _listing(title: str, reads: str, frame: pl.DataFrame, fields: tuple[Field, ...], empty: str) -> Section:
    """A section of one table, or what it means that there is nothing to list."""
    if frame.is_empty():
        return Section(title, (), empty=empty)
    name = title.lower().replace(" ", "_")
    return Section(title, (Table(title, reads, View(name, Cube(name, frame), fields)),))
