"""Dagster sees every published table once, after what it is made of, with its checks; no workspace is needed."""

import dagster as dg
import pytest

from data_quality.reconcile import identities
from models.settings import Settings
from pipelines.assets.table_specs import EXPECTATIONS, PUBLICATION, describe_night, key_of
from pipelines.definitions import build_definitions
from pipelines.night.run import shipped_catalogue
from pipelines.night.workspace import Workspace


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
    night = describe_night(shipped_catalogue(), {"crm": "canonical", "dialer": "mapped"})
    asset = next(spec for spec in night.specs if spec.key == key_of("core.latest_activities"))
    assert {dep.asset_key for dep in asset.deps} == {key_of("landing.crm"), key_of("landing.dialer")}
    assert Settings().sources == ()
