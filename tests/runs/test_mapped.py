"""Mapped sources: other people's columns become ours, and joins are redone when either side changes."""

from pathlib import Path

import pytest

from tests.cheap_nights import ALL_MARTS
from tests.runs.test_accounting import REP, accounting

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
HEAD = "company: {name: Test, timezone: America/New_York}\nsources:\n"
DIALER = """
  - {name: crm, kind: canonical, path: inbox/crm}
  - name: dialer
    kind: mapped
    path: inbox/dialer/*.csv
    entity: activities
    timezone: Europe/Istanbul
    read: {delimiter: ";", encoding: windows-1254, decimal: ",", skip_rows: 1}
    fields:
      source_record_id: Call ID
      channel: {const: call}
      occurred_at: {column: Started, format: "%d.%m.%Y %H:%M"}
      direction: {column: Type, map: {Gelen: inbound, Giden: outbound}, otherwise: unknown}
      duration_seconds: {column: Length, unit: "HH:MM:SS"}
      rep_id: Agent
"""
JOINED = """
  - {name: crm, kind: canonical, path: inbox/crm}
  - name: hub
    kind: mapped
    path: inbox/hub/engagement.csv
    entity: activities
    joins:
      calls: {path: inbox/hub/call*.csv, on: id, key: engagement_id}
      people: {path: inbox/hub/contact*.csv, on: id, key: engagement_id}
    fields:
      source_record_id: id
      channel: {const: call}
      occurred_at: {column: timestamp, format: epoch_ms}
      rep_id: owner_id
      status: {const: completed}
      duration_seconds: {join: calls, column: duration, unit: ms}
      contact_ids: {join: people, column: contact_id, collect: true}
      updated_at: {column: timestamp, format: epoch_ms}
"""


def test_a_turkish_dialer_export_is_read_as_the_settings_say(office):
    office.configure(HEAD + DIALER)
    office.deliver("reps.csv", [{**REP, "rep_id": "Gülşen İnce"}])
    rows = ["Rapor;;;;", "Call ID;Started;Type;Length;Agent", "1;02.03.2026 17:30;Giden;00:02:05;Gülşen İnce"]
    rows += ["2;31.02.2026 10:00;Gelen;00:00:10;Gülşen İnce", "3;02.03.2026 18:00;Beklemede;uzun;Gülşen İnce"]
    office.deliver("march.csv", "\r\n".join(rows).encode("windows-1254"), "inbox/dialer")
    office.night()
    assert accounting(office)["march.csv"] == [4, 1, 0, 0, 2, 1]
    assert office.query("select occurred_at::varchar, direction, duration_seconds, rep_id from core.fct_activity") == [
        ("2026-03-02 14:30:00+00", "outbound", 125, "crm:Gülşen İnce")
    ]
    assert office.query("select line_number, field, rule, excerpt from quarantine.rejected order by 1") == [
        (4, "occurred_at", "format", "31.02.2026 10:00"),
        (5, "duration_seconds", "unit", "uzun"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("first", ["engagement", "joined"])
def test_a_join_is_redone_when_either_side_comes_late(office, first):
    office.configure(HEAD + JOINED)
    office.deliver("reps.csv", [{**REP, "rep_id": "7"}])
    engagements = [{"id": name, "timestamp": "1772460000000", "owner_id": "7"} for name in ("E1", "E2")]
    calls = [{"engagement_id": "E1", "duration": "90500"}]
    people = [{"engagement_id": "E1", "contact_id": person} for person in ("P2", "P1", "P1")]

    def deliver(part):
        if part == "engagement":
            office.deliver("engagement.csv", engagements, "inbox/hub")
        else:
            office.deliver("call.csv", calls, "inbox/hub")
            office.deliver("contact.csv", people, "inbox/hub")
        office.night()

    deliver(first)
    deliver("joined" if first == "engagement" else "engagement")
    rows = office.query("select activity_id, duration_seconds, contact_ids from core.fct_activity order by 1")
    assert rows == [("hub:E1", 91, ["hub:P1", "hub:P2"]), ("hub:E2", 0, None)]
    assert accounting(office)["contact.csv"] == [3, 2, 1, 0, 0, 0]
    assert office.query("select touches, contacts_touched from marts.rep_activity_daily") == [(2, 2)]


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="the real exports are not beside this clone")
def test_the_maven_company_is_counted_to_the_row(office):
    office.configure(
        HEAD
        + """
  - name: maven
    kind: mapped
    path: inbox/maven/sales_pipeline.csv
    entity: opportunities
    fields:
      opportunity_id: opportunity_id
      stage: deal_stage
      owner_rep_id: sales_agent
      created_at: engage_date
      closed_at: close_date
      amount: close_value
      account_id: account
      is_won: {column: deal_stage, map: {Won: true, Lost: false, Engaging: null, Prospecting: null}}
  - name: maven
    kind: mapped
    path: inbox/maven/sales_teams.csv
    entity: reps
    fields:
      rep_id: sales_agent
      full_name: sales_agent
      rep_type: {const: inside}
      hire_date: {const: "2016-01-01"}
      team: regional_office
"""
    )
    office.environment = ALL_MARTS
    for name in ("sales_pipeline.csv", "sales_teams.csv"):
        office.deliver(name, (DATA / "maven_crm_sales" / name).read_bytes(), "inbox/maven")
    office.night()
    assert accounting(office)["sales_pipeline.csv"] == [8800, 8800, 0, 0, 0, 0]
    assert office.query(
        "select count(*) filter (where outcome = 'won'), count(*) filter (where outcome = 'lost'),"
        " sum(amount) filter (where outcome = 'won')::bigint from core.dim_opportunity"
    ) == [(4238, 2473, 10_005_534)]
    without = "rep_id not in (select owner_rep_id from core.dim_opportunity)"
    assert office.query(f"select count(*), count(*) filter (where {without}) from core.dim_rep") == [(35, 5)]
    assert rolled_up(office, "win_rate", "company") == [("all", 4238, 6711, 63.1501)]
    assert rolled_up(office, "pipeline_outflow_amount", "company") == [("all", 10_005_534, None, None)]
    assert rolled_up(office, "average_deal_size", "company") == [("all", 10_005_534, 4238, 236_090.9391)]
    assert rolled_up(office, "sales_cycle_days", "company") == [("all", 219_452, 4238, 5178.1973)]
    by_office = [(team, rate) for team, _, _, rate in rolled_up(office, "win_rate", "team")]
    assert by_office == [("Central", 62.5576), ("East", 63.0248), ("West", 63.9395)]


def rolled_up(office, kpi, scope):
    """The kpi's parts over all years, by scope id, and 100 times what they make."""
    return office.query(
        "select scope_id, sum(numerator)::bigint, sum(denominator)::bigint,"
        " round(100 * sum(numerator)::double / sum(denominator)::double, 4)"
        f" from marts.sales_kpi where kpi = '{kpi}' and scope = '{scope}' and period_grain = 'year'"
        " group by scope_id order by scope_id"
    )
