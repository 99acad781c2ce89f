"""The funnel page's part about deals: how many pass from stage to stage, pipeline by pipeline, and how long they stand."""

from __future__ import annotations

import polars as pl

from pipelines.reporting import charts
from pipelines.reporting.parts import MATURITY, Chart, Cube, Field, Kind, Measure, Section, Table, View
from pipelines.reporting.reader import Reader

STAGES = "marts.stage_conversion"
MATURE = f"case when is_mature then '{MATURITY[0]}' else '{MATURITY[1]}' end as maturity"
MONTH_END = "last_day(cohort_month) as last_date"
"""By which a period is chosen: it holds the months that end in it."""

MOST_PIPELINES = 6
"""So many have a chart, those of the most deals; the others share a table."""

_TIMES_MONTHS = 12
_PIPELINE = Field("pipeline", "Pipeline", Kind.TEXT, f"{STAGES}.pipeline")
_PAIR = (
    Field("place", "Place", Kind.COUNT, "core.dim_stage_step.step"),
    Field("pair", "From and to", Kind.TEXT, f"{STAGES}.to_stage"),
)
_MATURITY = Field("maturity", "Cohort", Kind.WORD, f"{STAGES}.is_mature")
_PARTS = {"entered": "Deals that entered", "advanced": "Advanced", "lost": "Lost", "still_open": "Still open"}
_MEASURES = (
    *(Measure(name, label, Kind.COUNT, f"{STAGES}.{name}") for name, label in _PARTS.items()),
    Measure("conversion_rate", "Advanced, of all", Kind.SHARE, f"{STAGES}.conversion_rate", "advanced", "entered"),
    Measure("decided_rate", "Advanced, of those decided", Kind.SHARE, f"{STAGES}.decided_rate", "advanced", "decided"),
)


def stage_sections(reader: Reader) -> list[Section]:
    """Stage conversion and time in stage, with as much of them as was built."""
    if not reader.has(STAGES):
        return [Section("Deals", (), empty=_why_empty(reader))]
    passages = stage_passages(reader)
    return [_conversion(reader, passages), _times(passages)]


def _why_empty(reader: Reader) -> str:
    if reader.has("ops.unknown_stage"):
        return "There are no deals to follow: no stages file of their source names the stages they are in (table ops.unknown_stage), or the funnel is not among metrics.subjects."
    return "There are no deals to follow: none has passed a stage, or the funnel is not among metrics.subjects."


def stage_passages(reader: Reader) -> Cube:
    """One month, pipeline, rep type, source type and pair of neighbouring stages, as the mart has it, in the order of the
    stages; where two sources name a pipeline alike, a pair's first place in either."""
    frame = reader.frame(
        f"""
        select c.cohort_month, {MONTH_END}, c.pipeline, c.rep_type, c.source_type, {MATURE},
            coalesce(s.step, 0) as place, c.from_stage || ' → ' || c.to_stage as pair,
            c.entered, c.advanced, c.lost, c.still_open, c.advanced + c.lost as decided,
            c.median_days_in_stage, c.p90_days_in_stage
        from {STAGES} as c
        left join (
            select pipeline, stage, next_stage, min(step) as step from core.dim_stage_step group by all
        ) as s on c.pipeline = s.pipeline and c.from_stage = s.stage and c.to_stage = s.next_stage
        order by c.cohort_month desc, c.pipeline, place, pair, c.rep_type, c.source_type
        """
    )
    return Cube("stages", frame, period="last_date")


def pipelines_of(passages: Cube) -> list[str]:
    """Every pipeline, that of the most deals first."""
    deals = passages.facts.group_by("pipeline").agg(pl.col("entered").sum())
    return deals.sort("entered", "pipeline", descending=[True, False])["pipeline"].to_list()


def _conversion(reader: Reader, passages: Cube) -> Section:
    """A chart a pipeline: pairs of stages in their order, shares of summed parts."""
    known = ("last_date", "rep_type", "source_type", "maturity", "pipeline", "place", "pair", *_PARTS, "decided")
    facts, names = passages.facts.select(known), pipelines_of(passages)
    parts: list[Chart | Table] = [
        _pipeline(
            reader.words.text("Pipeline: %(name)s") % {"name": name}, number, facts.filter(pl.col("pipeline") == name)
        )
        for number, name in enumerate(names[:MOST_PIPELINES], start=1)
    ]
    if len(names) > MOST_PIPELINES:
        rest = Cube("other_pipelines", facts.filter(pl.col("pipeline").is_in(names[MOST_PIPELINES:])), "last_date")
        view = View("other_pipelines", rest, (_PIPELINE, *_PAIR, _MATURITY), _MEASURES)
        parts.append(Table("Other pipelines", "Those of fewer deals, pair by pair.", view))
    return Section(
        "Deals from stage to stage",
        tuple(parts),
        intro="Of the deals that entered a stage, how many have ever come to the next one. A cohort is mature when none of"
        " its deals is still open; the share of one that is not can still rise.",
    )


def _pipeline(title: str, number: int, facts: pl.DataFrame) -> Chart:
    view = View(f"pipeline_{number}", Cube(f"pipeline_{number}", facts.drop("pipeline"), "last_date"), (*_PAIR, _MATURITY), _MEASURES)  # fmt: skip
    return Chart(
        title,
        "Deals that advanced, as a share of those that entered the stage; the table has lost ones and those still open.",
        view,
        charts.bars(view, "pair", "conversion_rate", "maturity", beside=True, lying=True),
    )


def _times(cube: Cube) -> Section:
    """Medians as they are: those of two cohorts have no sum and no mean that says anything."""
    passages = cube.facts
    months = passages["cohort_month"].unique().sort(descending=True)[:_TIMES_MONTHS].to_list()
    listed = passages.filter(pl.col("cohort_month").is_in(months), pl.col("median_days_in_stage").is_not_null())
    fields = (
        Field("cohort_month", "Month of entry", Kind.MONTH, f"{STAGES}.cohort_month"),
        _PIPELINE,
        _PAIR[1],
        Field("rep_type", "Rep type", Kind.WORD, f"{STAGES}.rep_type"),
        Field("source_type", "Source", Kind.WORD, f"{STAGES}.source_type"),
        _MATURITY,
        Field("entered", "Deals", Kind.COUNT, f"{STAGES}.entered"),
        Field("median_days_in_stage", "Median days", Kind.NUMBER, f"{STAGES}.median_days_in_stage"),
        Field("p90_days_in_stage", "90th percentile", Kind.NUMBER, f"{STAGES}.p90_days_in_stage"),
    )
    shown = listed.select("last_date", *(one.name for one in fields))
    view = View("time_in_stage", Cube("time_in_stage", shown, period="last_date"), fields)
    table = Table(
        "Time in stage",
        "Days that deals which went on or were lost stood in the first of the two stages, all visits summed.",
        view,
        most=60,
    )
    return Section(
        "Time in stage",
        (table,),
        intro="Cohorts of the last twelve months, each as it is: medians and percentiles cannot be added up.",
    )
