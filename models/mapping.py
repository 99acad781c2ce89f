"""How one source's columns become a contract's fields: the shape of `sources[].fields` (contract.md, section 4)."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator, model_validator

from models.conditions import Ignored, Test
from models.contracts import CONTRACTS
from models.errors import nearest
from models.fields import Shape
from models.pages import Pages
from models.places import TimeZone


class FileFormat(StrEnum):
    """What a file is inside its compression."""

    CSV = "csv"
    TSV = "tsv"
    JSONL = "jsonl"
    JSON = "json"
    PARQUET = "parquet"
    XLSX = "xlsx"
    ICS = "ics"
    MBOX = "mbox"
    PAGES = "pages"


class ReadOptions(BaseModel):
    """How a file is read; everything here is said by the settings, nothing is guessed at run time."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    format: FileFormat | None = Field(None, description="What the file is; default by its extension.")
    delimiter: str | None = Field(None, min_length=1, max_length=1, description="Default ',' (tab for .tsv).")
    quote: str = Field('"', max_length=1, description="The quote character; '' for none.")
    encoding: str = Field("utf-8", description="A Python codec name, such as windows-1254.")
    decimal: str = Field(".", pattern="^[.,]$", description="The decimal mark of numbers.")
    skip_rows: int = Field(0, ge=0, description="Physical lines (or sheet rows) before the header; counted as ignored.")
    comment: str | None = Field(None, min_length=1, description="Lines that start with this are ignored.")
    footer: str | None = Field(None, description="A regular expression: records whose first cell matches are ignored.")
    sheet: str | None = Field(None, description="The workbook's sheet; needed when it has more than one visible sheet.")
    records: str | None = Field(None, description="Path to the list inside a JSON document, such as `data.items`.")
    null_values: tuple[str, ...] = Field((), description="Texts that stand for blank, such as NULL or N/A.")
    pages: Pages | None = Field(None, description="How rows are taken out of API pages, one JSON line a page.")

    @field_validator("encoding")
    @classmethod
    def _codec_exists(cls, value: str) -> str:
        import codecs

        try:
            return codecs.lookup(value).name
        except LookupError:
            raise ValueError(f"no codec is called '{value}'; use a Python codec name such as windows-1254") from None


JoinName = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{0,62}$")]
"""It becomes part of the ledger's name of the joined side."""


