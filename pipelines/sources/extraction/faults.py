"""What can go wrong between here and a vendor, in words for the person who must mend it."""

from __future__ import annotations

from models.errors import TouchlineError


class ExtractionError(TouchlineError):
    """A window could not be fetched: it stays open, its cursor does not move, and the next night goes on with it."""


class DeniedError(ExtractionError):
    """The vendor does not let us in, or not to this: a wrong token, a missing scope."""


class LockedOutError(DeniedError):
    """The whole account is closed to us: nothing else of it needs to be asked for tonight."""


class ExpiredError(ExtractionError):
    """A cursor, locator or job that the vendor no longer knows: the window starts anew."""


class BudgetError(ExtractionError):
    """The account's allowance is used up as far as the settings permit."""


class GarbledError(ExtractionError):
    """An answer that is no answer: HTML, an error body under 200, a page cut in the middle."""
