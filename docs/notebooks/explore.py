import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Touchline: five questions")


@app.cell
def _(mo):
    mo.md("""
    # Five questions, with pictures

    The SQL is that of [queries.md](../queries.md), by number. Open another workspace with
    `marimo edit docs/notebooks/explore.py -- --home /srv/sales`.
    """)
    return


@app.cell
def _():
    import os
    import re
    from pathlib import Path

    import altair as alt
    import duckdb
    import marimo as mo

    return Path, alt, duckdb, mo, os, re


@app.cell
def _(Path, duckdb, mo, os):
    home = mo.cli_args().get("home") or os.environ.get("TOUCHLINE_HOME") or "workspace"
    published = Path(str(home)) / "var" / "published" / "crm.duckdb"

    def rows_of(sql):
        """What the published file answers, opened for this question alone: the next one sees a new night."""
        with duckdb.connect(str(published), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            found = connection.execute(sql)
            names = [column[0] for column in found.description]
            return [dict(zip(names, map(plain, row), strict=True)) for row in found.fetchall()]

    def plain(value):
        """As charts take it: days and instants as text, decimals as numbers."""
        if value is None or isinstance(value, str | int | float | bool):
            return value
        return value.isoformat() if hasattr(value, "isoformat") else float(value)

    return (rows_of,)


@app.cell
def _(Path, re):
    page = (Path(__file__).parent.parent / "queries.md").read_text(encoding="utf-8")

    def question(number):
        """Title, SQL and how to read the answer, from docs/queries.md."""
        found = re.search(
            rf"### {number}\. (.+?)\n.*?```sql\n(.*?)```\n\nHow to read it: (.+?)\n\n", page + "\n\n", re.DOTALL
        )
        return found.groups()

    return (question,)


@app.cell
def _(alt, mo, question, rows_of):
    answers = {number: rows_of(question(number)[1]) for number in (2, 7, 10, 16, 17)}

    def shown(number, chart):
        """The question, the picture, how to read it, and its SQL and table below."""
        title, sql, reading = question(number)
        sheet = mo.accordion({"SQL": mo.md(f"```sql\n{sql}```"), "Table": mo.ui.table(answers[number], selection=None)})
        return mo.vstack([mo.md(f"## {title}\n\n{reading[0].upper()}{reading[1:]}"), chart, sheet])

    def chart_of(number):
        return alt.Chart(alt.Data(values=answers[number])).properties(width=460)

    return answers, chart_of, shown


@app.cell
def _(alt, chart_of, shown):
    shown(
        2,
        chart_of(2)
        .mark_line(point=True)
        .encode(
            x=alt.X("week:T", title="week"),
            y=alt.Y("touches_per_rep_workday:Q", title="touches per rep-workday"),
            color=alt.Color("rep_type:N", title="rep type"),
            tooltip=["week:T", "rep_type:N", "touches:Q", "rep_workdays:Q"],
        ),
    )
    return


@app.cell
def _(alt, answers, chart_of, shown):
    steps = ["contacted", "connected", "meeting", "deal", "won"]
    shown(
        7,
        chart_of(7)
        .transform_fold([f"{step}_percent" for step in steps], as_=["step", "percent"])
        .transform_calculate(cohorts="datum.is_mature ? 'mature' : 'still on their way'")
        .mark_bar()
        .encode(
            x=alt.X("percent:Q", title="% of the step before"),
            y=alt.Y("step:N", sort=[f"{step}_percent" for step in steps], title=None),
            row=alt.Row("source_type:N", title="source of the leads"),
            color=alt.Color("cohorts:N", title="cohorts"),
            yOffset="cohorts:N",
        ),
    )
    return


@app.cell
def _(alt, chart_of, shown):
    shown(
        10,
        chart_of(10)
        .mark_bar()
        .encode(
            x=alt.X("median_days:Q", title="median days in the stage"),
            y=alt.Y("stage:N", sort=alt.EncodingSortField("step"), title=None),
            yOffset="became:N",
            color=alt.Color("became:N", title="became"),
            row=alt.Row("pipeline:N"),
            tooltip=["stage:N", "became:N", "deals:Q", "median_days:Q", "p90_days:Q"],
        )
        .resolve_scale(y="independent"),
    )
    return


@app.cell
def _(alt, chart_of, shown):
    shown(
        16,
        chart_of(16)
        .transform_calculate(strained="datum.overload + datum.high")
        .mark_rect()
        .properties(height=180)
        .encode(
            x=alt.X("week_start:O", timeUnit="yearmonthdate", title="week"),
            y=alt.Y("team:N", title=None),
            color=alt.Color("strained:Q", title="overloaded, high"),
            tooltip=["team:N", "week_start:T", "reps:Q", "overload:Q", "high:Q", "touches_per_workday:Q"],
        ),
    )
    return


@app.cell
def _(alt, chart_of, shown):
    _bars = (
        chart_of(17)
        .mark_bar()
        .encode(
            x=alt.X("turnover_percent:Q", title="turnover of twelve months, %"),
            y=alt.Y("team:N", sort="-x", title=None),
            color=alt.Color("is_over_threshold:N", title="over the threshold"),
            tooltip=["team:N", "separations_12m:Q", "average_headcount:Q", "turnover_percent:Q"],
        )
    )
    _limit = chart_of(17).mark_rule(strokeDash=[4, 4]).encode(x="threshold_percent:Q")
    shown(17, _bars + _limit)
    return


if __name__ == "__main__":
    app.run()
