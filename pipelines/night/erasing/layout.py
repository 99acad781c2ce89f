"""What a landed file's columns are to an erasure: ids of contacts and reps, private fields, what core needs, the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from models.contracts import CONTRACTS
from models.fields import REP_ID
from models.mapping import FieldRule
from models.pages import Pages
from models.settings import Source
from pipelines.night.erasing.redactor import Role
from pipelines.night.joins import is_join
from pipelines.sources.header_match import squashed

_OWN = {"contacts": ("contact", "contact_id"), "reps": ("rep", "rep_id"), "users": ("rep", "user_id")}
_PRIVATE: Mapping[str, Role] = {"full_name": "name", "email": "email", "phone": "phone"}


@dataclass(frozen=True)
class Layout:
    """`roles` are by the letters and digits of a column, of a page by those of the path to it; `own` is whose own records
    the file holds, told by the `keys`."""

    roles: Mapping[str, Role]
    own: str
    keys: frozenset[str]

    def role_of(self, column: str) -> Role:
        """What a column is; `other` when nothing reads it."""
        return self.roles.get(squashed(column), "other")

    def key_among(self, columns: Iterable[str]) -> int | None:
        """The place of the column by which a record is somebody's own."""
        return next((place for place, column in enumerate(columns) if squashed(column) in self.keys), None)


def layout_of(source: Source, entity: str) -> Layout:
    """The layout of files that a source reads as an entity; of a joined side nothing is known but its texts."""
    if is_join(entity):
        return Layout({}, "", frozenset())
    own, key = _OWN.get(entity, ("", ""))
    roles: dict[str, Role] = {}
    keys: set[str] = set()
    for field, kind in CONTRACTS[entity].kinds().items():
        role = _role(entity, field, kind is REP_ID)
        columns = {squashed(column) for column in _columns(source, field)}
        for column in columns:
            if roles.get(column, "kept") == "kept":
                roles[column] = role
        keys |= columns if own and field == key else set()
    return Layout(roles, own, frozenset(keys))


def _role(entity: str, field: str, is_rep: bool) -> Role:
    if entity in ("contacts", "reps", "users") and field in _PRIVATE:
        return _PRIVATE[field]
    if field in ("contact_id", "contact_ids") or (entity == "contacts" and field == "merged_into_id"):
        return "contact"
    if is_rep:
        return "rep"
    return "other" if field == "subject" else "kept"


def _columns(source: Source, field: str) -> Iterable[str]:
    """The columns (of pages: the last names of the paths) that a field is read from."""
    if source.kind != "mapped":
        return (field,)
    if field not in source.fields:
        return ()
    named = [column for rule in source.fields[field].alternatives() for column in _named(rule)]
    if source.read.pages is not None:
        return [place for column in named for place in _paths(source.read.pages, column)]
    return [*named, *(alias for column in named for alias in source.aliases.get(column, ()))]


def _paths(pages: Pages, column: str) -> Iterable[str]:
    """Where a page holds a column, from the beginning of its line."""
    record = pages.records if pages.inner is None else f"{pages.records}.{pages.inner}"
    for place in pages.columns.get(column, ()):
        if place.path is not None:
            around = pages.records if place.path.startswith("^") else record
            yield f"{around}.{place.path.removeprefix('^')}"
        else:
            yield ".".join(filter(None, (place.lookup or record, place.each, place.take)))


def _named(rule: FieldRule) -> Iterable[str]:
    if rule.join is not None:
        return ()
    return (*((rule.column,) if rule.column is not None else ()), *rule.coalesce)
