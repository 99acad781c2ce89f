"""A CRM's object as a mapping: which export files and API pages hold it, and how its rows are taken out of a page."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from models.mapping import SourceMapping
from models.pages import Pages


class ObjectMapping(SourceMapping):
    """One object of a CRM: the file `<object>.yaml` beside the CRM's module, or a user's copy of it."""

    files: tuple[str, ...] = Field((), description="Stems of export files, compared by letters and digits in any case.")
    not_files: tuple[str, ...] = Field((), description="Stems that begin alike and are something else: not read.")
    source_object: str | None = Field(None, alias="from", description="The API's object; default the file's own name.")
    pages: Pages | None = None

    @model_validator(mode="after")
    def _pages_give_what_is_read(self) -> Self:
        if self.pages is not None:
            unread = [name for name in self.columns() if name not in self.pages.columns]
            if unread and not self.aliases and self.needs is None:
                raise ValueError(f"`pages` gives no column '{unread[0]}', which a field reads: add it")
        return self
