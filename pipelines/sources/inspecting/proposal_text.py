"""One entry of `sources:` as YAML text that a person can paste and read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from models.mapping import ReadOptions
from models.settings import EXPORT_KINDS, Settings, Source
from models.yaml_line import yaml_line
from pipelines.night.landing import entity_of
from pipelines.sources.inspecting.matching import named_thing
from pipelines.sources.inspecting.rules import Rule
from pipelines.sources.reading.formats import COMPRESSIONS
from pipelines.sources.readings import crm_of

_DATED = re.compile(r"[-_. ]*[0-9][0-9-_.T ]*$")


def source_there(path: Path, settings: Settings) -> Source | None:
    """The source that reads the whole folder in which the file lies."""
    folder = folder_for(path, "")
    return next((one for one in settings.sources if one.kind != "mapped" and one.path.strip("/") == folder), None)


def exports_read_there(path: Path, settings: Settings) -> Source | None:
    """The source of a CRM's exports that reads the folder in which the file lies."""
    there = source_there(path, settings)
    return there if there is not None and there.kind in EXPORT_KINDS else None


def exports_read_elsewhere(path: Path, settings: Settings, kind: str) -> Source | None:
    """The source of this kind to whose folder the file is to be copied; None for a file that lies in an inbox."""
    if folder_for(path, "") != "inbox/":
        return None
    return next((one for one in settings.sources if one.kind == kind), None)


def canonical_text(path: Path, settings: Settings) -> str:
    """The entry of a folder of canonical files."""
    name = _source_name(path, settings, "crm", None)
    return "\n".join(
        [f"- name: {name}", "  kind: canonical", f"  path: {folder_for(path, name)}", *_zone(settings), ""]
    )


def crm_text(path: Path, settings: Settings, kind: str) -> str:
    """The entry of a folder of a CRM's exports, under the name of the source that reads the folder now."""
    there = source_there(path, settings)
    name = _source_name(path, settings, str(crm_of(kind)), None, kind) if there is None else there.name
    return "\n".join([f"- name: {name}", f"  kind: {kind}", f"  path: {folder_for(path, name)}", *_zone(settings), ""])


def mapped_text(
    path: Path, settings: Settings, entity: str, read: ReadOptions, fields: Mapping[str, Rule], *, has_times: bool
) -> str:
    """The entry of one mapping; constants are marked for checking."""
    name = _source_name(path, settings, named_thing(path.name) or "export", entity)
    lines = [f"- name: {name}", "  kind: mapped", f"  path: {yaml_line(_glob(path, name))}", f"  entity: {entity}"]
    lines += _zone(settings) if has_times else []
    options = read.model_dump(mode="json", exclude_defaults=True)
    if "encoding" in options:
        options["encoding"] = str(options["encoding"]).replace("cp125", "windows-125")
    lines += [f"  read: {yaml_line(options)}"] if options else []
    lines.append("  fields:")
    for field, rule in fields.items():
        remark = "  # check this" if isinstance(rule, dict) and "const" in rule else ""
        lines.append(f"    {field}: {yaml_line(rule)}{remark}")
    return "\n".join([*lines, ""])


def folder_for(path: Path, name: str) -> str:
    """Where the night is to find the file: where it lies, when that is in an inbox, else a folder of the source's own."""
    folder = path.absolute().parent
    if folder.name == "inbox":
        return "inbox"
    return f"inbox/{folder.name if folder.parent.name == 'inbox' else name}"


def _zone(settings: Settings) -> list[str]:
    return [f"  timezone: {settings.company.timezone}  # check this: the zone of times without an offset"]


def _source_name(path: Path, settings: Settings, default: str, entity: str | None, kind: str = "") -> str:
    """The folder below `inbox`, else the file's name; never one that the settings use otherwise."""
    folder = path.absolute().parent
    stem = folder.name if folder.parent.name == "inbox" else default
    name = re.sub("[^a-z0-9]+", "_", stem.lower()).strip("_")[:50] or "export"
    name = name if name[0].isalpha() and name != "unknown" else f"source_{name}"
    taken = {(source.name, source.entity) for source in settings.sources}
    kinds = {source.name: source.kind for source in settings.sources}
    own = kind or _kind(entity)
    free, number = name, 2
    while (free, entity) in taken or kinds.get(free, own) != own:
        free, number = f"{name}_{number}", number + 1
    return free


def _kind(entity: str | None) -> str:
    return "canonical" if entity is None else "mapped"


def _glob(path: Path, name: str) -> str:
    """The file and later ones of its series: digits at the end of the name may differ.

    Of a canonical name the file alone: what a mapped source names is read by no other, and its siblings may be sound.
    """
    ending = "".join(path.suffixes[-2:]) if path.suffix in COMPRESSIONS else path.suffix
    stem = path.name.removesuffix(ending)
    if entity_of(path.name) is not None:
        return f"{folder_for(path, name)}/{re.sub('[*?[]', '?', path.name)}"
    series = _DATED.sub("", stem) or stem
    return f"{folder_for(path, name)}/{re.sub('[*?[]', '?', series)}*{ending}"