class JoinSpec(BaseModel):
    """A second file whose columns a mapping may use: rows where its `key` column equals our `on` column."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    path: str = Field("", description="Files of the joined side, below the workspace.")
    files: tuple[str, ...] = Field(
        (), description="In a CRM's mapping: stems of the files' names, in the source's folder."
    )
    on: str = Field(description="Our column.")
    key: str = Field(description="Their column.")
    read: ReadOptions = ReadOptions()


def _values(mapping: dict[Any, Any]) -> dict[str, str | None]:
    return {_as_text(key): None if value is None else _as_text(value) for key, value in mapping.items()}


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


class FieldRule(BaseModel):
    """Where one contract field comes from. `Agent` alone is short for `{column: Agent}`.

    Exactly one of `column`, `const`, `coalesce`, `concat`, `cases`, or `join` (with `column`) says where; the rest says how to
    read it. Of `cases` the first whose `if` holds and which is not blank counts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    column: str | None = Field(None, description="The column, as the header writes it.")
    const: Annotated[str | None, BeforeValidator(lambda value: None if value is None else _as_text(value))] = Field(
        None, description="The same for every row."
    )
    coalesce: tuple[str, ...] = Field((), description="The first of these columns that is not blank.")
    concat: tuple[str, ...] = Field((), description="These columns with a space between; blank ones are left out.")
    cases: tuple[FieldRule, ...] = Field((), description="Rules of their own, each with an `if` or none.")
    when: dict[str, Test] = Field({}, alias="if", description="Inside `cases`: what the row's cells must be; all hold.")
    join: str | None = Field(
        None, description="The name of an entry in `joins`; `column` is then a column of its file."
    )
    collect: bool = Field(False, description="Take all matching rows of the join as a list (contact_ids).")
    map: dict[str, str | None] | None = Field(
        None, description="Source word → our word; compared trimmed, in any case."
    )
    otherwise: str | None = Field(
        None, description="Our word for any other non-blank value; without it such a row is rejected."
    )
    format: tuple[str, ...] = Field(
        (), description="strptime formats, iso, iso_day, epoch_s, epoch_ms, excel_serial, excel_serial_1904."
    )
    timezone: TimeZone | None = Field(None, description="Zone of this column's times when it is not the source's.")
    unit: str | None = Field(None, description="Durations: s, ms, min, h, HH:MM, HH:MM:SS or MM:SS.")
    normalise: Literal["salesforce_id"] | None = Field(
        None, description="salesforce_id writes every id with 18 characters."
    )
    clock: str | None = Field(
        None, description="With `column`: another column, with the clock time of its day; blank leaves the day."
    )
    prefix: str = Field("", description="Text put before the value: ids of several objects in one entity stay apart.")

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"column": value}
        if isinstance(value, dict):
            value = dict(value)
            if isinstance(value.get("format"), str):
                value["format"] = (value["format"],)
            if isinstance(value.get("map"), dict):
                value["map"] = _values(value["map"])
        return value

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        places = [self.column is not None or self.join is not None, self.const is not None]
        if sum([*places, bool(self.coalesce), bool(self.concat), bool(self.cases)]) != 1:
            raise ValueError(
                "say exactly one of: a column, {const: …}, {coalesce: […]}, {concat: […]}, {cases: […]},"
                " {join: …, column: …}"
            )
        if any(case.cases for case in self.cases):
            raise ValueError("a case holds no `cases` of its own: list them all in one row")
        if self.cases and (self.map is not None or self.format or self.unit or self.normalise):
            raise ValueError("how a value is read belongs into each of the `cases`: move it there")
        if self.join is not None and self.column is None:
            raise ValueError("a join needs the column to take: {join: name, column: …}")
        if self.collect and self.join is None:
            raise ValueError("`collect` gathers the rows of a join: it needs `join`")
        if self.clock is not None and (self.column is None or self.join is not None):
            raise ValueError("`clock` goes with the `column` of the day: name it too")
        if self.otherwise is not None and self.map is None:
            raise ValueError("`otherwise` needs a `map` beside it: add one, or take `otherwise` away")
        if self.unit is not None and self.unit not in UNITS:
            raise ValueError(f"'{self.unit}' is no unit: use one of {', '.join(UNITS)}")
        return self

    def alternatives(self) -> tuple[FieldRule, ...]:
        """The rules that may give the value: its cases, else itself."""
        return self.cases or (self,)

    def columns(self) -> tuple[str, ...]:
        """The columns of the main file that its value is read from; of a rule with cases none."""
        own = [self.column] if self.column is not None and self.join is None else [*self.coalesce, *self.concat]
        return (*own, *([self.clock] if self.clock is not None else []))

    @field_validator("format")
    @classmethod
    def _formats_name_a_day(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if problem := _format_problem(name):
                raise ValueError(
                    f"the format '{name}' {problem}: write a strptime format with a day, or one of {', '.join(FORMATS)}"
                )
        return value


FORMATS = ("iso", "iso_day", "epoch_s", "epoch_ms", "excel_serial", "excel_serial_1904")
_DIRECTIVES = "aAbBdmyYHIMSpfgzj%"


def _format_problem(name: str) -> str:
    """What is wrong with a strptime format, or ''. `%Z` is left out: abbreviations such as IST mean several zones."""
    if name in FORMATS:
        return ""
    directives = re.findall("%-?(.?)", name)
    unknown = [letter for letter in directives if letter not in _DIRECTIVES or not letter]
    if unknown:
        return f"uses %{unknown[0]}, which is not known"
    if not {"y", "Y"} & set(directives) or not {"m", "b", "B", "j"} & set(directives):
        return "names no day: it needs a year and a month"
    return "needs %p beside %I" if ("I" in directives) != ("p" in directives) else ""


UNITS = ("s", "ms", "min", "h", "HH:MM", "HH:MM:SS", "MM:SS")


class SourceMapping(BaseModel):
    """One mapping: an entity of the contract, and for each of its fields where it comes from."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    entity: str
    fields: dict[str, FieldRule]
    joins: dict[JoinName, JoinSpec] = {}
    read: ReadOptions = ReadOptions()
    needs: tuple[str, ...] | None = Field(
        None, description="Columns that a file must have; others may be missing and are blank then. Default: all named."
    )
    aliases: dict[str, tuple[str, ...]] = Field({}, description="Other headers of a column.")
    ignore: tuple[Ignored, ...] = Field((), description="Rows that are no record of the entity.")

    @field_validator("entity")
    @classmethod
    def _known_entity(cls, value: str) -> str:
        if value not in CONTRACTS:
            raise ValueError(
                f"no entity is called '{value}': use one of {', '.join(CONTRACTS)}.{nearest(value, CONTRACTS)}"
            )
        return value

    @model_validator(mode="after")
    def _fields_of_the_contract(self) -> Self:
        contract = CONTRACTS[self.entity]
        kinds = contract.kinds()
        for name, rule in self.fields.items():
            if name not in kinds:
                raise ValueError(
                    f"{self.entity} has no field '{name}': use one of {', '.join(kinds)}.{nearest(name, kinds)}"
                )
            for part in rule.alternatives():
                self._check_rule(name, part, kinds[name].shape)
        unread = [name for name in (*(self.needs or ()), *self.aliases) if name not in self.columns()]
        if unread:
            raise ValueError(f"`needs` and `aliases` name '{unread[0]}', which no field reads: take it away")
        missing = [name for name in contract.required() if name not in self.fields]
        if missing:
            raise ValueError(f"{self.entity} requires {', '.join(missing)}: map a column or a constant to each")
        return self

    def _check_rule(self, name: str, rule: FieldRule, shape: Shape) -> None:
        if rule.join is not None and rule.join not in self.joins:
            raise ValueError(
                f"field '{name}' uses the join '{rule.join}': name it under `joins`.{nearest(rule.join, self.joins)}"
            )
        if rule.unit is not None and shape is not Shape.WHOLE:
            raise ValueError(f"field '{name}' is no duration: take `unit` away")
        if (rule.format or rule.clock) and shape not in (Shape.INSTANT, Shape.DAY, Shape.MONTH):
            raise ValueError(f"field '{name}' is no time: take `format` and `clock` away")

    def columns(self) -> tuple[str, ...]:
        """Every column of the main file that the mapping reads, each once, in the order of the mapping."""
        named: list[str] = [join.on for join in self.joins.values()]
        for rule in self.fields.values():
            for part in rule.alternatives():
                named += [*part.columns(), *part.when]
        named += [column for ignored in self.ignore for column in ignored.when]
        return tuple(dict.fromkeys(named))
