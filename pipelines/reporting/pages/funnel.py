"""What becomes of leads and of deals: steps that leads reach, how soon they are touched, stages that deals pass."""

from __future__ import annotations

import polars as pl

from pipelines.reporting import charts
from pipelines.reporting.pages.funnel_stages import MATURE, MONTH_END, stage_sections
from pipelines.reporting.parts import Chart, Cube, Field, Figures, Kind, Measure, Page, Section, View
from pipelines.reporting.reader import Reader

LEADS = "marts.lead_funnel"
STEPS = {
    "leads": "Leads",
    "contacted": "Contacted",
    "connected": "Connected",
    "meeting_held": "Meeting held",
    "opportunity_created": "Opportunity created",
    "won": "Won",
}
"""The steps of the funnel in their order, each a part of the one before."""

_MONTH = Field("cohort_month", "Month of creation", Kind.MONTH, f"{LEADS}.cohort_month")
_TYPE = Field("rep_type", "Rep type", Kind.WORD, f"{LEADS}.rep_type")
_SOURCE = Field("source_type", "Source", Kind.WORD, f"{LEADS}.source_type")
_MATURITY = Field("maturity", "Cohort", Kind.WORD, f"{LEADS}.is_mature")
_COUNTS = tuple(Measure(name, label, Kind.COUNT, f"{LEADS}.{name}") for name, label in STEPS.items())
_OF_BEFORE = {
    "contacted": "Contacted, of the step before",
    "connected": "Connected, of the step before",
    "meeting_held": "Meeting held, of the step before",
    "opportunity_created": "Opportunity created, of the step before",
    "won": "Won, of the step before",
}
_OF_ALL = {
    "contacted": "Contacted, of all leads",
    "connected": "Connected, of all leads",
    "meeting_held": "Meeting held, of all leads",
    "opportunity_created": "Opportunity created, of all leads",
    "won": "Won, of all leads",
}
_RATES = tuple(
    Measure(f"{name}_rate", _OF_BEFORE[name], Kind.SHARE, f"{LEADS}.{name}_rate", name, before)
    for before, name in zip(STEPS, _OF_BEFORE, strict=False)
)
_CUMULATIVE = tuple(
    Measure(f"{name}_cumulative_rate", label, Kind.SHARE, f"{LEADS}.{name}_cumulative_rate", name, "leads")
    for name, label in _OF_ALL.items()
)
_UNTOUCHED = Measure("untouched", "Untouched", Kind.COUNT, f"{LEADS}.untouched")


def funnel_page(reader: Reader) -> Page:
    """The page, with as much of it as was built."""
    sections = (*_leads(reader), *stage_sections(reader))
    return Page("funnel.html", "Funnel", sections, intro="What becomes of leads and of deals, and how long it takes.")


def lead_cohorts(reader: Reader) -> Cube:
    """One month of creation, rep type and source type, as the mart has it."""
    frame = reader.frame(
        f"""
        select cohort_month, {MONTH_END}, rep_type, source_type, {MATURE}, {", ".join(STEPS)}, untouched,
            speed_to_lead_seconds_median
        from {LEADS} order by cohort_month desc, rep_type, source_type
        """
    )
    return Cube("leads", frame, period="last_date")


def lead_steps(cohorts: Cube) -> Cube:
    """One cohort and step: leads that reached it, that reached the one before, and all of them."""
    kept = ("last_date", "rep_type", "source_type", "maturity", "leads")
    before: dict[str, str] = dict(zip(list(STEPS)[1:], STEPS, strict=False))
    steps = [
        cohorts.facts.select(
            *kept,
            pl.lit(place).alias("place"),
            pl.lit(label).alias("step"),
            pl.col(name).alias("reached"),
            (pl.col(before[name]) if name in before else pl.lit(None, pl.Int64)).alias("reached_before"),
        )
        for place, (name, label) in enumerate(STEPS.items(), start=1)
    ]
    return Cube("lead_steps", pl.concat(steps), period="last_date")


