"""Who has read only the README drops the files that companies have into the inbox, pastes what `inspect` proposes, and
gets the numbers that were written into them, or is told what to do."""

from __future__ import annotations

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from models.strict_yaml import parse_yaml
from pipelines.cli import main
from pipelines.commands.uncredited import ALIASES
from pipelines.new_workspace import make_workspace, template
from tests.cheap_nights import ALL_MARTS
from tests.runs.first_time_files import (
    Call,
    Deal,
    calls,
    deals,
    german_calls,
    german_deals,
    report_calls,
    report_deals,
    table,
    turkish_calls,
    turkish_deals,
    turkish_roster,
    workbook_deals,
)

pytestmark = pytest.mark.slow

ZONE = ZoneInfo("Europe/Istanbul")
ROSTER = {"Gülşen İnce": "G1", "Oğuz Yıldız": "G2", "İsmail Ağaoğlu": "G3"}
TURKS, GERMANS = tuple(ROSTER), ("Jürgen Müßig", "Änne Größe")
CALLS = {"tr": calls("1000", TURKS), "de": calls("A-", GERMANS), "sf": calls("00TA0000001aaa", TURKS)}
DEALS = {
    "tr": deals("F-", TURKS),
    "de": deals("D", GERMANS),
    "one": deals("W1-", TURKS),
    "two": deals("W2-", TURKS),
    "three": deals("W3-", TURKS),
    "sf": deals("006A0000001aaa", TURKS),
}
FILES = {
    "Temsilciler.csv": turkish_roster(ROSTER),
    "Çağrı raporu 2026-03.csv": turkish_calls(CALLS["tr"]),
    "Anrufe.csv": german_calls(CALLS["de"]),
    "Fırsatlar.csv": turkish_deals(DEALS["tr"]),
    "Verkaufschancen_2026.csv": german_deals(DEALS["de"]),
    "Deals east.xlsx": workbook_deals(DEALS["one"], 1, "day"),
    "Deals west.xlsx": workbook_deals(DEALS["two"], 2, "serial"),
    "Deals south.xlsx": workbook_deals(DEALS["three"], 3, "text"),
    "report1774930000001.csv": report_calls(CALLS["sf"]),
    "Opportunity Report-2026-03-31.xlsx": report_deals(DEALS["sf"]),
}
CANONICAL = ["source_record_id", "channel", "occurred_at", "rep_id", "duration_seconds"]
OWN = {
    "activities_dialer.csv": (table([CANONICAL, ["S1", "call", "2026-03-05 10:00", "Gülşen İnce", 61]]), "dialect"),
    "activities_şube.csv": (
        table([["sep=;"], CANONICAL, ["S2", "call", "2026-03-05 11:00", "Gülşen İnce", 62]], "windows-1254"),
        "dialect",
    ),
    "activities_tabs.csv": (table([CANONICAL, ["S3", "call", "2026-03-05 12:00", "G1", 63]], "utf-16"), "encoding"),
}
"""Called and headed as the contract says, and written otherwise; each with the rule that refuses it."""


@pytest.fixture
def newcomer(office, capsys):
    """The office as `touchline init` leaves it, every file in the inbox, and the commands."""
    office.workspace.settings_file.unlink()
    make_workspace(
        office.workspace.home, template("touchline.yaml").replace("timezone: UTC", "timezone: Europe/Istanbul")
    )
    office.environment = ALL_MARTS

    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit):
            main([*arguments, "--home", str(office.workspace.home)])
        return capsys.readouterr().out

    office.run = run
    return office


def inspect(office, name: str) -> str:
    return office.run("inspect", str(office.workspace.inbox / "crm" / name))


def paste(office, said: str) -> None:
    """What stands between the two heads, unchanged, at the top of the sources."""
    proposal = said.split("in touchline.yaml\n", 1)[1].split("\nThe first mapped rows", 1)[0]
    settings = office.workspace.settings_file.read_text(encoding="utf-8")
    office.configure(settings.replace("\nsources:\n", f"\nsources:\n{proposal.rstrip()}\n", 1))


