"""Sales KPIs as small multiples: each month by month, for the company or one of its rep types or teams."""

from __future__ import annotations

import polars as pl

from pipelines.reporting import charts
from pipelines.reporting.definitions import define, entry_of, nothing_means
from pipelines.reporting.pages.people import MOST_TEAMS
from pipelines.reporting.parts import Cube, Field, Kind, Page, Section, Table, Trend, View
from pipelines.reporting.reader import Reader

KPIS = "marts.sales_kpi"
COMPANY = "company/all"
MONTHS = 24
"""So many complete months are shown."""

GROUPS = {
    "Winning": {
        "win_rate": "Win rate",
        "win_rate_by_amount": "Win rate by amount",
        "close_rate": "Deals won per lead",
        "sales_cycle_days": "Sales cycle",
        "average_deal_size": "Average deal size",
        "expansion_share": "Share of expansions",
    },
    "Pipeline": {
        "pipeline_open_amount": "Open pipeline",
        "pipeline_inflow_amount": "Pipeline inflow",
        "pipeline_outflow_amount": "Pipeline outflow",
        "pipeline_changes_amount": "Pipeline changes",
        "pipeline_velocity": "Pipeline velocity",
        "pipeline_coverage": "Pipeline coverage",
    },
    "Against the plan": {
        "quota_attainment": "Quota attainment",
        "forecast_accuracy": "Forecast accuracy",
    },
    "Who found the deals": {
        "marketing_sourced_share": "Found by marketing",
        "sales_sourced_share": "Found by sales",
        "unknown_sourced_share": "Found by nobody known",
    },
    "Effort and people": {
        "calls_per_rep_workday": "Calls per rep-workday",
        "emails_per_rep_workday": "E-mails per rep-workday",
        "touchpoints_per_rep": "Touches per rep",
        "selling_time_share": "Selling time",
        "turnover_rate": "Turnover",
    },
    "Customers and what they cost": {
        "customer_acquisition_cost": "Cost of a new customer",
        "customers_per_spend": "New customers per unit of spend",
        "sales_efficiency": "Sales efficiency",
        "customer_lifetime_value": "Customer lifetime value",
        "customer_churn_rate": "Customer churn",
    },
}
"""Every kpi by what it is about."""


def kpis_page(reader: Reader) -> Page:
    """The page, with as much of it as was built."""
    intro = "The last complete month of each, against the month before. A scope's figure is its own: teams and rep types are never added up."
    months = monthly_kpis(reader) if reader.has(KPIS) else pl.DataFrame()
    if months.is_empty():
        nothing = "There are no KPIs to show: no month is complete yet, or they are not among metrics.subjects."
        return Page("kpis.html", "KPIs", (Section("Sales KPIs", (), empty=nothing),))
    said = months.group_by("kpi").agg(pl.col("value").count()).filter(pl.col("value") > 0)["kpi"].to_list()
    units = dict(months.select("kpi", "unit").unique().iter_rows())
    sections = [
        Section(title, tuple(_trend(kpi, label, units[kpi], months) for kpi, label in group.items() if kpi in said))
        for title, group in GROUPS.items()
        if any(kpi in said for kpi in group)
    ]
    silent = {kpi: label for group in GROUPS.values() for kpi, label in group.items() if kpi not in said}
    if silent:
        sections.append(_silent(silent))
    return Page("kpis.html", "KPIs", tuple(sections), intro=intro)


def monthly_kpis(reader: Reader) -> pl.DataFrame:
    """One kpi, scope (`company/all`, `rep_type/inside`, `team/North`) and complete month, the latest first; without a value
    where the mart has no row, so that the row below is always the month before. Of more than MOST_TEAMS teams none."""
    return reader.frame(
        f"""
        with monthly as (
            select kpi, scope || '/' || scope_id as scope, unit, period_start, value, unpriced_count
            from {KPIS}
            where period_grain = 'month' and is_complete and (
                scope in ('company', 'rep_type')
                or (scope = 'team' and (select count(distinct scope_id) from {KPIS} where scope = 'team') <= {MOST_TEAMS})
            )
        ),
        latest as (select distinct period_start from monthly order by period_start desc limit {MONTHS}),
        expected as (
            select s.kpi, s.scope, s.unit, t.period_start
            from (select distinct m.kpi, m.scope, m.unit from monthly as m join latest as t using (period_start)) as s
            cross join latest as t
        )
        select e.kpi, e.scope, e.unit, e.period_start, m.value, coalesce(m.unpriced_count, 0) as unpriced_count
        from expected as e left join monthly as m using (kpi, scope, unit, period_start)
        order by e.kpi, e.scope, e.period_start desc
        """
    )


def kind_of(unit: str) -> Kind:
    """How a value in the unit looks."""
    if unit.startswith("company currency"):
        return Kind.MONEY
    return Kind.SHARE if unit.startswith("share") else Kind.NUMBER


def _trend(kpi: str, label: str, unit: str, months: pl.DataFrame) -> Trend:
    facts = months.filter(pl.col("kpi") == kpi).drop("kpi", "unit")
    fields = [
        Field("period_start", "Month", Kind.MONTH, f"{KPIS}.period_start"),
        Field("scope", "Whose figures", Kind.SCOPE, f"{KPIS}.scope_id"),
        Field("value", label, kind_of(unit), entry_of(kpi)),
    ]
    if facts["unpriced_count"].sum():
        fields.append(Field("unpriced_count", "Amounts without a rate", Kind.COUNT, f"{KPIS}.unpriced_count"))
    cube = Cube(kpi, facts.select(one.name for one in fields), whole=COMPANY)
    view = View(kpi, cube, tuple(fields))
    return Trend(label, unit, view, charts.trend(view, "period_start", "value"))


def _silent(kpis: dict[str, str]) -> Section:
    """Those of which nothing can be said in any of the months, and why."""
    rows = {
        "kpi": list(kpis.values()),
        "meaning": [define(entry_of(kpi)).text for kpi in kpis],
        "reason": [nothing_means(kpi) for kpi in kpis],
        "place": [define(entry_of(kpi)).place for kpi in kpis],
    }
    fields = (
        Field("kpi", "KPI", Kind.WORD, f"{KPIS}.kpi", link="place"),
        Field("meaning", "What it is", Kind.TEXT),
        Field("reason", "Nothing is shown when", Kind.TEXT),
    )
    table = Table(
        "Of which nothing can be said",
        "In none of these months has any of them a value; an empty chart would say less than the reason.",
        View("silent_kpis", Cube("silent_kpis", pl.DataFrame(rows)), fields),
    )
    return Section("Without figures", (table,))
