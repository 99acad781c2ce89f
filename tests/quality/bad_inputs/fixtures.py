"""The catalogue of bad inputs: its list of ids, and for each id the files that show it and what must become of them.

`catalogue.yaml` lists the entries. `<section>/<id>.yaml` beside it is one entry's fixture. What is not here: how files
are made of rows (`made_files.py`), and running them (`test_catalogue.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.strict_yaml import read_yaml

FOLDER = Path(__file__).parent
Form = Literal["csv", "jsonl", "xlsx"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Entry(Strict):
    """One line of the list. `proved_by` names tests elsewhere; `left_out` says why there is nothing to test."""

    title: str
    proved_by: tuple[str, ...] = ()
    left_out: str = ""


class Expected(Strict):
    """Where the file's records went; buckets that are not named are 0."""

    read: int = 0
    accepted: int = 0
    duplicate: int = 0
    superseded: int = 0
    quarantined: int = 0
    ignored: int = 0

    @model_validator(mode="after")
    def _adds_up(self) -> Expected:
        parts = self.accepted + self.duplicate + self.superseded + self.quarantined + self.ignored
        if self.read != parts:
            raise ValueError(f"{self.read} records are read and {parts} end somewhere")
        return self

    def counts(self) -> tuple[int, ...]:
        return (self.read, self.accepted, self.duplicate, self.superseded, self.quarantined, self.ignored)


class GivenFile(Strict):
    """A file of the inbox: its content in one of four ways, and its fate.

    `rows` are written in each form of the fixture; of canonical sources they are completed to sound rows. `rejected`
    counts broken rules as `<field>: <rule>` (`: <rule>` when no field broke it). `refused` is the rule of a file that is
    refused whole, `says` a part of the reason or the remedy; `fate` says of a file without records of its own what happened
    to it.
    """

    name: str = ""
    night: int = 1
    rows: list[dict[str, Any]] | None = None
    text: str | None = None
    encoding: str = "utf-8"
    made: str | None = None
    expect: Expected | None = None
    rejected: dict[str, int] = {}
    refused: str | None = None
    says: str = ""
    fate: Literal["duplicate", "deferred", "not_seen"] | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> GivenFile:
        if sum(value is not None for value in (self.rows, self.text, self.made)) != 1:
            raise ValueError("a file has exactly one of `rows`, `text` and `made`")
        if sum(value is not None for value in (self.expect, self.refused, self.fate)) != 1:
            raise ValueError("a file has exactly one of `expect`, `refused` and `fate`")
        return self


class Ask(Strict):
    """A question to the published file after all nights; `{source}` in it is the fixture's source."""

    ask: str
    rows: list[list[Any]]


class Fixture(Strict):
    """One entry, as files of one source. `source` are its settings beside name, path and kind; with `fields` it is mapped."""

    path: Path = Field(exclude=True)
    why: str
    source: dict[str, Any] = {}
    entity: str = "activities"
    forms: tuple[Form, ...] = ("csv",)
    files: tuple[GivenFile, ...]
    core: tuple[Ask, ...] = ()

    @property
    def id(self) -> str:
        return self.path.stem

    @property
    def is_mapped(self) -> bool:
        return "fields" in self.source


def read_catalogue() -> dict[str, Entry]:
    """Every entry by id."""
    listed = read_yaml(FOLDER / "catalogue.yaml")
    return {
        name: Entry.model_validate(entry if isinstance(entry, dict) else {"title": entry})
        for section in listed.values()
        for name, entry in section.items()
    }


def read_fixtures() -> list[Fixture]:
    """Every fixture, by path."""
    return [Fixture.model_validate({**read_yaml(path), "path": path}) for path in sorted(FOLDER.glob("[A-Z]/*.yaml"))]
