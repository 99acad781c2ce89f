"""Which mapping reads which file of a CRM's folder, and what a user's own folder changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import SettingsError
from models.settings import EXPORT_KINDS, Settings, Source
from pipelines.sources.readings import mappings_fingerprint, objects_of, readers_of, readings


def source(kind: str, **more: object) -> Source:
    return Source.model_validate({"name": "crm", "kind": kind, "path": "inbox", **more})


def readers(kind: str, name: str) -> list[str]:
    return sorted(reading.object for reading, join in readers_of(source(kind), Path(), name) if not join)


@pytest.mark.parametrize(
    ("kind", "name", "objects"),
    [
        ("salesforce_export", "Task.csv", ["Task"]),
        ("salesforce_export", "TASK_2026-01.csv.gz", ["Task"]),
        ("salesforce_export", "task export 3.xlsx", ["Task"]),
        ("salesforce_export", "tasks.csv", []),
        ("salesforce_export", "OpportunityHistory.csv", ["OpportunityHistory"]),
        ("salesforce_export", "opportunity_history.parquet", ["OpportunityHistory"]),
        ("salesforce_export", "Opportunity 2026.csv", ["Opportunity"]),
        ("salesforce_export", "opportunity_line_item.csv", []),
        ("salesforce_export", "user_role.csv", []),
        ("salesforce_export", "sf_opportunity_history_data.csv", ["opportunity_versions"]),
        ("hubspot_export", "hubspot-crm-exports-all-calls-2026-03-02.csv", ["calls"]),
        ("hubspot_export", "engagement_call_data.csv", ["calls"]),
        ("hubspot_export", "deal_stage_data.csv", ["deal_stages"]),
    ],
)
def test_a_file_belongs_to_the_object_with_the_longest_stem(kind, name, objects):
    assert readers(kind, name) == objects


@pytest.mark.parametrize("kind", EXPORT_KINDS)
def test_every_shipped_mapping_is_read_and_says_what_it_needs(kind):
    found = [reading for reading in readings(source(kind), Path()) if reading.object]
    assert len(found) == len(objects_of(kind.removesuffix("_export"), None)) >= 5
    assert [reading.object for reading in found if not reading.needs] == []


def test_an_own_mapping_takes_the_place_of_the_shipped_one_and_a_new_one_is_added(tmp_path):
    own = tmp_path / "mappings"
    own.mkdir()
    text = (
        "entity: activities\nfiles: [{}]\nfields: {{source_record_id: Id, channel: {{const: note}}, occurred_at: At}}\n"
    )
    (own / "Task.yaml").write_text(text.format("task"))
    (own / "Visit.yaml").write_text(text.format("visit__c"))
    found = {
        reading.object: reading for reading in readings(source("salesforce_export", mappings="mappings"), tmp_path)
    }
    assert found["Task"].fields["channel"].const == "note"
    assert "Visit" in found and "Event" in found


def test_a_wrong_own_mapping_is_told_with_its_key(tmp_path):
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings/Task.yaml").write_text("entity: activities\nfields: {source_record_id: Id}\n")
    with pytest.raises(SettingsError, match="requires channel, occurred_at"):
        readings(source("salesforce_export", mappings="mappings"), tmp_path)


def test_a_folder_of_mappings_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SettingsError, match="is no folder of mappings"):
        readings(source("salesforce_export", mappings="mappings"), tmp_path)


def test_an_api_source_reads_no_joins_and_only_what_it_names():
    api = {"token": "env:TOKEN", "objects": ["calls"]}
    found = [reading for reading in readings(source("hubspot_api", api=api), Path()) if reading.object]
    assert [(reading.object, reading.joins) for reading in found] == [("calls", {})]


def test_only_what_a_mapping_says_is_in_the_fingerprint(tmp_path):
    def fingerprint(**more: object) -> str:
        return mappings_fingerprint(Settings(sources=(source("salesforce_export", **more),)), tmp_path)

    assert fingerprint(path="elsewhere") == fingerprint(fresh_within_hours=3) == fingerprint()
    (tmp_path / "mappings").mkdir()
    text = "entity: activities\nfields: {source_record_id: Id, channel: {const: note}, occurred_at: At}\n"
    (tmp_path / "mappings/Task.yaml").write_text(text)
    assert fingerprint(mappings="mappings") != fingerprint()
