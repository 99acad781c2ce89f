"""One factory for all of a night's assets: what YAML and SQL say becomes asset specs and check specs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

import dagster as dg

from data_quality.contract_suites import judged_specs
from data_quality.reconcile import identities
from models.settings import Settings, Source
from models.tables import Severity, TableSpec, WriteMode
from pipelines.assets.column_lineage import as_dagster
from sql.catalog import Catalogue, Model
from sql.origins import Origins
from sql.rules import Rule

PUBLICATION = "ops.publication"
ALERTS = "marts.alerts"
REPORT = "report"
_OF_ALERTS = ("core.alert_night", "core.alert_limit")
EXPECTATIONS = "expectations"
_EXPECTATIONS_SAY = "Great Expectations: the table's contract, and what the last good night leads to expect."
_WORST = dg.AssetCheckSeverity.ERROR
PUBLISHED_LAYERS = ("core", "marts", "quarantine", "ops")


@dataclass(frozen=True)
class NightAssets:
    """All that one night makes, as Dagster sees it, each after what it is made of.

    `tables` are the names that a partial night may be asked for; `views` are those of them that hold no rows. Every
    key begins with `prefix`, which names the workspace where one Dagster serves several.
    """

    specs: tuple[dg.AssetSpec, ...]
    check_specs: tuple[dg.AssetCheckSpec, ...]
    severities: Mapping[dg.AssetCheckKey, dg.AssetCheckSeverity]
    tables: frozenset[str]
    views: frozenset[str]
    prefix: tuple[str, ...] = ()

    def key_of(self, name: str) -> dg.AssetKey:
        """The asset key of `schema.table`, or of `landing.<source>`, in this code location."""
        return dg.AssetKey([*self.prefix, *key_of(name).path])

    def name_of(self, key: dg.AssetKey) -> str:
        """The table of an asset key of this code location."""
        return ".".join(key.path[len(self.prefix) :])


def key_of(table: str) -> dg.AssetKey:
    """The asset key of `schema.table`."""
    return dg.AssetKey(table.split("."))


def landing_key(source: str) -> dg.AssetKey:
    """The asset key of what a source delivered."""
    return dg.AssetKey(["landing", source])


def describe_night(
    catalogue: Catalogue, settings: Settings, rules: Iterable[Rule] = (), origins: Origins | None = None
) -> NightAssets:
    """The assets of a night over the settings' sources; scratch tables are looked through, not shown.

    `rules` are those of the alerts, each a check of marts.alerts. `origins` is the column lineage, which only the web
    UI shows.
    """
    judged = [rule for rule in rules if settings.alerts.enabled and rule.query.reads <= catalogue.specs().keys()]
    declared = catalogue.specs()
    order = [*sorted(declared.keys() - catalogue.models.keys()), *(model.table for model in catalogue.ordered())]
    specs = {name: declared[name] for name in order if declared[name].schema_name in PUBLISHED_LAYERS}
    sources = {source.name: source for source in settings.sources}
    landed = [landing_key(name) for name in sources]
    upstream = {name: sorted(_upstream(catalogue, name) & specs.keys()) for name in specs}
    upstream[ALERTS] = sorted({table for rule in judged for table in rule.query.reads if table not in _OF_ALERTS})
    tables = [
        _table_asset(
            spec,
            [key_of(other) for other in upstream[name]] or _made_by_python(spec, landed),
            catalogue,
            as_dagster(origins[name], landed) if origins and name in origins else None,
        )
        for name, spec in specs.items()
        if name != PUBLICATION
    ]
    pages = [_report_asset([asset.key for asset in tables])] if settings.report.enabled else []
    hours = settings.quality.fresh_within_hours
    publication = _table_asset(
        specs[PUBLICATION], [asset.key for asset in (*tables, *pages)], catalogue, None
    ).replace_attributes(freshness_policy=_fresh_within(hours))
    checks = [*_checks(catalogue, specs), *map(_rule_check, judged)]
    return NightAssets(
        specs=(*(_landing_asset(source, hours) for source in sources.values()), *tables, *pages, publication),
        check_specs=tuple(check for check, _ in checks),
        severities={check.key: severity for check, severity in checks},
        tables=frozenset(specs),
        views=frozenset(name for name, spec in specs.items() if spec.write is WriteMode.VIEW),
    )


def _upstream(catalogue: Catalogue, table: str) -> set[str]:
    """What a table is made of, looking through staging tables to what these are made of."""
    found: set[str] = set()
    waiting = set(_reads(catalogue, table))
    while waiting:
        name = waiting.pop()
        if name.startswith("staging."):
            waiting |= _reads(catalogue, name) - found
        found.add(name)
    return found - {table}


def _reads(catalogue: Catalogue, table: str) -> frozenset[str]:
    model = catalogue.models.get(table)
    return frozenset(model.query.reads) if model else frozenset()


def _made_by_python(spec: TableSpec, landed: list[dg.AssetKey]) -> list[dg.AssetKey]:
    """Winners of records and the night's ledger come from the files; reference rows and parameters do not."""
    is_from_files = spec.name.startswith("latest_") or spec.schema_name in ("ops", "quarantine")
    return landed if is_from_files else []


