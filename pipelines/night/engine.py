"""The engine that the settings name, opened for one build, and where the tables lie on their way: a folder or a store.

Which storage still holds rows is written down in the workspace, so that the first night that goes without it empties it:
an order to forget reaches what an engine was sent, too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import TouchlineError
from models.settings import Settings
from models.storage_settings import is_remote
from pipelines.night.plan import NightRequest, Plan
from pipelines.night.whole_file import write_whole
from pipelines.night.workspace import Workspace

if TYPE_CHECKING:
    from sql.engines.spark import SparkEngine
    from sql.engines.storage import Storage


@contextmanager
def engine_of(request: NightRequest, settings: Settings, plan: Plan, notes: list[str]) -> Iterator[SparkEngine | None]:
    """The engine for this build; None when DuckDB makes all tables. A storage that is used no more is emptied."""
    place = _place_of(request.workspace, settings)
    notes += _leave(request.workspace, settings, place)
    spark = settings.engine.spark_connect
    if place is None or spark is None:
        yield None
        return
    from sql.engines.spark import open_engine  # sqlglot's dialects and the rules take a moment

    storage = storage_at(place, settings, request.workspace)
    write_whole(request.workspace.engine_storage, place)
    with open_engine(spark, storage, plan.catalogue, is_fresh=plan.is_full, is_whole=request.only is None) as engine:
        yield engine


def storage_at(place: str, settings: Settings, workspace: Workspace) -> Storage:
    """The storage at an absolute path or in an object store; raises PlaceError for a place that cannot be opened."""
    if not is_remote(place):
        from sql.engines.storage import Folder

        return Folder(Path(place))
    from pipelines.storage.engine_tables import StoredTables
    from pipelines.storage.place import open_place

    return StoredTables(open_place(place, settings.storage, os.environ), workspace.building / "engine")


def _place_of(workspace: Workspace, settings: Settings) -> str | None:
    engine = settings.engine
    if engine.kind == "duckdb" or engine.spark_connect is None:
        return None
    place = engine.spark_connect.storage
    return place.rstrip("/") if is_remote(place) else str((workspace.home / place).absolute())


def _leave(workspace: Workspace, settings: Settings, place: str | None) -> list[str]:
    """Empties the storage that was used before and is not any more; what to tell when it cannot be reached."""
    noted = workspace.engine_storage
    before = noted.read_text(encoding="utf-8") if noted.exists() else None
    if before is None or before == place:
        return []
    from sql.engines.storage import BUILD, KEPT

    try:
        storage_at(before, settings, workspace).remove([BUILD, KEPT])
    except TouchlineError as error:
        return [
            f"{before} still holds tables that an engine was sent, and cannot be emptied: {error.what}. {error.remedy}"
        ]
    noted.unlink()
    return []
