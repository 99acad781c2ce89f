"""What `touchline inspect` says of a file, and that what it proposes loads and gives the rows it shows."""

import gzip
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from models.settings import Settings, Source
from models.strict_yaml import parse_yaml
from pipelines.sources.inspecting import Inspection, inspect_file

DATA = Path(__file__).parents[2].parent / "shared" / "data"
SETTINGS = Settings.model_validate({"company": {"timezone": "Europe/Istanbul"}})


def source_of(found: Inspection) -> Source:
    (entry,) = parse_yaml(found.proposal)
    return Source.model_validate(entry)


def filled(found: Inspection, row: int = 0) -> dict[str, Any]:
    return {field: value for field, value in found.rows[row].items() if value is not None}


def rules_of(found: Inspection) -> dict[str, Any]:
    return parse_yaml(found.proposal)[0]["fields"]


def written(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def test_a_turkish_dialer_export_is_read_with_its_title_encoding_and_decimal_commas(tmp_path):
    text = (
        "Çağrı Raporu - Mart 2026;;;;;;\r\n"
        "Çağrı No;Tarih;Temsilci;Tür;Yön;Süre (sn);Durum\r\n"
        "A1;14.03.2026 09:30;Gül Şahin;Arama;Giden;95,5;Tamamlandı\r\n"
        "A2;05.03.2026 10:00;İnci Yağız;E-posta;Gelen;12,25;Tamamlandı\r\n"
        "Toplam;;;;;107,75;\r\n"
    )
    found = inspect_file(written(tmp_path, "dialer_2026-03.csv", text, "windows-1254"), SETTINGS)

    assert (found.encoding, found.delimiter, found.decimal, found.skip_rows) == ("windows-1254", ";", ",", 1)
    assert (found.entity, found.source_kind) == ("activities", "mapped")
    assert found.rejected.count == 0, found.rejected
    assert source_of(found).read.footer == r"(?i)Toplam\b"
    assert filled(found) == {
        "source_record_id": "A1",
        "channel": "call",
        "occurred_at": datetime(2026, 3, 14, 6, 30, tzinfo=UTC),
        "rep_id": "Gül Şahin",
        "direction": "outbound",
        "status": "completed",
        "duration_seconds": 96,
    }
    assert (filled(found, 1)["channel"], filled(found, 1)["rep_id"]) == ("email", "İnci Yağız")
    assert len(found.rows) == 2


def test_a_canonical_file_needs_no_mapping(tmp_path):
    text = "source_record_id,channel,occurred_at,rep_id\na,call,2026-03-01T09:00:00Z,R1\nb,fax,2026-03-01,R1\n"
    found = inspect_file(written(tmp_path, "activities-2026-03.csv", text), SETTINGS)

    assert (found.entity, found.source_kind, source_of(found).kind) == ("activities", "canonical", "canonical")
    assert filled(found) == {
        "source_record_id": "a",
        "channel": "call",
        "occurred_at": datetime(2026, 3, 1, 9, tzinfo=UTC),
        "rep_id": "R1",
    }
    (cell,) = found.rejected.cells
    assert (cell.line, cell.field, cell.rule, cell.found) == (3, "channel", "not_in_set", "fax")


def test_epoch_milliseconds_in_json_lines_are_recognised(tmp_path):
    lines = [{"callId": f"c{n}", "startedAt": 1772355600000 + n, "agentId": 7, "durationMs": 90_000} for n in range(3)]
    path = tmp_path / "calls.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))
    found = inspect_file(path, SETTINGS)

    assert rules_of(found)["occurred_at"] == {"column": "startedAt", "format": "epoch_ms"}
    assert rules_of(found)["channel"] == {"const": "call"}
    assert any(note.startswith("channel has no column and is always call: check this") for note in found.notes)
    assert filled(found) == {
        "source_record_id": "c0",
        "channel": "call",
        "occurred_at": datetime(2026, 3, 1, 9, tzinfo=UTC),
        "rep_id": "7",
        "duration_seconds": 90,
    }


@pytest.mark.parametrize(
    ("days", "expected", "ambiguous"),
    [
        (["03/04/2026", "13/04/2026"], "%d/%m/%Y", False),
        (["03/04/2026", "04/13/2026"], "%m/%d/%Y", False),
        (["03/04/2026", "05/06/2026"], "%d/%m/%Y", True),
    ],
)
def test_a_part_above_twelve_decides_between_day_and_month(tmp_path, days, expected, ambiguous):
    rows = "".join(f"D{n},Open,{day},100\n" for n, day in enumerate(days))
    found = inspect_file(written(tmp_path, "deals.csv", f"Deal ID,Deal Stage,Created,Amount\n{rows}"), SETTINGS)

    assert rules_of(found)["created_at"] == {"column": "Created", "format": expected}
    assert any("D/M or M/D" in note for note in found.notes) is ambiguous


def test_another_column_decides_an_ambiguous_order(tmp_path):
    text = "Deal ID,Deal Stage,Created,Close Date\nD1,Won,03/04/2026,04/25/2026\n"
    found = inspect_file(written(tmp_path, "deals.csv", text), SETTINGS)
    assert rules_of(found)["created_at"]["format"] == "%m/%d/%Y"


def test_a_workbook_with_a_title_row_is_read_below_it(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    workbook = openpyxl.Workbook()
    for row in (
        ["Sales team 2026"],
        [],
        ["Rep ID", "Full Name", "Hired", "Team"],
        ["R1", "Ada", date(2025, 1, 6), "East"],
    ):
        workbook.active.append(row)
    workbook.save(tmp_path / "sales_team.xlsx")
    found = inspect_file(tmp_path / "sales_team.xlsx", SETTINGS)

    assert (found.file_format, found.skip_rows, found.entity, found.rejected.count) == ("xlsx", 2, "reps", 0)
    assert filled(found) == {
        "rep_id": "R1",
        "full_name": "Ada",
        "rep_type": "inside",
        "hire_date": date(2025, 1, 6),
        "team": "East",
    }


def test_unknown_words_of_a_required_set_are_rejected_and_named(tmp_path):
    text = "Activity ID,Activity Date,Activity Type\n1,2026-03-01,Call\n2,2026-03-01,Fax\n"
    found = inspect_file(written(tmp_path, "activity.csv", text), SETTINGS)
    assert found.rejected.count == 1
    assert any("rows with Fax in 'Activity Type' would be rejected" in note for note in found.notes)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "empty_file"),
        ("image.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)), "binary"),
        ("page.csv", b"<!doctype html><html><body>Sign in</body></html>", "wrong_type:html"),
        ("broken.xlsx", b"PK\x03\x04" + b"\x00" * 64, "cannot be read"),
        ("broken.json", b'{"a": [1, 2', "cannot be read"),
        ("quotes.csv", b'a,b\n"never closed,1\n2,3\n', "no entity fits"),
        ("weather.txt", b"station,temperature\nA,12\nB,13\n", "no entity fits"),
        ("header.csv", b"id,name\n", "holds no row"),
        ("twice.csv", b"id,ID\n1,2\n", "duplicate_header"),
        ("cut.csv.gz", gzip.compress(b"a,b\n1,2\n" * 100, mtime=0)[:-12], "corrupt_gzip"),
    ],
)
def test_a_hostile_or_unknown_file_gives_notes(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    found = inspect_file(tmp_path / name, SETTINGS)
    assert (found.proposal, found.rows, found.entity) == ("", (), None)
    assert any(said in note for note in found.notes), found.notes


def test_inspecting_writes_nothing_beside_the_file(tmp_path):
    path = written(tmp_path, "calls.csv", "Call ID;Start Time\n1;2026-03-01 10:00\n")
    inspect_file(path, SETTINGS)
    assert [entry.name for entry in tmp_path.iterdir()] == ["calls.csv"]


def test_a_name_that_the_settings_use_is_not_proposed_again(tmp_path):
    taken = {"name": "deals", "kind": "canonical", "path": "inbox/deals"}
    path = written(tmp_path, "deals.csv", "Deal ID,Deal Stage\nD1,Open\n")
    found = inspect_file(path, Settings.model_validate({"sources": [taken]}))
    assert source_of(found).name == "deals_2"


def data(name: str) -> Path:
    if not (DATA / name).exists():
        pytest.skip("the public data sets are not beside this repository")
    return DATA / name


def test_the_maven_pipeline_is_proposed_as_opportunities():
    found = inspect_file(data("maven_crm_sales/sales_pipeline.csv"), Settings())
    assert (found.entity, found.rejected.tried, found.rejected.count) == ("opportunities", 8800, 0)
    assert rules_of(found) == {
        "opportunity_id": "opportunity_id",
        "stage": "deal_stage",
        "owner_rep_id": "sales_agent",
        "created_at": "engage_date",
        "amount": "close_value",
        "account_id": "account",
        "closed_at": "close_date",
        "is_won": {
            "cases": [
                {"if": {"deal_stage": "Lost"}, "const": "false"},
                {"if": {"deal_stage": "Won"}, "const": "true"},
            ]
        },
    }
    assert filled(found)["amount"] == Decimal(1054)
    assert "kept as they are, in no field: product" in found.notes


def test_the_maven_teams_are_proposed_as_reps():
    found = inspect_file(data("maven_crm_sales/sales_teams.csv"), Settings())
    assert rules_of(found) == {
        "rep_id": "sales_agent",
        "full_name": "sales_agent",
        "rep_type": {"const": "inside"},
        "hire_date": {"const": "2000-01-01"},
        "team": "regional_office",
        "manager_rep_id": "manager",
    }
    assert sum("check this" in note for note in found.notes) == 2


@pytest.mark.parametrize(
    ("file", "kind", "entity", "said"),
    [
        ("fivetran_salesforce_seeds/sf_task_data.csv", "salesforce_export", "activities", "it is Task of Salesforce"),
        ("fivetran_salesforce_seeds/sf_event_data.csv", "salesforce_export", "activities", "it is Event of Salesforce"),
        ("fivetran_salesforce_seeds/sf_opportunity_data.csv", "salesforce_export", "opportunities", "Opportunity of"),
        ("fivetran_hubspot_seeds/owner_data.csv", "hubspot_export", "users", "it is owners of HubSpot"),
    ],
)
def test_an_export_of_a_crm_is_known_by_its_headers(file, kind, entity, said):
    found = inspect_file(data(file), Settings())
    assert (found.source_kind, found.entity, found.rejected.count) == (kind, entity, 0)
    assert found.rows and said in found.notes[0]
    source = source_of(found)
    assert (source.kind, source.fields) == (kind, {})


def test_an_export_under_another_name_is_told_how_to_be_called(tmp_path):
    renamed = tmp_path / "extract.csv"
    renamed.write_bytes(data("fivetran_salesforce_seeds/sf_task_data.csv").read_bytes())
    found = inspect_file(renamed, Settings())
    assert found.source_kind == "salesforce_export"
    assert "its name does not say so: call it Task.csv" in found.notes


def test_a_survey_of_bank_clients_is_no_sales_file():
    found = inspect_file(data("uci_bank_marketing/bank.csv"), Settings())
    assert (found.delimiter, found.entity) == (";", None)
    assert any(note.startswith("activities would need source_record_id") for note in found.notes)


ACTIVITY = {
    "record_id": 7, "type": "call", "due_date": "2026-03-02", "due_time": "15:30", "done": False, "marked_as_done_time": None,
    "company_id": 99, "org_id": None, "user_id": 5, "active_flag": True,
}  # fmt: skip


def test_beside_an_org_id_a_company_id_is_no_account_even_when_the_sample_has_no_org(tmp_path):
    found = inspect_file(written(tmp_path, "activities.json", json.dumps({"data": [ACTIVITY]})), SETTINGS)
    assert rules_of(found)["account_id"] == "org_id"
    alone = {name: value for name, value in ACTIVITY.items() if name != "org_id"}
    found = inspect_file(written(tmp_path, "activities.json", json.dumps({"data": [alone]})), SETTINGS)
    assert rules_of(found)["account_id"] == "company_id"


def test_when_a_thing_was_done_goes_before_when_it_was_due_and_an_own_clock_column_is_told(tmp_path):
    found = inspect_file(written(tmp_path, "activities.json", json.dumps({"data": [ACTIVITY]})), SETTINGS)
    assert rules_of(found)["occurred_at"] == {"coalesce": ["marked_as_done_time", "due_date"]}
    assert filled(found)["occurred_at"] == datetime(2026, 3, 1, 21, 0, tzinfo=UTC)
    assert any(note.startswith("'due_time' is in no field") for note in found.notes)


def test_a_flag_has_both_its_words_whichever_the_sample_shows(tmp_path):
    found = inspect_file(written(tmp_path, "activities.json", json.dumps({"data": [ACTIVITY]})), SETTINGS)
    rules = rules_of(found)
    assert rules["status"] == {"column": "done", "map": {"false": "scheduled", "true": "completed"}}
    assert rules["is_deleted"] == {"column": "active_flag", "map": {"true": "false", "false": "true"}}
    assert filled(found)["is_deleted"] is False


def test_a_page_of_pipedrives_activities_is_known_by_its_columns(tmp_path):
    named = {"id" if name == "record_id" else name: value for name, value in ACTIVITY.items()}
    found = inspect_file(written(tmp_path, "activities.json", json.dumps({"data": [named]})), SETTINGS)
    assert (found.source_kind, found.entity, found.rejected.count) == ("pipedrive_export", "activities", 0)


def test_a_deleted_flag_that_is_blank_today_is_mapped_for_the_day_it_is_not(tmp_path):
    text = "Account ID,Account Name,Is Deleted\nA1,Acme,\n"
    assert rules_of(inspect_file(written(tmp_path, "accounts.csv", text), SETTINGS))["is_deleted"] == "Is Deleted"


@pytest.mark.parametrize("between", ["", "email,"])
def test_a_name_in_two_columns_is_put_together(tmp_path, between):
    text = f"id,firstName,{between}lastName\n1,Ann,{between and 'a@example.com,'}Lee\n"
    found = inspect_file(written(tmp_path, "users.csv", text), SETTINGS)
    assert rules_of(found)["full_name"] == {"concat": ["firstName", "lastName"]}
    assert filled(found)["full_name"] == "Ann Lee"


@pytest.mark.parametrize(
    ("header", "column"), [("id,name,firstName,lastName", "name"), ("id,lastName,n,m", "lastName")]
)
def test_a_whole_name_or_a_last_name_alone_is_taken_as_it_is(tmp_path, header, column):
    found = inspect_file(written(tmp_path, "users.csv", f"{header}\n1,Ann Lee,Ann,Lee\n"), SETTINGS)
    assert rules_of(found)["full_name"] == column


def test_every_rejected_row_is_counted_by_its_rule_and_only_the_first_are_shown(tmp_path):
    rows = "".join(f"{n},fax,2026-03-01\n" for n in range(70)) + "70,call,soon\n71,call,2026-03-01\n"
    text = f"source_record_id,channel,occurred_at\n{rows}"
    rejected = inspect_file(written(tmp_path, "activities.csv", text), SETTINGS).rejected
    assert (rejected.tried, rejected.count, len(rejected.cells)) == (72, 71, 50)
    assert [(one.field, one.count) for one in rejected.rules] == [("channel", 70), ("occurred_at", 1)]


def test_a_proposal_is_read_as_settings_are(tmp_path):
    text = "Call ID,Type,Started,Agent,Result\nA1,Call,2026-03-02 10:00,Ann,No\nA2,Call,2026-03-02 11:00,Ann,on\n"
    found = inspect_file(written(tmp_path, "no.csv", text), SETTINGS)
    assert found.rejected.count == 0
    assert source_of(found).mapping().fields["disposition"].column == "Result"


def test_rows_that_share_their_key_are_told(tmp_path):
    text = "Call ID,Type,Started,Agent\nA1,Call,2026-03-02 10:00,Ann\nA1,Call,2026-03-02 11:00,Ann\nA2,Call,2026-03-02 11:00,Ann\n"
    found = inspect_file(written(tmp_path, "dialer.csv", text), SETTINGS)
    assert [note for note in found.notes if "of another row" in note] == [
        "1 rows have the source_record_id of another row, and only the newest of those counts: check this"
    ]


def test_a_file_with_all_that_an_entity_needs_and_a_name_that_says_nothing_is_told_what_to_call_it(tmp_path):
    text = "Id,StageName,Amount\nD1,Prospecting,100\n"
    found = inspect_file(written(tmp_path, "things.csv", text), SETTINGS)
    assert found.entity is None
    assert (
        "opportunities has all it needs, but too little says so: if it is that, call the file opportunities"
        in found.notes
    )


def test_a_company_in_words_is_no_account_id_of_a_contact(tmp_path):
    text = "Record ID,Last Name,Company\n1,Smith,Acme Inc\n"
    assert "account_id" not in rules_of(inspect_file(written(tmp_path, "contacts.csv", text), SETTINGS))


def test_won_stages_alone_do_not_tell_lost_ones(tmp_path):
    text = "pipeline_id,stage_id,display_order,closed_won\np,s1,1,FALSE\np,s2,2,TRUE\n"
    found = inspect_file(written(tmp_path, "deal_pipeline_stage.csv", text), SETTINGS)
    assert any(note.startswith("outcome: 'closed_won' tells won stages only") for note in found.notes)


@pytest.mark.parametrize(
    ("amounts", "delimiter", "mark", "doubted"),
    [
        (["1.234,56", "12.000"], ",", ",", False),
        (["1.500.000", "12.000"], ",", ",", False),
        (["12,5", "999"], ",", ",", False),
        (["1,234.56", "12,000"], ";", ".", False),
        (["0.125", "12.500"], ";", ".", False),
        (["€ 1.234,5", "12.000 €"], ",", ",", False),
        (["12.000", "5.500"], ";", ",", True),
        (["12.000", "5.500"], ",", ".", True),
        (["12", "5"], ";", ",", False),
    ],
)
def test_the_decimal_mark_is_what_the_numbers_prove_and_days_prove_nothing(tmp_path, amounts, delimiter, mark, doubted):
    rows = [[f"D{n}", "Won", f'"{amount}"', "31.12.2025"] for n, amount in enumerate(amounts)]
    lines = [delimiter.join(row) for row in (["Deal ID", "Stage", "Amount", "Close Date"], *rows)]
    found = inspect_file(written(tmp_path, "deals.csv", "\n".join(lines) + "\n"), SETTINGS)
    assert (found.decimal, found.rejected.count) == (mark, 0)
    assert any("check `decimal`" in note for note in found.notes) is doubted


def test_a_workbooks_numbers_are_read_beside_texts_with_a_decimal_comma(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    workbook = openpyxl.Workbook()
    for row in (["Deal ID", "Stage", "Amount"], ["D1", "Won", "1.234,56"], ["D2", "Won", 234.567]):
        workbook.active.append(row)
    workbook.save(tmp_path / "deals.xlsx")
    found = inspect_file(tmp_path / "deals.xlsx", SETTINGS)
    assert [row["amount"] for row in found.rows] == [Decimal("1234.5600"), Decimal("234.5670")]


@pytest.mark.parametrize(
    ("column", "amount", "currency"),
    [("Betrag (EUR)", "5", "EUR"), ("Tutar", "5 TL", "TRY"), ("Amount", "£5", "GBP"), ("Amount", "5", None)],
)
def test_the_currency_is_that_of_the_amounts_or_the_companys_and_told(tmp_path, column, amount, currency):
    found = inspect_file(written(tmp_path, "deals.csv", f"Deal ID,Stage,{column}\nD1,Won,{amount}\n"), SETTINGS)
    assert found.rows[0].get("currency") == currency
    assert any("no column says the currency: all amounts are taken as USD" in n for n in found.notes) is (
        currency is None
    )


def test_a_stage_that_comes_later_rejects_no_deal_and_a_lost_one_is_lost(tmp_path):
    today = written(tmp_path, "deals.csv", "Deal ID,Stage\nD1,Closed Won\nD2,Proposal\n")
    rule = source_of(inspect_file(today, SETTINGS)).mapping().fields["is_won"]
    words = {case.const: {word for test in case.when.values() for word in test.words} for case in rule.cases}
    assert words["true"] == {"Closed Won"}
    assert "closed lost" in words["false"]


def test_ids_of_salesforce_are_written_with_18_characters(tmp_path):
    text = "Activity ID,Type,Date,Assigned To ID\n00TA0000001aaaA,Call,2026-03-02,005A0000001aBcDIAU\n"
    row = filled(inspect_file(written(tmp_path, "calls.csv", text), SETTINGS))
    assert (row["source_record_id"], row["rep_id"]) == ("00TA0000001aaaAMAQ", "005A0000001aBcDIAU")


def test_the_lines_of_a_report_are_ignored_and_a_row_that_reads_like_one_is_not(tmp_path):
    text = "Call ID,Started,Agent\n1,2026-03-02 10:00,Ann\nAcme Ltd,2026-03-03 10:00,Ann\n\nAcme Ltd calls\nTotal: 2\n"
    read = source_of(inspect_file(written(tmp_path, "calls.csv", text), SETTINGS)).read
    assert read.footer == r"(?i)Total\b"


def test_a_folder_that_a_source_reads_needs_nothing_pasted(tmp_path):
    folder = tmp_path / "inbox" / "crm"
    folder.mkdir(parents=True)
    settings = Settings.model_validate({"sources": [{"name": "crm", "kind": "canonical", "path": "inbox/crm"}]})
    sound = "source_record_id,channel,occurred_at\nA1,call,2026-03-02\n"
    found = inspect_file(written(folder, "activities.csv", sound), settings)
    assert (found.entity, found.proposal) == ("activities", "")
    assert "the source 'crm' reads it where it lies: nothing is to be pasted" in found.notes
    other = inspect_file(written(folder, "activities_b.csv", sound.replace(",", ";")), settings)
    assert source_of(other).path == "inbox/crm/activities_b.csv"