def _leads(reader: Reader) -> list[Section]:
    if not reader.has(LEADS):
        return [Section("Leads", (), empty="There are no leads to follow: none has come in, or the funnel is not among metrics.subjects.")]  # fmt: skip
    cohorts = lead_cohorts(reader)
    in_all = View("leads_all", cohorts, (), (_COUNTS[0], *_RATES, _CUMULATIVE[-1], _UNTOUCHED))
    days = reader.settings.metrics.funnel_window_days
    text = reader.words.plural(
        "Leads of all months on file. A month is mature %(days)s day after its end; what later months show can still rise,"
        " so compare mature ones with mature ones.",
        "Leads of all months on file. A month is mature %(days)s days after its end; what later months show can still rise,"
        " so compare mature ones with mature ones.",
        days,
    )
    return [
        Section("Leads", (Figures(in_all),), intro=text % {"days": reader.words.show(days, Kind.COUNT)}),
        Section("How far leads come", (*_steps(cohorts), _by_month(cohorts))),
        _speed(cohorts),
    ]


def _steps(cohorts: Cube) -> list[Chart]:
    """The steps as bars: counts, and shares of all leads, mature and immature cohorts told apart."""
    by = (
        Field("place", "Place", Kind.COUNT),
        Field("step", "Step", Kind.WORD),
        _MATURITY,
    )
    reached = Measure("reached", "Leads that reached it", Kind.COUNT, "core.fct_lead_cohort.steps_reached")
    of_before = Measure("step_rate", "Of the step before", Kind.SHARE, f"{LEADS}.contacted_rate", "reached", "reached_before")  # fmt: skip
    of_all = Measure("cumulative_rate", "Of all leads", Kind.SHARE, f"{LEADS}.contacted_cumulative_rate", "reached", "leads")  # fmt: skip
    cube = lead_steps(cohorts)
    counts = View("leads_by_step", cube, by, (reached, of_before))
    shares = View("lead_shares_by_step", cube, by, (reached, of_all))
    return [
        Chart("Leads by step", "How many leads reached each step; a later step implies those before it.", counts, charts.bars(counts, "step", "reached", "maturity", lying=True)),
        Chart("Share of leads by step", "The same as a share of all leads of these cohorts, mature ones beside the others.", shares, charts.bars(shares, "step", "cumulative_rate", "maturity", beside=True, lying=True)),
    ]  # fmt: skip


def _by_month(cohorts: Cube) -> Chart:
    view = View("leads_by_month", cohorts, (_MONTH, _MATURITY), (*_COUNTS, *_CUMULATIVE), latest_first=True)
    return Chart(
        "Leads that became opportunities, by month",
        "The share of a month's leads for which a deal was created in time; the table has every step.",
        view,
        charts.bars(view, "cohort_month", "opportunity_created_cumulative_rate", "maturity"),
    )


def _speed(cohorts: Cube) -> Section:
    fields = (
        _MONTH, _TYPE, _SOURCE, _MATURITY,
        Field("leads", "Leads", Kind.COUNT, f"{LEADS}.leads"),
        Field("untouched", "Untouched", Kind.COUNT, f"{LEADS}.untouched"),
        Field("speed_to_lead_seconds_median", "Median time to the first touch", Kind.SECONDS, f"{LEADS}.speed_to_lead_seconds_median"),
    )  # fmt: skip
    view = View("speed_to_lead", cohorts, fields)
    chart = Chart(
        "Time to the first touch",
        "A circle is a month, rep type and source; the larger, the more leads. Hours, minutes and seconds.",
        view,
        charts.points(view, "cohort_month", "speed_to_lead_seconds_median", "rep_type", "leads"),
    )
    return Section(
        "Speed to lead",
        (chart,),
        intro="Medians of cohorts cannot be added up, so each is listed as it is. Untouched leads are in none.",
    )
