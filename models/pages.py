"""How rows are taken out of landed API pages: the shape of `pages:` in a CRM's mapping."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class PagePath(BaseModel):
    """Where a column's text is inside a record. A plain text is short for `{path: …}`.

    `path` leads to one value; `^id` begins at the record around an inner one. `each` leads to a list, of whose items
    `take` is gathered as a JSON array (`first`: the first alone). `lookup` leads to a list elsewhere in the line: `each`
    is then a list inside that of its members whose `by` equals the record's `id` column.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    path: str | None = Field(None, description="The path to one value.")
    each: str | None = Field(None, description="The path to a list.")
    lookup: str | None = Field(None, description="The path to a list elsewhere in the line.")
    by: str | None = Field(None, description="With `lookup`: the path of the record's id inside a member.")
    take: str | None = Field(None, description="The path of the value inside an item; default the item itself.")
    first: bool = Field(False, description="Whether only the first item is taken.")

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"path": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.path is None) == (self.each is None):
            raise ValueError("say exactly one of: a path, {each: …}, {lookup: …, each: …}")
        if self.lookup is not None and (self.by is None or self.take is None):
            raise ValueError("a lookup needs `by` and `take`: add them")
        return self


class Pages(BaseModel):
    """How rows are taken out of landed pages, one JSON line a page (`read: {format: pages}`).

    `records` leads to the list of records inside a line; with `inner` a row is an item of that list inside a record.
    A column may name several places: the first that is not null counts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    records: str = Field(description="The path to the list of records inside a line.")
    inner: str | None = Field(None, description="The path to a list inside a record, whose items are the rows.")
    columns: dict[str, tuple[PagePath, ...]] = Field(min_length=1, description="By column, where its text is.")

    @model_validator(mode="before")
    @classmethod
    def _lists(cls, value: Any) -> Any:
        if not isinstance(value, dict) or not isinstance(value.get("columns"), dict):
            return value
        columns = {
            name: paths if isinstance(paths, list | tuple) else [paths] for name, paths in value["columns"].items()
        }
        return value | {"columns": columns}

    @model_validator(mode="after")
    def _lookups_have_an_id(self) -> Self:
        looks_up = any(path.lookup is not None for paths in self.columns.values() for path in paths)
        if looks_up and ("id" not in self.columns or self.inner is not None):
            raise ValueError("a lookup needs a column called `id`, and no `inner`")
        return self
