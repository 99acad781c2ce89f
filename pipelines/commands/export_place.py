"""An export in an object store, where no folder can be renamed: a version of its own, and `touchline_export.json` written last.

Who reads takes `prefix` from that object and then its files; the version before stays for readers that are in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.commands.export_folder import MANIFEST
from pipelines.storage.place import Place
from pipelines.storage.versions import Pointer, drop_old_versions, write_version

_KEPT = 2
"""The one that the pointer names, and the one before it."""


def put_export(place: Place, folder: Path, manifest: Mapping[str, Any]) -> Pointer:
    """Puts an export's files there and moves the pointer to them; raises PlaceError, and readers keep the earlier one."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != MANIFEST]
    files = {path.relative_to(folder).as_posix(): path for path in paths}
    pointer = write_version(place, MANIFEST, f"versions/{manifest['generation']:06d}", files, manifest)
    drop_old_versions(place, pointer, _KEPT, lambda prefix: False)
    return pointer
