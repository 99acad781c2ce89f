"""`touchline forget`: erases a person from everything that is kept; the next night carries it out."""

from __future__ import annotations

import getpass
import secrets
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from models.errors import UsageError
from pipelines.commands.options import HomeOption, JsonOption, workspace_at
from pipelines.commands.pages import Page, print_json
from pipelines.commands.prompt_history import forget_history
from pipelines.night.workspace import Workspace

if TYPE_CHECKING:
    from pipelines.night.erasing.registry import Identity, Registry
    from pipelines.night.generation import Generation


def forget(
    contact: Annotated[str | None, typer.Option("--contact", help="The contact's id: C1, or crm:C1.")] = None,
    email: Annotated[str | None, typer.Option("--email", help="An e-mail address of a contact or lead.")] = None,
    rep: Annotated[str | None, typer.Option("--rep", help="The rep's id: R1, or crm:R1.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what names the person; order nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask. It cannot be undone.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase a person: names, addresses and numbers go, ids become random tokens, rows and counts stay. For good."""
    if sum(one is not None for one in (contact, email, rep)) != 1:
        raise UsageError("Who is to be forgotten?", "Say one of --contact ID, --email ADDRESS or --rep ID.")
    workspace = workspace_at(home)
    registry, published, is_known = _known(workspace, contact, email, rep)
    if is_known:
        _say(as_json, {"order": None, "forgotten_before": True}, "Forgotten before: nothing is left to do.")
        return
    identity = _identity(published, contact, email, rep)
    if dry_run:
        _preview(workspace, published, registry, identity, as_json)
        return
    if not yes and not _agreed(identity):
        raise typer.Exit(1)
    order_id = _order(workspace, published, registry, identity)
    forget_history(workspace)
    said = f"Order {order_id}: the next night forgets one {identity.subject}.\n  → touchline run"
    _say(as_json, {"order": {"order_id": order_id}, "forgotten_before": False}, said)


def _known(
    workspace: Workspace, contact: str | None, email: str | None, rep: str | None
) -> tuple[Registry, Generation, bool]:
    """The registry, what is published, and whether the registry knows the person already."""
    from pipelines.night.erasing.forget import registry_of
    from pipelines.night.erasing.registry import Registry, registry_key
    from pipelines.night.generation import current_generation

    workspace.must_exist()
    published = current_generation(workspace)
    if published is None:
        raise UsageError(
            "nothing was taken in yet: nobody is known who could be forgotten", "Run a night: touchline run"
        )
    found = registry_of(workspace)
    if found is None:
        return Registry(registry_key(workspace.erasure_key, may_make=True)), published, False
    if email is not None:
        return found, published, found.token_of_email(email) is not None
    text, subject = (contact, "contact") if contact is not None else (str(rep), "rep")
    source, _, bare = str(text).partition(":")
    tries = [(source, bare), *((one, str(text)) for one in found.sources)]
    return found, published, any(found.token_of_id(subject, *one) is not None for one in tries)


def _identity(published: Generation, contact: str | None, email: str | None, rep: str | None) -> Identity:
    from pipelines.night.erasing.person import find_contact, find_rep

    return find_rep(published, rep) if rep is not None else find_contact(published, contact, email)


def _agreed(identity: Identity) -> bool:
    """Asks on a terminal; elsewhere nobody could answer, so it must be said beforehand."""
    if not sys.stdin.isatty():
        raise UsageError("an erasure cannot be undone, and nobody can be asked here", "Say --yes.")
    ids = ", ".join(f"{source}:{text}" for source, text in sorted(identity.ids)) or "no id"
    return typer.confirm(f"Forget this {identity.subject} ({ids}) for good, in every file and generation?")


def _order(workspace: Workspace, published: Generation, registry: Registry, identity: Identity) -> str:
    from pipelines.night.erasing.registry import Erasure, order_erasure
    from pipelines.night.ledger import accepted_loads
    from pipelines.night.operator import Order
    from pipelines.night.publication import read_publication

    order_id = secrets.token_hex(4)
    last = max((load.load_number or 0 for load in accepted_loads(read_publication(published)[1])), default=0)
    forms = registry.add(order_id, identity)
    words = f"one {identity.subject}"
    order = Order(order_id, "forget", datetime.now(UTC), getpass.getuser(), words, None, ())
    erasure = Erasure(order_id, identity.subject, last, is_finished=False)
    order_erasure(workspace.operator_store, order, erasure, registry, forms)
    return order_id


def _preview(
    workspace: Workspace, published: Generation, registry: Registry, identity: Identity, as_json: bool
) -> None:
    from pipelines.night.erasing.forget import files_naming
    from pipelines.night.generation import folders_of

    registry.add("dry-run", identity)
    files = files_naming(workspace, workspace.settings(), published, registry)
    generations = [int(folder.name) for folder in folders_of(workspace)]
    if as_json:
        print_json(
            {
                "ids": [f"{source}:{text}" for source, text in sorted(identity.ids)],
                "addresses": len(identity.emails),
                "phones": len(identity.phones),
                "names": len(identity.names),
                "landed_files": [f"{file.source}/{file.name}" for file in files],
                "generations": generations,
            }
        )
        return
    out = Page()
    out.head(
        f"One {identity.subject}: {', '.join(f'{source}:{text}' for source, text in sorted(identity.ids)) or 'no id'}"
    )
    out.line(
        f"Known by {len(identity.emails)} addresses, {len(identity.phones)} numbers and {len(identity.names)} names."
    )
    out.line(
        f"Named in {len(files)} landed files, which would be redacted; their copies in the inbox would be deleted:"
    )
    for file in files:
        out.line(f"  {file.source}/{file.name}")
    out.line(f"Generations {', '.join(map(str, generations))} would be deleted once a new one is published.")


def _say(as_json: bool, told: dict[str, object], text: str) -> None:
    if as_json:
        print_json(told)
        return
    for line in text.splitlines():
        Page().line(line)