def _landing_asset(source: Source, default_hours: int) -> dg.AssetSpec:
    """Fresh while the source delivers: Dagster sees when files came, not how old the events in them are."""
    hours = source.fresh_within_hours or default_hours
    return dg.AssetSpec(
        landing_key(source.name),
        description=f"What the source {source.name} ({source.kind}, {source.path}) delivered, kept as it came.",
        group_name="landing",
        kinds={"file"},
        freshness_policy=_fresh_within(hours),
        skippable=True,
    )


def _fresh_within(hours: int) -> dg.FreshnessPolicy:
    return dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=hours))


def _report_asset(read: Iterable[dg.AssetKey]) -> dg.AssetSpec:
    """The pages of a night; who selects them alone runs a whole night, which writes them."""
    shown = [key for key in read if key.path[0] in ("marts", "ops", "quarantine")]
    return dg.AssetSpec(
        dg.AssetKey([REPORT]),
        deps=shown,
        description="What people look at: static pages beside the tables, published with them. Open its index.html.",
        group_name="report",
        owners=["team:revops"],
        kinds={"html", "python"},
        skippable=True,
    )


def _table_asset(
    spec: TableSpec, deps: Iterable[dg.AssetKey], catalogue: Catalogue, lineage: dg.TableColumnLineage | None
) -> dg.AssetSpec:
    model = catalogue.models.get(spec.table)
    columns = [dg.TableColumn(column.name, column.type, _shown(column.description)) for column in spec.columns]
    return dg.AssetSpec(
        key_of(spec.table),
        deps=list(deps),
        description=_shown(spec.description),
        group_name=_group(spec, model, catalogue),
        owners=[f"team:{spec.owner.split('@')[0]}"],
        kinds={"duckdb", "sql"} if model else {"duckdb", "python"},
        metadata={
            "dagster/column_schema": dg.TableSchema(columns),
            "dagster/table_name": spec.table,
            "grain": ", ".join(spec.grain),
            **({"dagster/column_lineage": lineage} if lineage else {}),
        },
        skippable=True,
    )


def _shown(text: str) -> str:
    """A description as the web UI shows it whole: it takes `<source>` for a tag of HTML and drops it."""
    return re.sub("<([^<>]+)>", "‹\\1›", text)


def _group(spec: TableSpec, model: Model | None, catalogue: Catalogue) -> str:
    """The subject of a model, else the schema; what Python makes for core is ingestion."""
    if model is not None:
        return model.subject or spec.schema_name
    return "ingestion" if spec.schema_name == "core" else spec.schema_name


def _checks(
    catalogue: Catalogue, specs: Mapping[str, TableSpec]
) -> Iterator[tuple[dg.AssetCheckSpec, dg.AssetCheckSeverity]]:
    """What each model's YAML asks of it, and what must add up over several tables.

    Every table's own grain and required columns are asked too and stand in ops.check_result; as Dagster checks they
    would double the events of a night, each of which costs as much as building a small table.
    """
    for name in sorted(catalogue.models.keys() & specs.keys()):
        for check in specs[name].checks:
            spec = dg.AssetCheckSpec(check.name, asset=key_of(name), description=check.reason)
            yield spec, _severity(check.severity)
    for judged in expected_specs(specs.values()):
        yield dg.AssetCheckSpec(EXPECTATIONS, asset=key_of(judged.table), description=_EXPECTATIONS_SAY), _WORST
    for identity in identities():
        if identity.table in specs and not identity.table.startswith("core.latest_"):
            yield dg.AssetCheckSpec(identity.name, asset=key_of(identity.table)), _severity(Severity.BLOCK)


def _rule_check(rule: Rule) -> tuple[dg.AssetCheckSpec, dg.AssetCheckSeverity]:
    """Passes while no alert of the rule stands: whoever looks at the web UI sees what people were told."""
    says = f"No alert stands of this rule: {' '.join(rule.spec.description.split())}"
    return dg.AssetCheckSpec(rule.name, asset=key_of(ALERTS), description=_shown(says)), dg.AssetCheckSeverity.WARN


def expected_specs(specs: Iterable[TableSpec]) -> list[TableSpec]:
    """The tables that Great Expectations may be asked about: what people read, and the records as they came in."""
    listed = list(specs)
    return [*judged_specs(listed), *(spec for spec in listed if spec.table.startswith("core.latest_"))]


def _severity(severity: Severity) -> dg.AssetCheckSeverity:
    return dg.AssetCheckSeverity.ERROR if severity is Severity.BLOCK else dg.AssetCheckSeverity.WARN
