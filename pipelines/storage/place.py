"""A place of bytes: a prefix of an object store, or a folder, behind one small interface.

What belongs here: listing, reading, writing whole objects, writing one only if nobody else did, deleting. What does not:
what the bytes are (versions.py), and retrying, which obstore does request by request, inside an upload in parts too.
Keys are relative to the place, with `/` between their parts.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import unquote, urlsplit

from models.errors import SettingsError
from models.storage_settings import Storage
from pipelines.storage.faults import (
    OPENING,
    MissingObjectError,
    MovedError,
    PlaceError,
    knows_no_conditions,
    told_as_faults,
)

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_BLOCK = 8 << 20


@dataclass(frozen=True)
class StoredObject:
    """An object in a listing; `e_tag` changes with its content, where the store has one."""

    key: str
    size: int
    modified_at: datetime
    e_tag: str = ""


@dataclass(frozen=True)
class Seen:
    """An object that was read, and the version that it had."""

    content: bytes
    version: Mapping[str, str]


@dataclass(frozen=True)
class Place:
    """`url` as people write it, without a slash at the end."""

    url: str
    store: ObjectStore = field(repr=False)  # its own repr ends the process where Azure's account is in the environment

    def list(self, below: str = "") -> list[StoredObject]:
        """Every object below the place, or below one of its folders, by key."""
        import obstore

        with told_as_faults("listing", self._named(below)):
            pages = obstore.list(self.store, below or None)
            found = [
                StoredObject(o["path"], o["size"], o["last_modified"], o["e_tag"] or "") for page in pages for o in page
            ]
        return sorted(found, key=lambda one: one.key)

    def see(self, key: str) -> Seen | None:
        """A small object and its version; None when there is none."""
        import obstore

        try:
            with told_as_faults("reading", self._named(key)):
                got = obstore.get(self.store, key)
                meta = got.meta
                version = {"e_tag": meta["e_tag"], "version": meta["version"]}
                return Seen(bytes(got.bytes()), {name: value for name, value in version.items() if value is not None})
        except MissingObjectError:
            return None

    def blocks(self, key: str) -> Iterator[bytes]:
        """An object's bytes, some megabytes at a time."""
        import obstore

        with told_as_faults("reading", self._named(key)):
            for block in obstore.get(self.store, key).stream(min_chunk_size=_BLOCK):
                yield bytes(block)

    def download(self, key: str, file: BinaryIO) -> tuple[str, int]:
        """Writes an object to an opened file; its sha256 and size as they came."""
        digest, size = hashlib.sha256(), 0
        for block in self.blocks(key):
            digest.update(block)
            size += file.write(block)
        return digest.hexdigest(), size

    def upload(self, key: str, path: Path) -> None:
        """Puts a file there: readers see all of it or nothing."""
        import obstore

        kind = mimetypes.guess_type(path.name)[0]
        attributes: Any = {"Content-Type": kind} if kind and not self.url.startswith("file:") else None
        with told_as_faults("writing", self._named(key)):
            obstore.put(self.store, key, path, attributes=attributes)

    def put(self, key: str, content: bytes) -> None:
        """Writes a small object, whatever was there."""
        import obstore

        with told_as_faults("writing", self._named(key)):
            obstore.put(self.store, key, content)

    def put_if_unchanged(self, key: str, content: bytes, seen: Seen | None) -> None:
        """Replaces the object that was `seen`, or makes it when none was; MovedError when it is another by now.

        A store that knows no conditions (a folder, some S3-compatible servers) is written all the same: whole, and last.
        """
        mode: Any = "create" if seen is None else dict(seen.version)
        try:
            with told_as_faults("writing", self._named(key)):
                self._put_on_condition(key, content, mode)
        except MovedError:
            now = self.see(key)
            if (
                now is None or now.content != content
            ):  # else the answer to our own write was lost, and it was tried again
                raise

    def _put_on_condition(self, key: str, content: bytes, mode: Any) -> None:
        import obstore
        from obstore.exceptions import BaseError

        try:
            obstore.put(self.store, key, content, mode=mode)
        except (NotImplementedError, BaseError) as error:
            if not isinstance(error, NotImplementedError) and not knows_no_conditions(error):
                raise
            obstore.put(self.store, key, content)

    def delete(self, keys: Collection[str]) -> None:
        """Deletes objects; those that are gone already are no fault."""
        import obstore

        if not keys:
            return
        try:
            with told_as_faults("deleting from", self.url):
                obstore.delete(self.store, sorted(keys))
        except MissingObjectError:
            for key in keys if len(keys) > 1 else ():
                self.delete([key])

    def _named(self, key: str) -> str:
        return f"{self.url}/{key}" if key else self.url


def open_place(url: str, storage: Storage, environment: Mapping[str, str]) -> Place:
    """The place that a URL names; asks no network. Raises SettingsError for a variable that is not set.

    Without a key in the settings, credentials are the environment's, as obstore and the vendors' tools read them.
    """
    from obstore.store import LocalStore, from_url

    url = url.rstrip("/")
    scheme = urlsplit(url).scheme
    with told_as_faults(OPENING, url):
        if scheme == "file":
            return Place(url, LocalStore(_folder_of(url)))
        config: Any = _s3_config(storage, environment) if scheme == "s3" else None
        retrying: Any = {"max_retries": 0} if not storage.patience_seconds else {
            "max_retries": 10, "retry_timeout": timedelta(seconds=storage.patience_seconds),
        }  # fmt: skip
        client: Any = {"allow_http": str(_endpoint(storage, environment)).startswith("http:"), "connect_timeout": "10s"}
        return Place(url, from_url(url, config=config, client_options=client, retry_config=retrying))


def _folder_of(url: str) -> str:
    """A share that is not mounted is told, not made: it would fill this machine's disk, and nobody would read it."""
    folder = unquote(urlsplit(url).path)
    if not Path(folder).is_dir():
        raise FileNotFoundError(folder)
    return folder


def _endpoint(storage: Storage, environment: Mapping[str, str]) -> str:
    return storage.endpoint or environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL") or ""


def _s3_config(storage: Storage, environment: Mapping[str, str]) -> Any:
    region = storage.region or environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
    config = {"region": region}
    if endpoint := _endpoint(storage, environment):
        config["endpoint"] = endpoint
    for key in ("access_key_id", "secret_access_key"):
        reference = getattr(storage, key)
        if reference is not None:
            config[key] = _secret(reference, f"storage.{key}", environment)
    return config


def _secret(reference: str, what: str, environment: Mapping[str, str]) -> str:
    name = reference.removeprefix("env:")
    value = environment.get(name, "").strip()
    if not value:
        raise SettingsError(
            f"{what} needs the environment variable {name}, which is not set or blank",
            f"Set {name} where Touchline runs, or take the key out of `storage`.",
        )
    return value


__all__ = ["Place", "PlaceError", "Seen", "StoredObject", "open_place"]