def calls_of(made: list[Call], *, only_days: bool) -> list[tuple[object, ...]]:
    """What must be published of them: a report of days knows neither clock, direction nor outcome."""
    ends = {"reached": "connected", "missed": "no_answer", "busy": "busy"}
    return [
        (
            "call",
            c.started.strftime("%Y-%m-%d 00:00" if only_days else "%Y-%m-%d %H:%M"),
            "unknown" if only_days else "outbound" if c.is_outbound else "inbound",
            None if only_days else ends[c.outcome],
            c.seconds,
        )
        for c in made
    ]


def deals_of(made: list[Deal], currency: str) -> list[tuple[object, ...]]:
    return [(d.outcome, d.amount, currency, d.created, d.closed) for d in made]


def test_every_file_is_read_as_it_is_once_what_inspect_proposes_is_pasted(newcomer):
    office = newcomer
    for name, content in FILES.items():
        office.deliver(name, content)
    for name, (content, _) in OWN.items():
        office.deliver(name, content)
    first = office.night()
    refused = {load.file_name: load for load in first.loads if load.status == "refused"}
    assert {name: (load.reason or "").split(":")[0] for name, load in refused.items()} == {
        name: rule for name, (_, rule) in OWN.items()
    }
    assert all(
        "touchline inspect" in (load.remedy or "") or "utf-16" in (load.remedy or "") for load in refused.values()
    )
    (unread,) = [note for note in first.notes if "not read" in note]
    assert "touchline inspect FILE" in unread

    for name in (*FILES, *OWN):
        said = inspect(office, name)
        assert "\n0 of " in said, said
        paste(office, said)
    second = office.night()
    assert [load.file_name for load in second.loads if load.status == "refused"] == []
    assert not second.quarantine
    assert not [note for note in second.notes if "not read" in note]

    found = office.query(
        f"select channel, strftime(timezone('{ZONE}', occurred_at), '%Y-%m-%d %H:%M'), direction, disposition,"
        " duration_seconds from core.fct_activity where duration_seconds not in (61, 62, 63)"
    )
    expected = [row for place, made in CALLS.items() for row in calls_of(made, only_days=place == "sf")]
    assert sorted(map(str, found)) == sorted(map(str, expected))
    assert office.query(
        "select sum(duration_seconds) from core.fct_activity where duration_seconds in (61, 62, 63)"
    ) == [(61 + 62 + 63,)]
    currencies = {"tr": "TRY", "de": "EUR"}
    sums = office.query("select outcome, amount, currency, created_date, closed_date from core.dim_opportunity")
    told = [row for place, made in DEALS.items() for row in deals_of(made, currencies.get(place, "USD"))]
    assert sorted(map(str, sums)) == sorted(str((o, a.quantize(Decimal("0.0001")), *rest)) for o, a, *rest in told)

    lines = office.run("status")
    assert "Credited to nobody" in lines
    assert ALIASES in lines
    names = office.query(ALIASES)
    assert {(name, rep) for _, name, rep in names} == set(ROSTER.items())
    office.deliver(
        "rep_aliases.csv", [dict(zip(("source", "source_rep_id", "rep_id"), row, strict=True)) for row in names]
    )
    office.night()
    by_rep = office.query(
        "select full_name, count(*), sum(duration_seconds)::int from core.fct_activity as a"
        " join (select distinct rep_id, full_name from core.dim_rep) as r on a.rep_id = r.rep_id group by full_name"
    )
    credited = [c for place in ("tr", "sf") for c in CALLS[place]]
    own = {"Gülşen İnce": (3, 61 + 62 + 63)}
    assert sorted(by_rep) == sorted(
        (
            name,
            sum(c.rep == name for c in credited) + own.get(name, (0, 0))[0],
            sum(c.seconds for c in credited if c.rep == name) + own.get(name, (0, 0))[1],
        )
        for name in ROSTER
    )
    assert {row[1] for row in office.query("select source, source_rep_id from ops.unattributed")} == set(GERMANS)


