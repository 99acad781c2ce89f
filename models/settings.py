"""touchline.yaml as a contract: every key, its default, its meaning. Unknown keys fail with the nearest known one.

Reading the file is `load_settings`; nothing is read on import. `TOUCHLINE__COMPANY__TIMEZONE=…` overrides a key.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from models.alert_settings import SECRET, Alerts
from models.api_settings import ApiSettings
from models.conditions import Ignored
from models.contracts import CONTRACTS
from models.cron import cron_problem
from models.engine_settings import Engine
from models.errors import SettingsError, nearest
from models.mapping import FieldRule, JoinName, JoinSpec, ReadOptions, SourceMapping
from models.places import HolidayCountry, TimeZone
from models.storage_settings import Storage
from models.strict_yaml import parse_yaml, read_yaml

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
GateSeverity = Literal["block", "warn", "off"]
KINDS_TELLING_DELETES = ("salesforce_api", "hubspot_api", "pipedrive_api")
"""Kinds of sources that are asked for deleted records too, so that a night without any says that there were none."""

_MEETINGS_NEED_A_STATUS = frozenset({"hubspot_export", "hubspot_api"})
_SECRET_KEYS = frozenset(
    {"token", "client_id", "client_secret", "secret", "url", "heartbeat_url", "access_key_id", "secret_access_key"}
)
_CLOCK = "^([01][0-9]|2[0-3]):[0-5][0-9]$"


class Section(BaseModel):
    """A part of the settings; unknown keys fail."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class WorkdayHours(Section):
    """The working day in the company's time zone; `end` is no longer inside."""

    start: str = Field("09:00", pattern=_CLOCK, description="Its first minute.")
    end: str = Field("17:30", pattern=_CLOCK, description="Its end; `end` itself is after hours.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start >= self.end:
            raise ValueError("`end` does not lie after `start`: write the earlier time as `start`")
        return self


class Holidays(Section):
    """Public holidays are no workdays."""

    default_country: HolidayCountry | None = Field(None, description="Country of reps without one; blank: no holidays.")


class Company(Section):
    """Who the numbers are about."""

    name: str = Field("My company", description="Shown on reports and in messages.")
    timezone: TimeZone = Field("UTC", description="Every *_date is a day of this zone.")
    week_start: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = Field(
        "monday", description="First day of a week."
    )
    workdays: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = Field(
        ("mon", "tue", "wed", "thu", "fri"),
        description="Days on which people work; touches on other days count as after hours.",
    )
    workday_hours: WorkdayHours = WorkdayHours()
    holidays: Holidays = Holidays()
    fiscal_year_start_month: int = Field(1, ge=1, le=12, description="The month in which the fiscal year starts.")
    currency: str = Field(
        "USD", pattern="^[A-Z]{3}$", description="The currency that amounts are reported in, as ISO 4217 code."
    )


EXPORT_KINDS = ("salesforce_export", "hubspot_export", "pipedrive_export")
API_KINDS = ("salesforce_api", "hubspot_api", "pipedrive_api")


class Source(Section):
    """Where rows come from. `canonical` reads file families by entity; `mapped` reads one entity with a mapping; the
    kinds of a CRM read its objects, from a folder of exports or from its API, with the mappings that are shipped.

    Several `mapped` entries may share a name when their entities differ: they are one source then.
    """

    name: str = Field(pattern="^[a-z][a-z0-9_]{0,62}$", description="Its name; ids in core begin with it.")
    kind: Literal[
        "canonical", "mapped", "salesforce_export", "hubspot_export", "pipedrive_export",
        "salesforce_api", "hubspot_api", "pipedrive_api",
    ] = Field(description="What its files are, or which API is asked.")  # fmt: skip
    path: str = Field(
        "",
        description="A folder (canonical, exports) or a glob (mapped), below the workspace, absolute, or in an object store"
        " (s3://bucket/prefix, gs://, az://); of an API kind the folder of the roster and other canonical files beside it.",
    )
    api: ApiSettings | None = Field(None, description="API kinds: how the account is reached.")
    mappings: str | None = Field(
        None, description="CRM kinds: a folder of own mappings; one called like a shipped one takes its place."
    )
    timezone: TimeZone | None = Field(None, description="Zone of times without an offset; default the company's.")
    entity: str | None = Field(None, description="Mapped: what a row is, such as activities.")
    fields: dict[str, FieldRule] = {}
    joins: dict[JoinName, JoinSpec] = {}
    read: ReadOptions = ReadOptions()
    needs: tuple[str, ...] | None = Field(
        None, description="Mapped: columns that a file must have, others may be missing; default all that are named."
    )
    aliases: dict[str, tuple[str, ...]] = Field({}, description="Mapped: other headers of a column, by column.")
    ignore: tuple[Ignored, ...] = ()
    object: str = Field("", description="The CRM's object that an entry reads; not to be set by hand.")
    keep_columns: tuple[str, ...] | None = Field(
        None, description="Columns that are kept though nothing reads them; default all, [] none."
    )
    drop_columns: tuple[str, ...] = Field(
        (), description="Columns that are never stored, even where a field would read them."
    )
    max_quarantined_share: float | None = Field(
        None, ge=0, le=1, description="A file with a larger share of broken rows is refused whole; default `quality`'s."
    )
    fresh_within_hours: int | None = Field(
        None, ge=1, le=1_000_000, description="How old the newest event may be; default `quality`'s."
    )
    assume_past_meetings_held: bool | None = Field(
        None, description="Whether past meetings without a status took place; default by kind: no in HubSpot, else yes."
    )

    @model_validator(mode="after")
    def _what_its_kind_needs(self) -> Self:
        if (self.api is not None) != (self.kind in API_KINDS):
            raise ValueError("`api` belongs to the API kinds, and they need it: add it, or take it away")
        if not self.path and self.kind not in API_KINDS:
            raise ValueError("`path` is missing: name the folder or the files")
        if self.mappings is not None and self.kind not in (*EXPORT_KINDS, *API_KINDS):
            raise ValueError("`mappings` belongs to the kinds of a CRM: take it away")
        return self

    @model_validator(mode="after")
    def _mapping_where_needed(self) -> Self:
        if self.kind == "mapped":
            if self.entity is None:
                raise ValueError(
                    f"a mapped source needs its `entity`: say which of these a row is: {', '.join(CONTRACTS)}"
                )
            columns = self.mapping().columns()
            read = [name for name in self.drop_columns if name in columns]
            if read:
                raise ValueError(f"`drop_columns` names '{read[0]}', which a field reads: take the field away too")
        elif self.fields or self.joins or self.entity:
            raise ValueError("`entity`, `fields` and `joins` belong to kind: mapped; set it, or take them away")
        return self

    def assumes_meetings_held(self) -> bool:
        """Whether its past meetings without a status count as held; HubSpot leaves the outcome of most unsaid."""
        if self.assume_past_meetings_held is None:
            return self.kind not in _MEETINGS_NEED_A_STATUS
        return self.assume_past_meetings_held

    def mapping(self) -> SourceMapping:
        """The mapping of a `mapped` source."""
        assert self.entity is not None
        return SourceMapping(
            entity=self.entity,
            fields=self.fields,
            joins=self.joins,
            read=self.read,
            needs=self.needs,
            aliases=self.aliases,
            ignore=self.ignore,
        )


class Workload(Section):
    """From where on a week is too much, or too little."""

    overload_touches_per_workday: Decimal = Field(Decimal("90"), gt=0, description="Overload, whatever others do.")
    overload_ratio: Decimal = Field(Decimal("1.5"), gt=1, description="Overload: of the own baseline and of the peers.")
    high_ratio: Decimal = Field(Decimal("1.25"), gt=1, description="High: of the own baseline or of the peers.")
    under_ratio: Decimal = Field(Decimal("0.5"), ge=0, lt=1, description="Under: of the own baseline and of the peers.")


Subject = Literal["activity", "performance", "funnel", "kpi", "people"]
"""The folders of sql/marts: what is built together."""


class Metrics(Section):
    """What is built, and the parameters that metrics.md names."""

    subjects: tuple[Subject, ...] = Field(
        ("activity", "performance", "funnel", "kpi", "people"),
        min_length=1,
        description="Marts of other subjects are not built, unless one of these reads them.",
    )

    counts_as_rep: tuple[str, ...] = Field(
        ("sdr", "ae", "csm", "field_rep"), description="Roles whose people count as reps."
    )
    connected_call_seconds: int = Field(
        90,
        ge=0,
        description="A completed call longer than this is connected when the source does not say how it ended.",
    )
    ramp_days: int = Field(90, ge=0, le=36_500, description="A rep employed for fewer days is ramping.")
    funnel_window_days: int = Field(
        180, ge=1, le=36_500, description="A lead's steps count this long after its creation."
    )
    untouched_days: int = Field(
        30, ge=1, description="An open deal without its owner's activity this long is untouched."
    )
    gross_margin: Decimal | None = Field(
        None, gt=0, le=1, description="Share of revenue; without it there is no customer lifetime value."
    )
    turnover_threshold: Decimal = Field(Decimal("0.20"), ge=0, description="A trailing turnover above it is too much.")
    workload: Workload = Workload()


class UnitChange(Section):
    """When the median of new values moves so far that the unit must have changed."""

    severity: GateSeverity = Field(
        "block", description="block stops publication, warn publishes and says so, off is silent."
    )
    factor: float = Field(
        30, gt=1, description="How many times the usual median, or the usual median how many times it."
    )


class LostColumn(Section):
    """When a column that used to be filled arrives empty."""

    severity: GateSeverity = Field("block", description="Of activities; other records are flagged at most.")
    kept_share: float = Field(0.1, ge=0, lt=1, description="Lost is what is filled in less than this share of before.")
    may_be_empty: tuple[str, ...] = Field((), description="Columns not judged, such as activities.disposition.")


class SparseColumn(Section):
    """When a column that used to be filled is filled much less often, though not lost."""

    severity: GateSeverity = Field("warn", description="What is filled is right, so it does not block.")
    kept_share: float = Field(
        0.5, gt=0, lt=1, description="Sparse is what is filled in less than this share of before."
    )


class UnknownReference(Section):
    """When more records than usual name a rep, a contact, an account, a lead or a deal that nobody knows."""

    severity: GateSeverity = Field("warn", description="What arrives later is joined then, so it does not block.")
    rise: float = Field(0.3, gt=0, lt=1, description="By how much the share of unknown ones may rise, 0 to 1.")


_WORDS_OF_CLOSED_SETS = (
    "activities.channel",
    "activities.disposition",
    "leads.status",
    "leads.lead_source",
    "opportunities.stage",
    "opportunities.pipeline",
    "opportunities.deal_type",
    "stage_changes.to_stage",
    "reps.role",
    "reps.rep_type",
)


class NewWords(Section):
    """When a word stands in a column in which the source never wrote it before."""

    severity: GateSeverity = Field(
        "warn", description="A new word is mostly a new stage or a new outcome, and right, so it does not block."
    )
    columns: tuple[str, ...] = Field(_WORDS_OF_CLOSED_SETS, description="Columns that hold one of a few words.")
    most_words: int = Field(50, ge=1, description="A source that wrote more different words into one writes free text.")

    @field_validator("columns")
    @classmethod
    def _known_columns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            entity, _, field = name.partition(".")
            if entity not in CONTRACTS or field not in CONTRACTS[entity].kinds():
                raise ValueError(f"'{name}' is no column: write entity.field, such as activities.disposition")
        return value


class LowVolume(Section):
    """When a day holds far fewer activities than that weekday usually does."""

    severity: GateSeverity = Field("warn", description="A late file mends the day by itself, so it does not block.")
    share: float = Field(0.25, gt=0, lt=1, description="Low is less than this share of the usual day.")
    min_rows: int = Field(20, ge=1, description="Days that usually hold fewer are not judged.")


class StaleSource(Section):
    """When the newest event of a source is older than `fresh_within_hours`."""

    severity: GateSeverity = Field("warn", description="A silent source leaves the others right, so it does not block.")


class Quality(Section):
    """What may be wrong before a file is refused, a night is flagged, or its publication stops."""

    max_quarantined_share: float = Field(
        0.05, ge=0, le=1, description="A file with a larger share of broken rows is refused whole."
    )
    min_quarantined_rows: int = Field(20, ge=0, description="A file with fewer broken rows than this is never refused.")
    max_night_quarantined_share: float = Field(
        0.10, ge=0, le=1, description="A night of which more rows are rejected publishes nothing."
    )
    min_night_quarantined_rows: int = Field(
        100, ge=0, description="A night with fewer broken rows than this is never stopped for them."
    )
    fresh_within_hours: int = Field(
        96, ge=1, le=1_000_000, description="A source whose newest event is older than this is stale."
    )
    expectations: bool = Field(True, description="Whether Great Expectations judges a build before it is published.")
    newest_rows: int = Field(
        50, ge=10, description="How many of the newest rows are compared with the last good night's."
    )
    unit_change: UnitChange = UnitChange()
    lost_column: LostColumn = LostColumn()
    sparse_column: SparseColumn = SparseColumn()
    unknown_reference: UnknownReference = UnknownReference()
    new_words: NewWords = NewWords()
    low_volume: LowVolume = LowVolume()
    stale_source: StaleSource = StaleSource()


class Privacy(Section):
    """What may be kept of people."""

    keep_subjects: bool = Field(
        False, description="Whether subject lines are stored, addresses and phone numbers in them masked."
    )
    min_group: int = Field(5, ge=2, description="Shared messages speak of groups of at least so many people.")
    keep_landed_days: int | None = Field(
        None,
        ge=1,
        le=36_500,
        description="How long landed files are kept; then only their rows as core has them. Blank: for ever.",
    )
    keep_quarantine_days: int | None = Field(
        None, ge=1, le=36_500, description="How long rejected rows are kept as they came. Blank: for ever."
    )


class Report(Section):
    """The pages in var/published/report."""

    enabled: bool = Field(True, description="Whether each night writes them.")
    language: Literal["en", "ar", "tr", "zh"] = Field(
        "en", description="Of their texts, numbers and days: English, Arabic, Turkish or Chinese (simplified)."
    )
    rep_pages: bool = Field(True, description="Whether each rep has a page.")


class Schedule(Section):
    """When nights run by themselves, while Dagster's daemon is running; `touchline run` needs none of it."""

    cron: str = Field("15 3 * * *", description="Minute, hour, day of month, month, day of week.")
    timezone: TimeZone | None = Field(None, description="Zone of `cron`; default the company's.")
    watch_inbox: bool = Field(True, description="Whether new files start a night without waiting for `cron`.")
    settle_seconds: int = Field(120, ge=0, description="How long the inbox must rest before new files start one.")
    retries: int = Field(2, ge=0, le=10, description="Tries after a fault that may pass by itself.")
    retry_delay_seconds: int = Field(60, ge=0, le=300, description="How long it waits before each of them.")
    keep_runs_days: int = Field(180, ge=1, description="How long Dagster's history of runs is kept.")
    location: str | None = Field(
        None,
        pattern="^[a-z][a-z0-9_]{0,62}$",
        description="The workspace's name where one Dagster serves several: its assets and queue are called by it.",
    )

    @field_validator("cron")
    @classmethod
    def _cron_line(cls, value: str) -> str:
        if problem := cron_problem(value):
            raise ValueError(problem)
        return value


class Settings(Section):
    """All of touchline.yaml."""

    company: Company = Company()
    sources: tuple[Source, ...] = ()
    metrics: Metrics = Metrics()
    quality: Quality = Quality()
    alerts: Alerts = Alerts()
    privacy: Privacy = Privacy()
    report: Report = Report()
    engine: Engine = Engine()
    storage: Storage = Storage()
    schedule: Schedule = Schedule()

    @field_validator("sources")
    @classmethod
    def _each_once(cls, value: tuple[Source, ...]) -> tuple[Source, ...]:
        seen: dict[str, Source] = {}
        entities: set[tuple[str, str | None]] = set()
        for source in value:
            other = seen.setdefault(source.name, source)
            if (source.name, source.entity) in entities or other.kind != source.kind or source.name == "unknown":
                raise ValueError(
                    f"two sources are called '{source.name}' (or the name is reserved): give each its own name"
                )
            entities.add((source.name, source.entity))
        return value


def load_settings(path: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of a workspace; SettingsError names each wrong key, what was found and the nearest known key."""
    content = read_yaml(path)
    if content is None:
        raise SettingsError(
            f"{path} is empty: it names no source",
            "Copy the file that `touchline init ELSEWHERE` writes, and fill it in.",
        )
    if not isinstance(content, dict):
        raise SettingsError(f"{path} must hold keys such as `company:`", "See the file that `touchline init` writes.")
    _override(content, os.environ if environment is None else environment)
    try:
        return Settings.model_validate(content)
    except ValidationError as error:
        problems = "\n".join(_problem(content, item) for item in error.errors())
        raise SettingsError(f"{path} is wrong:\n{problems}", "Mend these keys; nothing was read or written.") from None


def _override(content: dict[str, Any], environment: Mapping[str, str]) -> None:
    for name in sorted(environment):
        if not name.startswith("TOUCHLINE__"):
            continue
        *parents, leaf = name.removeprefix("TOUCHLINE__").lower().split("__")
        place = content
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise SettingsError(f"{name} names no key of the settings", "Write TOUCHLINE__SECTION__KEY=value.")
        try:
            place[leaf] = parse_yaml(environment[name])
        except yaml.YAMLError:
            raise SettingsError(
                f"{name} is no valid YAML",
                "Quote it as touchline.yaml would: 'a text: with a colon'.",
            ) from None


def _problem(content: Any, item: Any) -> str:
    where = ".".join(str(part) for part in item["loc"])
    if item["type"] == "string_type" and item["loc"][-1] in _SECRET_KEYS:
        return f"  {where}: it holds no name: write env:NAME"
    message = re.sub("^Value error, ", "", item["msg"])
    if item["type"] == "literal_error" and isinstance(item["input"], str):
        message += "." + nearest(item["input"], re.findall("'([^']*)'", item["ctx"]["expected"]))
    if item["type"] == "extra_forbidden":
        message = f"unknown key.{nearest(str(item['loc'][-1]), _known_keys(item['loc'][:-1]))}"
    if item.get("ctx", {}).get("pattern") == SECRET:
        return (
            f"  {where}: it holds a secret or no name: write env:NAME, and set the variable NAME where Touchline runs"
        )
    found = "" if item["type"] in ("extra_forbidden", "missing", "value_error") else f" (found {item['input']!r})"
    return f"  {where or 'settings'}: {message}{found}"


def _known_keys(place: tuple[Any, ...]) -> list[str]:
    """The keys that the model at `place` knows; used for the nearest-key hint."""
    model: Any = Settings
    for part in place:
        if not isinstance(part, str):
            continue
        field = getattr(model, "model_fields", {}).get(part)
        model = _model_inside(field.annotation) if field else FieldRule if model is dict else model
    return list(getattr(model, "model_fields", {}))


def _model_inside(annotation: Any) -> Any:
    for part in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
    return dict
