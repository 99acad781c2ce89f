"""Accounts and contacts: three contacts an account, some merged (chains too), some deleted, some changed later.

Customers come first, then prospects, then the accounts that exist because of a deal.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pipelines.demo.company import Window, stamp
from pipelines.demo.names import INDUSTRIES, company_name, contact_email, person_name, phone

CONTACTS_AN_ACCOUNT = 3
Rows = Iterator[dict[str, object]]


def account_id(number: int) -> str:
    """The source's id of the numbered account."""
    return f"ACC-{number:06d}"


def contact_id(number: int) -> str:
    """The source's id of the numbered contact, one of account `number // 3`."""
    return f"CON-{number:07d}"


def count_customers(sellers: int) -> int:
    """Accounts, the first of all, that had a contract before the first deal."""
    return sellers * 5


def count_prospects(sellers: int) -> int:
    """Accounts, next to the customers, that sellers work on and that never become a deal."""
    return sellers * 30


def account_rows(window: Window, accounts: int) -> Rows:
    """accounts.csv."""
    dice = window.dice("accounts")
    for number in range(accounts):
        created = window.first - timedelta(days=dice.randrange(1, 900))
        yield {
            "account_id": account_id(number),
            "name": company_name(number),
            "industry": dice.choice(INDUSTRIES),
            "country": dice.choice(("US", "US", "US", "CA", "GB")),
            "created_at": stamp(created, 10 * 3600),
            "merged_into_id": account_id(number + 1) if _is_merged_account(number, accounts) else "",
            "is_deleted": "true" if number % 89 == 17 else "",
            "updated_at": stamp(window.at(0.2), 8 * 3600),
        }


def _is_merged_account(number: int, accounts: int) -> bool:
    return (number % 45 == 7 or number % 180 == 8) and number + 1 < accounts


def changed_account_rows(window: Window, accounts: int) -> Rows:
    """accounts_changes.csv: newer versions of one account in thirty, a few deleted."""
    for row in account_rows(window, accounts):
        number = int(str(row["account_id"]).removeprefix("ACC-"))
        if number % 30 == 4:
            deleted = "true" if number % 240 == 64 else ""
            later = {"industry": "conglomerate", "is_deleted": deleted, "updated_at": stamp(window.last, 7 * 3600)}
            yield {**row, **later}


def contact_rows(window: Window, accounts: int) -> Rows:
    """contacts.csv."""
    dice = window.dice("contacts")
    for number in range(accounts * CONTACTS_AN_ACCOUNT):
        created = window.first - timedelta(days=dice.randrange(1, 700))
        name = person_name(dice)
        survivor = _survivor(number, accounts * CONTACTS_AN_ACCOUNT)
        yield {
            "contact_id": contact_id(number),
            "account_id": account_id(number // CONTACTS_AN_ACCOUNT),
            "full_name": name,
            "email": contact_email(name, number) if number % 12 else "",
            "phone": phone(number) if number % 5 else "",
            "created_at": stamp(created, 11 * 3600),
            "merged_into_id": "" if survivor is None else contact_id(survivor),
            "is_deleted": "true" if number % 97 == 11 or number % 132 == 3 else "",
            "updated_at": stamp(window.at(0.7 if survivor else 0.1), 9 * 3600),
        }


def _survivor(number: int, contacts: int) -> int | None:
    """Whom a contact was merged into: a colleague; every fifth of these is merged on; one pair names each other."""
    if number in (300, 301) and contacts > 302:
        return 601 - number
    if number % 66 == 3 or number % 330 == 4:
        return number + 1
    return None
