"""A source of the settings as what is really read: one entry an object of a CRM, each with its mapping.

The mappings are YAML beside each CRM's module (`<crm>/mappings/<object>.yaml`); a folder of the user's own takes their
place, file by file. What does not belong here: finding files and asking APIs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from models.errors import SettingsError
from models.mapping import FileFormat, ReadOptions, SourceMapping
from models.object_mapping import ObjectMapping
from models.settings import API_KINDS, EXPORT_KINDS, Settings, Source
from models.strict_yaml import read_yaml
from pipelines.sources.header_match import squashed

_HERE = Path(__file__).parent
Mapped = TypeVar("Mapped", bound=SourceMapping)
CRM_NAMES = {"salesforce": "Salesforce", "hubspot": "HubSpot", "pipedrive": "Pipedrive"}
"""How the CRMs write themselves."""


def crm_of(kind: str) -> str | None:
    """`hubspot` of `hubspot_api`; None for kinds that are no CRM's."""
    return kind.rsplit("_", 1)[0] if kind in (*EXPORT_KINDS, *API_KINDS) else None


def readings(source: Source, home: Path) -> tuple[Source, ...]:
    """What the source reads: itself, or for a CRM its canonical files and then each of its objects.

    Raises SettingsError for a mapping that is wrong.
    """
    crm = crm_of(source.kind)
    if crm is None:
        return (source,)
    own = None if source.mappings is None else home / source.mappings
    wanted = {name: mapping for name, mapping in objects_of(crm, own).items() if _is_wanted(source, name, mapping)}
    beside = source.model_copy(update={"kind": "canonical"})
    return (beside, *(_reading(source, name, mapping) for name, mapping in wanted.items()))


def reading_of(settings: Settings, home: Path, name: str, entity: str, object_name: str) -> Source | None:
    """What reads the loads of a source, entity and object; None when nothing does any more."""
    for source in settings.sources:
        if source.name != name:
            continue
        for reading in readings(source, home):
            if reading.object == object_name and reading.entity in (None, entity):
                return reading
    return None


def readings_of(source: Source, home: Path, api_object: str) -> list[Source]:
    """What reads the pages of an API's object; its passes over archived and deleted records are read like itself."""
    mappings = objects_of(str(crm_of(source.kind)), None if source.mappings is None else home / source.mappings)
    base = re.sub("_(archived|deleted)$", "", api_object)
    names = {name for name, mapping in mappings.items() if (mapping.source_object or name) in (api_object, base)}
    return [reading for reading in readings(source, home) if reading.object in names]


@cache
def objects_of(crm: str, own: Path | None) -> Mapping[str, ObjectMapping]:
    """The objects of a CRM by name; the user's files replace shipped ones of the same name and add others."""
    folders = [_HERE / crm / "mappings", *([own] if own is not None else [])]
    if own is not None and not own.is_dir():
        raise SettingsError(f"{own} is no folder of mappings", "Make it, or take `mappings` away from the source.")
    files = {path.stem: path for folder in folders for path in sorted(folder.glob("*.yaml"))}
    return {name: _load(path) for name, path in files.items()}


def mappings_fingerprint(settings: Settings, home: Path) -> str:
    """Hash of every mapping that the settings' CRM sources use; where they are and how they are asked moves no number."""
    where = {"path", "api", "mappings", "fresh_within_hours"}
    found = (reading for source in settings.sources for reading in readings(source, home) if reading.object)
    used = [reading.model_dump_json(exclude=where) for reading in found]
    return hashlib.sha256("\n".join(used).encode()).hexdigest()


def readers_of(source: Source, home: Path, file_name: str) -> list[tuple[Source, str]]:
    """What reads an export file of this name: readings with '', or with the name of the join that it is a side of.

    Of all stems that the name begins with the longest decides: `opportunity_history.csv` is no `opportunity`.
    """
    mappings = objects_of(str(crm_of(source.kind)), None if source.mappings is None else home / source.mappings)
    found: list[tuple[int, Source, str]] = []
    for reading in readings(source, home):
        if reading.object:
            found.append((_longest(mappings[reading.object].files, file_name), reading, ""))
            found += [(_longest(join.files, file_name), reading, name) for name, join in reading.joins.items()]
    others = (_longest(mapping.not_files, file_name) for mapping in mappings.values())
    longest = max((*(length for length, *_ in found), *others), default=0)
    return [(reading, join) for length, reading, join in found if length == longest > 0]


def is_named_otherwise(source: Source, file_name: str) -> bool:
    """Whether the name, from any of its words on, begins as `not_files` says: `sf_user_role_data.csv` is no user."""
    stems = [stem for mapping in objects_of(str(crm_of(source.kind)), None).values() for stem in mapping.not_files]
    starts = [word.start() for word in re.finditer(r"[^\W_]+", file_name)]
    return any(_longest(tuple(stems), file_name[start:]) for start in starts)


def _longest(stems: tuple[str, ...], file_name: str) -> int:
    return max((_fits(stem, file_name) for stem in stems), default=0)


def _fits(stem: str, file_name: str) -> int:
    """How many letters of the stem the name begins with; 0 unless with all of them, up to the end of a word."""
    letters = [re.escape(letter) for letter in squashed(stem)]
    found = re.match(r"[\W_]*".join(letters) + r"(?![^\W\d_])", file_name.casefold())
    return len(letters) if found and letters else 0


def _load(path: Path) -> ObjectMapping:
    try:
        return ObjectMapping.model_validate(read_yaml(path))
    except ValidationError as error:
        lines = "\n".join(f"  {'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise SettingsError(f"{path} is wrong:\n{lines}", "Mend these keys; nothing was read or written.") from None


def _is_wanted(source: Source, name: str, mapping: ObjectMapping) -> bool:
    return source.api is None or not source.api.objects or (mapping.source_object or name) in source.api.objects


def _reading(source: Source, name: str, mapping: ObjectMapping) -> Source:
    read = mapping.read
    if source.kind in API_KINDS:
        mapping = without_joins(mapping)  # their other side is an export file
        is_csv = mapping.pages is None
        read = (
            read.model_copy(update={"format": FileFormat.CSV})
            if is_csv
            else ReadOptions(format=FileFormat.PAGES, pages=mapping.pages)
        )
    return source.model_copy(
        update={
            "kind": "mapped",
            "object": name,
            "entity": mapping.entity,
            "fields": mapping.fields,
            "joins": mapping.joins,
            "read": read,
            "needs": mapping.needs,
            "aliases": mapping.aliases,
            "ignore": mapping.ignore,
        }
    )


def without_joins(mapping: Mapped) -> Mapped:
    """The mapping of a file that stands alone: what it would take from others stays blank."""
    fields = {}
    for name, rule in mapping.fields.items():
        own = tuple(case for case in rule.cases if case.join is None)
        if rule.join is None and bool(own) == bool(rule.cases):
            fields[name] = rule.model_copy(update={"cases": own})
    return mapping.model_copy(update={"fields": fields, "joins": {}})
