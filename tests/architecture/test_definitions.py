"""Dagster sees every published table once, after what it is made of, with its checks; no workspace is needed."""

from datetime import timedelta

import dagster as dg
import pytest

from data_quality.reconcile import identities
from models.contracts import CONTRACTS
from models.settings import Report, Settings
from pipelines.assets.table_specs import EXPECTATIONS, PUBLICATION, REPORT, describe_night, key_of
from pipelines.definitions import build_definitions
from pipelines.night.shipped import shipped_catalogue
from pipelines.night.steps import Quiet
from pipelines.night.workspace import Workspace
from sql.origins import LANDING, shipped_origins

DAYS = key_of("ops.rebuilt_days")
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


def test_every_published_table_and_the_report_are_assets_with_a_description(graph):
    catalogue = shipped_catalogue()
    tables = {key_of(name) for name, spec in catalogue.specs().items() if spec.schema_name != "staging"}
    expected = tables | {key_of(REPORT), DAYS}
    assert graph.get_all_asset_keys() == expected
    assert all(graph.get(key).description for key in expected)


def test_a_table_stands_on_what_its_sql_reads_through_scratch_tables(graph):
    parents = graph.get(key_of("marts.rep_activity_daily")).parent_keys
    assert key_of("core.fct_activity") in parents
    assert not any(key.path[0] == "staging" for key in parents)


def test_the_publication_stands_on_every_other_table(graph):
    assert graph.get(key_of(PUBLICATION)).parent_keys == graph.get_all_asset_keys() - {key_of(PUBLICATION), DAYS}


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


def test_what_people_read_is_fresh_for_as_long_as_a_source_may_be_silent():
    night = describe_night(shipped_catalogue(), SETTINGS)
    publication = next(spec for spec in night.specs if spec.key == key_of(PUBLICATION))
    assert publication.freshness_policy == dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=96))


def test_the_report_stands_on_the_marts_and_is_there_only_when_it_is_written(graph):
    parents = graph.get(key_of(REPORT)).parent_keys
    assert {key_of("marts.sales_kpi"), key_of("ops.load_accounting"), key_of("quarantine.rejected")} <= parents
    silent = SETTINGS.model_copy(update={"report": Report(enabled=False)})
    assert key_of(REPORT) not in {spec.key for spec in describe_night(shipped_catalogue(), silent).specs}


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


def test_the_column_lineage_ends_in_the_fields_that_each_source_delivers():
    night = describe_night(shipped_catalogue(), SETTINGS, origins=shipped_origins())
    latest = next(spec for spec in night.specs if spec.key == key_of("core.latest_activities"))
    deps = latest.metadata["dagster/column_lineage"].deps_by_column
    assert [(dep.asset_key.path, dep.column_name) for dep in deps["activity_date"]] == [
        (["landing", "crm"], "activities.occurred_at"),
        (["landing", "dialer"], "activities.occurred_at"),
    ]


def test_every_published_column_that_is_made_of_others_says_so():
    """What `make docs` writes is held fresh by `make check`; here, that nothing in it leads nowhere."""
    specs = shipped_catalogue().specs()
    columns = {name: {column.name for column in spec.columns} for name, spec in specs.items()}
    columns |= {f"{LANDING}{entity}": set(contract.kinds()) for entity, contract in CONTRACTS.items()}
    for table, made in shipped_origins().items():
        for column, origins in made.items():
            assert column in columns[table]
            assert all(set(named) <= columns[origin] for origin, named in origins.items()), (table, column)
    made_by_sql = {name for name in shipped_catalogue().models if not name.startswith("staging.")}
    assert made_by_sql <= shipped_origins().keys()


def test_a_watched_night_pays_for_no_column_lineage(tmp_path):
    watched = build_definitions(Workspace(tmp_path), Quiet())
    assert not any("dagster/column_lineage" in spec.metadata for spec in watched.resolve_all_asset_specs())
