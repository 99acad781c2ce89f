"""Dagster sees every published table once, after what it is made of, with its checks; no workspace is needed."""

import json
from datetime import timedelta

import dagster as dg
import pytest

from data_quality.reconcile import identities
from models.settings import Settings
from pipelines.assets.column_lineage import remembered_origins
from pipelines.assets.table_specs import EXPECTATIONS, PUBLICATION, describe_night, key_of
from pipelines.definitions import build_definitions
from pipelines.night.shipped import shipped_catalogue
from pipelines.night.steps import Quiet
from pipelines.night.workspace import Workspace

MAPPING = {"source_record_id": "Id", "channel": {"const": "call"}, "occurred_at": "At"}
SETTINGS = Settings.model_validate(
    {
        "sources": [
            {"name": "crm", "kind": "canonical", "path": "inbox/crm", "fresh_within_hours": 24},
            {"name": "dialer", "kind": "mapped", "path": "inbox/dialer/*", "entity": "activities", "fields": MAPPING},
        ]
    }
)


@pytest.fixture(scope="module")
def definitions(tmp_path_factory):
    return build_definitions(Workspace(tmp_path_factory.mktemp("nowhere")))


@pytest.fixture(scope="module")
def graph(definitions):
    return definitions.resolve_asset_graph()


def test_the_location_loads_without_a_workspace(definitions):
    dg.Definitions.validate_loadable(definitions)
    assert definitions.resolve_job_def("nightly").name == "nightly"


def test_every_published_table_is_an_asset_with_a_description(graph):
    catalogue = shipped_catalogue()
    expected = {key_of(name) for name, spec in catalogue.specs().items() if spec.schema_name != "staging"}
    assert graph.get_all_asset_keys() == expected
    assert all(graph.get(key).description for key in expected)


def test_a_table_stands_on_what_its_sql_reads_through_scratch_tables(graph):
    parents = graph.get(key_of("marts.rep_activity_daily")).parent_keys
    assert key_of("core.fct_activity") in parents
    assert not any(key.path[0] == "staging" for key in parents)


def test_the_publication_stands_on_every_other_table(graph):
    assert graph.get(key_of(PUBLICATION)).parent_keys == graph.get_all_asset_keys() - {key_of(PUBLICATION)}


def test_the_checks_of_a_yaml_and_what_must_add_up_are_asset_checks(graph):
    table = "marts.rep_activity_daily"
    names = {check.name for check in graph.asset_check_keys if check.asset_key == key_of(table)}
    declared = {check.name for check in shipped_catalogue().spec(table).checks}
    assert names == declared | {identity.name for identity in identities() if identity.table == table} | {EXPECTATIONS}


def test_a_source_is_where_its_records_come_from():
    night = describe_night(shipped_catalogue(), SETTINGS)
    asset = next(spec for spec in night.specs if spec.key == key_of("core.latest_activities"))
    assert {dep.asset_key for dep in asset.deps} == {key_of("landing.crm"), key_of("landing.dialer")}


def test_a_source_is_fresh_for_as_long_as_the_settings_say():
    night = describe_night(shipped_catalogue(), SETTINGS)
    policies = {spec.key.path[-1]: spec.freshness_policy for spec in night.specs if spec.key.path[0] == "landing"}
    assert policies == {
        "crm": dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=24)),
        "dialer": dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=96)),
    }


def test_the_column_lineage_names_columns_that_exist(definitions, graph):
    catalogue = shipped_catalogue()
    columns = {key_of(name): {column.name for column in spec.columns} for name, spec in catalogue.specs().items()}
    found = {}
    for spec in definitions.resolve_all_asset_specs():
        lineage = spec.metadata.get("dagster/column_lineage")
        for column, origins in lineage.deps_by_column.items() if lineage else ():
            assert column in columns[spec.key]
            assert all(origin.column_name in columns[origin.asset_key] for origin in origins)
            found[".".join(spec.key.path), column] = {
                (".".join(origin.asset_key.path), origin.column_name) for origin in origins
            }
    assert found["marts.rep_activity_daily", "touches"] == {("core.fct_activity", "is_touch")}
    assert found["marts.rep_type_activity", "touches"] == {("marts.rep_activity_daily", "touches")}
    assert not any(table.startswith("staging.") for origins in found.values() for table, _ in origins)


def test_column_lineage_is_computed_once_for_each_version_of_the_sql(tmp_path):
    catalogue = shipped_catalogue()
    file = tmp_path / "column_lineage.json"
    computed = remembered_origins(catalogue, file)
    kept = json.loads(file.read_text())
    kept["origins"] = {"marts.rep_activity_daily": {"touches": [["core.fct_activity", "kept"]]}}
    file.write_text(json.dumps(kept))
    assert remembered_origins(catalogue, file) == kept["origins"]
    file.write_text(json.dumps({**kept, "fingerprint": "of another version"}))
    assert remembered_origins(catalogue, file) == computed
    file.write_text("half a fi")
    assert remembered_origins(catalogue, file) == computed


def test_a_watched_night_pays_for_no_column_lineage(tmp_path):
    watched = build_definitions(Workspace(tmp_path), Quiet())
    assert not any("dagster/column_lineage" in spec.metadata for spec in watched.resolve_all_asset_specs())
