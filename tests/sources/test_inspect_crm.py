"""What `touchline inspect` says of a CRM's tables: which source reads them, and never a mapping that counts them again."""

import json

import pytest

from models.settings import Settings
from models.strict_yaml import parse_yaml
from pipelines.commands.inspect import inspect
from pipelines.sources.inspecting import inspect_file

HUB = {"name": "hub", "kind": "hubspot_export", "path": "inbox/hub"}
WITH_HUB = Settings.model_validate({"sources": [HUB]})
READ_BY_HUB = "the source 'hub' reads it where it lies: nothing is to be pasted"
ENGAGEMENTS = (
    "id,_fivetran_synced,active,activity_type,created_at,last_updated,owner_id,portal_id,timestamp,type\n"
    "1,2026-03-02 11:00:00,true,,2026-03-02 10:00:00,2026-03-02 10:00:00,7,99,2026-03-02 10:00:00,CALL\n"
)
STAGES = (
    "deal_id,_fivetran_active,_fivetran_start,date_entered,source,value\n"
    "5,TRUE,2026-03-02 10:00:00,2026-03-02 10:00:00,CRM_UI,qualified\n"
)
CONTACTS = "id,property_email,_fivetran_deleted,property_hs_calculated_merged_vids\n1,ann@example.com,false,\n"
NAMED = {"engagement_data.csv": ENGAGEMENTS, "deal_stage_data.csv": STAGES, "contact_data.csv": CONTACTS}


def inspected(folder, name, text, settings=WITH_HUB):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return inspect_file(folder / name, settings, folder.parents[1])


@pytest.mark.parametrize("name", NAMED)
def test_a_file_that_a_crm_source_of_the_workspace_reads_is_not_proposed_again(tmp_path, name):
    found = inspected(tmp_path / "inbox" / "hub", name, NAMED[name])
    assert (found.proposal, found.source_kind, found.replaces) == ("", "hubspot_export", None)
    assert READ_BY_HUB in found.notes


def test_a_table_that_objects_are_joined_to_is_said_to_be_one(tmp_path):
    found = inspected(tmp_path / "inbox" / "hub", "engagement_data.csv", ENGAGEMENTS)
    assert (found.entity, found.rows, found.rejected.tried) == (None, (), 0)
    assert found.notes[0] == (
        "it is a table of HubSpot to which calls, communications, emails, meetings, notes, tasks are joined,"
        " and is read with them, never alone"
    )


def test_a_source_reads_a_join_table_by_its_name_and_key_alone(tmp_path):
    found = inspected(tmp_path / "inbox" / "hub", "users_data.csv", "id,email\n7,ann@example.com\n")
    assert (found.entity, found.proposal) == (None, "")
    assert READ_BY_HUB in found.notes


@pytest.mark.parametrize("name", NAMED)
def test_without_a_source_the_crms_kind_is_proposed_and_no_mapping(tmp_path, name):
    found = inspected(tmp_path / "inbox" / "crm", name, NAMED[name], Settings())
    (source,) = parse_yaml(found.proposal)
    assert (source["kind"], source["path"], "fields" in source) == ("hubspot_export", "inbox/crm", False)


@pytest.mark.parametrize("name", NAMED)
def test_a_file_outside_of_the_inbox_belongs_to_the_folder_of_the_source_that_reads_such(tmp_path, name):
    found = inspected(tmp_path / "downloads" / "today", name, NAMED[name])
    assert found.proposal == ""
    assert "the source 'hub' reads it once it is in inbox/hub/: nothing is to be pasted" in found.notes


def test_users_with_ids_and_addresses_are_no_table_of_a_crm_that_no_source_reads(tmp_path):
    found = inspected(
        tmp_path / "inbox" / "app", "users_data.csv", "id,email,name\n7,ann@example.com,Ann\n", Settings()
    )
    assert (found.entity, found.source_kind) == ("reps", "mapped")


