"""What can go wrong with a place of bytes, in words for the person who must mend it.

Stores word one fault in many ways, and obstore passes their answers on as text: here they are told apart. Neither their
text nor an address with a key in it is repeated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from models.errors import TouchlineError

OPENING = "opening"
"""What is done before anything is asked of a store: a fault then is one of names and credentials."""
_CODE = re.compile(r"<Code>([A-Za-z]{3,60})</Code>")
_STATUS = re.compile(r"status code: (\d{3})")
_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound", "The specified bucket does not exist")
_NO_KEYS = (
    "169.254.169.254",
    "metadata.google.internal",
    "MissingCredentials",
    "no credentials",
    "AccessKeyId is not set",
)
_FORBIDDEN = ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "AuthenticationFailed",
              "AuthorizationFailure", "AuthorizationPermissionMismatch", "Permission denied")  # fmt: skip


class PlaceError(TouchlineError):
    """A place of bytes could not be used. `may_pass`: whether trying again can help without anybody mending anything."""

    def __init__(self, what: str, remedy: str, may_pass: bool = False) -> None:
        super().__init__(what, remedy)
        self.may_pass = may_pass


class MissingObjectError(PlaceError):
    """There is no such object."""


class MovedError(PlaceError):
    """Somebody else wrote the object since it was read."""


@contextmanager
def told_as_faults(doing: str, url: str) -> Iterator[None]:
    """Whatever obstore raises inside, as a PlaceError: `doing` to the place `url`, what was found, what to do."""
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, OSError, NotImplementedError, ValueError) as error:
        raise _fault(error, doing, url) from error


def knows_no_conditions(error: Exception) -> bool:
    """Whether a server of S3's kind refused a conditional write because it has none."""
    found = _STATUS.search(str(error))
    return found is not None and found.group(1) == "501"


def _fault(error: Exception, doing: str, url: str) -> PlaceError:
    from obstore.exceptions import (
        AlreadyExistsError,
        InvalidPathError,
        PermissionDeniedError,
        PreconditionError,
        UnauthenticatedError,
    )

    text, what = str(error), f"{doing} {url} failed"
    if any(sign in text for sign in _NO_BUCKET):
        return PlaceError(
            f"{what}: there is no such bucket or container",
            "Make it, or mend its name; trying again does not help.",
        )
    if isinstance(error, AlreadyExistsError | PreconditionError):
        return MovedError(
            f"{what}: another process wrote it at the same time",
            "Give each workspace a place of its own; the next night tries again.",
            True,
        )
    if any(sign in text for sign in _NO_KEYS):
        return PlaceError(
            f"{what}: there are no credentials for it",
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (gs: GOOGLE_APPLICATION_CREDENTIALS; az:"
            " AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY) where Touchline runs: docs/storage.md.",
        )
    if isinstance(error, PermissionError | PermissionDeniedError | UnauthenticatedError) or _is_forbidden(text):
        return PlaceError(
            f"{what}: access is denied{_answer(text)}",
            "Look at the key and at what it may do there (docs/storage.md lists it); trying again does not help.",
        )
    if isinstance(error, FileNotFoundError):
        return MissingObjectError(
            f"{what}: it is not there", "Look at the name; a folder or a bucket must be there before it is used."
        )
    if isinstance(error, NotImplementedError | InvalidPathError) or "Unable to recognise URL" in text:
        return PlaceError(
            f"{what}: the store does not know this operation or this name",
            "Write the place as s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX or file:///FOLDER.",
        )
    if "Account must be specified" in text:
        return PlaceError(
            f"{what}: no storage account is named", "Set AZURE_STORAGE_ACCOUNT_NAME where Touchline runs."
        )
    if doing == OPENING:
        return PlaceError(
            f"{what}: its name or its credentials cannot be used",
            "Look at the variables that docs/storage.md names, and at the file that GOOGLE_APPLICATION_CREDENTIALS names.",
        )
    if isinstance(error, OSError) and error.strerror:
        return PlaceError(f"{what}: {error.strerror}", "Make room or rights there, and try again.", True)
    return PlaceError(
        f"{what}: the store cannot be reached, or does not answer as one{_answer(text)}",
        "Look at the network, at storage.endpoint and the region, and at the vendor's status page; it may pass by itself.",
        True,
    )


def _is_forbidden(text: str) -> bool:
    found = _STATUS.search(text)
    return any(sign in text for sign in _FORBIDDEN) or (found is not None and found.group(1) in ("401", "403"))


def _answer(text: str) -> str:
    """What the store said, as its code or its status alone."""
    found = _CODE.search(text) or _STATUS.search(text)
    return f" ({found.group(1)})" if found else ""