SHORT, LONG = "005A0000001aBcD", "005A0000001aBcDIAU"
OTHER = "005A0000001aBcE"
TASK_HEAD = ["ID", "SUBJECT", "STATUS", "ISCLOSED", "ACTIVITYDATE", "COMPLETEDDATETIME", "OWNERID", "TASKSUBTYPE",
             "CALLTYPE", "CALLDURATIONINSECONDS", "ISDELETED", "LASTMODIFIEDDATE", "CREATEDDATE"]  # fmt: skip


def task(name: str, owner: str, seconds: int, modified: str = "2026-03-02T15:00:00.000Z") -> list[object]:
    done, made = "2026-03-02T14:30:00.000Z", "2026-03-02T14:00:00.000Z"
    when = ["Call", "Completed", "true", "2026-03-02", done]
    return [name, *when, owner, "Call", "Outbound", seconds, "false", modified, made]


def test_data_loaders_ids_of_15_and_18_characters_are_one_rep_and_one_call(newcomer):
    office = newcomer
    tasks = [task("00TA0000001aaaA", SHORT, 120), task("00TA0000001aaAa", LONG, 60), task("00TA0000001aaaB", OTHER, 30)]
    later = [task("00TA0000001aaaAMAQ", LONG, 100, "2026-03-09T15:00:00.000Z")]
    office.deliver("Task.csv", table([TASK_HEAD, *tasks], delimiter=","))
    office.deliver("Task_corrected.csv", table([TASK_HEAD, *later], delimiter=","))
    roster = ["rep_id", "full_name", "rep_type", "hire_date"]
    rows = [[SHORT, "Ann Lee", "inside", "2025-01-01"], [OTHER, "Bob Ray", "outside", "2025-01-01"]]
    office.deliver("reps.csv", table([roster, *rows], delimiter=","))
    assert any(
        "not read: Task.csv, Task_corrected.csv. touchline inspect FILE" in note for note in office.night().notes
    )

    said = inspect(office, "Task.csv")
    assert "in the place of the source `crm`" in said
    proposal = said.split("in touchline.yaml\n", 1)[1].split("\nThe first mapped rows", 1)[0]
    settings = parse_yaml(office.workspace.settings_file.read_text(encoding="utf-8"))
    assert [source["name"] for source in settings["sources"]] == ["crm"]
    office.configure(f"company: {{name: Test, timezone: Europe/Istanbul}}\nsources:\n{proposal}")
    office.night()
    assert office.query("select rep_id, duration_seconds from core.fct_activity order by all") == [
        (f"crm:{LONG}", 60), (f"crm:{LONG}", 100), (f"crm:{OTHER}IAU", 30)
    ]  # fmt: skip


def test_a_report_of_salesforce_without_ids_is_told_what_it_lacks(newcomer):
    newcomer.deliver("report1774930000000.csv", report_calls(CALLS["sf"], with_ids=False))
    said = inspect(newcomer, "report1774930000000.csv")
    assert "Paste" not in said
    assert "it is a Salesforce report, and its rows carry no id" in said
    assert "add the column 'Activity ID'" in said


def test_a_file_where_no_source_looks_is_told(newcomer):
    newcomer.deliver("calls.csv", b"a,b\n1,2\n", "inbox")
    newcomer.deliver("deals.csv", b"a,b\n1,2\n", "inbox/elsewhere")
    assert any(
        "not read: calls.csv, deals.csv: no source of touchline.yaml looks there" in n for n in newcomer.night().notes
    )


def test_an_object_of_one_crm_that_lacks_a_column_is_not_taken_for_one_of_another(newcomer):
    newcomer.deliver("Task.csv", table([TASK_HEAD[:-1], task("00TA0000001aaaA", SHORT, 120)[:-1]], delimiter=","))
    said = inspect(newcomer, "Task.csv")
    assert "Paste" not in said
    assert "it looks like Task of Salesforce, but lacks CreatedDate: export it again with that" in said