def test_an_object_is_read_by_the_mapping_that_its_source_has_of_its_own(tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "visits.yaml").write_text(
        "entity: activities\nfiles: [visits]\nneeds: [no, day]\n"
        "fields: {source_record_id: no, channel: {const: meeting}, occurred_at: day}\n",
        encoding="utf-8",
    )
    settings = Settings.model_validate({"sources": [HUB | {"mappings": "own"}]})
    found = inspected(tmp_path / "inbox" / "hub", "visits.csv", "no,day\nV1,2026-03-02\n", settings)
    assert (found.entity, found.proposal, found.rows[0]["source_record_id"]) == ("activities", "", "V1")
    assert READ_BY_HUB in found.notes


SALESFORCE = "id,is_deleted,system_modstamp,created_date,name,last_modified_date"
VALUES = "FALSE,2026-03-02 10:00:00,2026-03-02 10:00:00,X,2026-03-02 10:00:00"


@pytest.mark.parametrize(
    ("name", "header", "row"),
    [
        ("sf_product_2_data.csv", SALESFORCE, f"01t1G000002Uf3MQAS,{VALUES}"),
        ("sf_product_2_data.csv", SALESFORCE, f"StB7ADpIfsOKUVMS9KkJWw==,{VALUES}"),
        ("sf_order_data.csv", f"{SALESFORCE},account_id,billing_country,industry,master_record_id",
         f"8011G000000XFeOQAW,{VALUES},0011G00000gY0y4QAC,US,,"),
        ("sf_account_history_data.csv", f"{SALESFORCE},billing_country,industry,master_record_id",
         f"0015500000Xyy06AAB,{VALUES},US,,"),
        ("email_campaign_data.csv", "id,_fivetran_synced,type,name,created_date,is_deleted", "7,2026-03-02,A,B,,"),
    ],
)  # fmt: skip
def test_columns_that_many_objects_have_make_no_object_of_a_file_called_otherwise(tmp_path, name, header, row):
    found = inspected(tmp_path / "a" / "b", name, f"{header}\n{row}\n", Settings())
    assert (found.entity, found.proposal) == (None, "")
    assert not any(note.startswith(("it is", "its name")) for note in found.notes)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (SALESFORCE, f"0011G00000gY0y4QAC,{VALUES}"),
        (f"{SALESFORCE},billing_country,industry,master_record_id", f"StB7ADpIfsOKUVMS9KkJWw==,{VALUES},US,,"),
    ],
)
def test_ids_or_columns_of_its_own_make_an_account_of_a_file_called_otherwise(tmp_path, header, row):
    found = inspected(tmp_path / "a" / "b", "extract.csv", f"{header}\n{row}\n", Settings())
    assert (found.entity, found.source_kind) == ("accounts", "salesforce_export")
    assert "its name does not say so: call it Account.csv" in found.notes


def test_people_of_another_program_are_no_owners_of_hubspot(tmp_path):
    user = {"id": 7, "createdAt": "2026-03-02T10:00:00Z", "updatedAt": "2026-03-02T10:00:00Z", "firstName": "Ann",
            "lastName": "Lee", "email": "ann@example.com", "type": "x"}  # fmt: skip
    found = inspected(tmp_path / "a" / "b", "list-users.json", json.dumps({"data": [user]}), Settings())
    assert found.source_kind == "mapped"


def test_the_command_says_that_nothing_is_to_be_pasted(tmp_path, capsys):
    folder = tmp_path / "inbox" / "hub"
    inspected(folder, "engagement_data.csv", ENGAGEMENTS)
    (tmp_path / "touchline.yaml").write_text(f"sources: {json.dumps([HUB])}\n", encoding="utf-8")
    inspect(folder / "engagement_data.csv", tmp_path)
    said = capsys.readouterr().out
    assert said.startswith("engagement_data.csv: a table joined to others\n")
    assert "→ Nothing is to be pasted; then try it: touchline run --dry-run" in said
    assert "Paste" not in said


def test_the_command_counts_every_rejected_row_by_its_rule(tmp_path, capsys):
    path = tmp_path / "activities.csv"
    rows = "".join(f"{n},fax,2026-03-01\n" for n in range(1200))
    path.write_text(f"source_record_id,channel,occurred_at\n{rows}", encoding="utf-8")
    inspect(path, tmp_path)
    said = capsys.readouterr().out
    assert "1,200 of 1,200 rows would be rejected" in said
    assert "channel not_in_set: 1,200" in said
