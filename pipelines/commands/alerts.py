"""`touchline alerts …`: what is beyond its limit, what people say of it, and telling them."""

from __future__ import annotations

import getpass
import os
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.errors import UsageError, nearest
from pipelines.commands.options import HomeOption, JsonOption, workspace_at
from pipelines.commands.pages import Page, print_json

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.commands.alerted import Board
    from pipelines.night.workspace import Workspace

alerts = typer.Typer(
    name="alerts",
    help="What is beyond its limit: see it, take it up, silence it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The alert's id, as `list` shows it.")]


@alerts.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    rule: Annotated[str | None, typer.Option("--rule", help="Only of this rule.")] = None,
    team: Annotated[str | None, typer.Option("--team", help="Only of this team and its reps.")] = None,
    severity: Annotated[str | None, typer.Option("--severity", help="Only critical, warning or info.")] = None,
    state: Annotated[
        str | None,
        typer.Option("--state", help="Only firing, acknowledged, recovering, pending, suppressed or resolved."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List open alerts, the worst first, as they stand now, and the silences."""
    from pipelines.commands.alerted import AlertChoice, refuse_unknown_filters
    from pipelines.commands.alerts_page import show_alerts

    _, board = _board(home)
    choice = AlertChoice(rule, team, severity, state, everything)
    refuse_unknown_filters(board, choice)
    chosen = [alert for alert in board.alerts if choice.takes(alert)]
    if as_json:
        silences = [asdict(silence) for silence in board.standing_silences]
        print_json({"alerts": chosen, "evaluated": board.evaluated, "silences": silences})
    else:
        show_alerts(Page(), chosen, board)


@alerts.command()
def show(alert_id: IdArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show one alert: figures, evidence, every change of its state, why it is quiet, its messages, what to do."""
    from pipelines.commands.alert_words import what_to_do, why_quiet
    from pipelines.commands.alerted import alert_called, changes_of
    from pipelines.commands.alerts_page import show_alert

    workspace, board = _board(home)
    alert = alert_called(board, alert_id)
    changes = changes_of(workspace, alert_id)
    if as_json:
        words = {"why_quiet": why_quiet(alert), "what_to_do": what_to_do(alert["rule"])}
        print_json({**alert, **words, "changes": changes})
    else:
        show_alert(Page(), alert, changes)


@alerts.command()
def ack(
    ids: Annotated[list[str], typer.Argument(metavar="ID…", help="Alerts, as `list` shows them.")],
    note: Annotated[
        str | None, typer.Option("--note", help="What you do about it; it stands beside the alert.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that you take care of these alerts. They stay open until they are over; it counts at once."""
    from pipelines.alerting.said import acknowledge
    from pipelines.commands.alert_words import headline
    from pipelines.commands.alerted import alert_called

    workspace, board = _board(home)
    chosen = [alert_called(board, alert_id) for alert_id in dict.fromkeys(ids)]
    _refuse_what_is_over(chosen)
    names = [alert["alert_id"] for alert in chosen]
    said = (note or "").strip() or None
    acknowledge(workspace.operator_store, names, by=getpass.getuser(), note=said, at=datetime.now(UTC))
    if as_json:
        print_json({"acknowledged": names})
        return
    for alert in chosen:
        Page().line(f"Taken up: {headline(alert)} ({alert['alert_id']})")


@alerts.command()
def silence(
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="The last day, in the company's time zone.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it stands beside what is hidden.")],
    rule: Annotated[str | None, typer.Option("--rule", help="Alerts of this rule.")] = None,
    subject: Annotated[
        str | None, typer.Option("--subject", help="Alerts about this rep (crm:R1), source, stage or team.")
    ] = None,
    team: Annotated[str | None, typer.Option("--team", help="Alerts about this team and its reps.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let alerts of a rule, about a subject or of a team raise nothing for a while. All that is named must hold."""
    from pipelines.alerting.said import give_silence
    from pipelines.commands.alerts_page import hidden

    if not (rule or subject or team):
        raise UsageError("Silence what?", "Name a --rule, a --subject or a --team; or several, to hide less.")
    if not reason.strip():
        raise UsageError("--reason is blank", "Say why nobody need be told; whoever asks later will read it.")
    workspace, board = _board(home)
    _refuse_unknown_subjects(workspace, board, rule, subject, team)
    given = give_silence(
        workspace.operator_store,
        rule=rule,
        subject=subject,
        team=team,
        to_date=_last_day(until, board.day),
        reason=reason.strip(),
        by=getpass.getuser(),
        at=datetime.now(UTC),
    )
    if as_json:
        print_json({"silence": asdict(given)})
    else:
        Page().line(f"Silence {given.silence_id} hides {hidden(given)} until {given.to_date}, that day included.")
        Page().line(f"  → To end it sooner: touchline alerts unsilence {given.silence_id}")


@alerts.command()
def unsilence(
    silence_id: Annotated[str, typer.Argument(metavar="ID", help="The silence's id, as `alerts list` shows it.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a silence; the next night judges anew what it hid."""
    from pipelines.alerting.said import end_silence
    from pipelines.commands.alerts_page import hidden

    workspace, board = _board(home)
    ended = end_silence(workspace.operator_store, silence_id, at=datetime.now(UTC))
    if ended is None:
        known = [one.silence_id for one in board.silences if one.silence_id]
        raise UsageError(
            f"no silence is called '{silence_id}'.{nearest(silence_id, known)}",
            "See their ids below touchline alerts list; those of touchline.yaml end by an edit there.",
        )
    if as_json:
        print_json({"ended": asdict(ended)})
    else:
        Page().line(f"Silence {silence_id} is over: it hid {hidden(ended)}.")


@alerts.command()
def backtest(
    since: Annotated[str, typer.Option("--since", metavar="DATE", help="The first night.")],
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="The last night; default the published one.")
    ] = None,
    rule: Annotated[str | None, typer.Option("--rule", help="Only this rule.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what the present limits would have raised on past nights, with dates, and how often a rule. Changes nothing."""
    from pipelines.commands.alerts_backtest import backtest_to_json, run_on_published, show_backtest

    found = run_on_published(workspace_at(home), since, until, rule)
    if as_json:
        print_json(backtest_to_json(found))
    else:
        show_backtest(Page(), found)


@alerts.command()
def deliver(
    seconds: Annotated[float, typer.Option("--seconds", help="How long to go on while messages wait.", min=1)] = 60,
    dead: Annotated[bool, typer.Option("--dead", help="Try again what was given up, too.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send what waits in the outbox, as every night does by itself, and tell what could not be sent."""
    from pipelines.alerting.tonight import refuse_wrong_alerts
    from pipelines.commands.alerts_delivery import deliver_now, delivered_json, show_delivered

    workspace = workspace_at(home)
    settings = workspace.settings()
    refuse_wrong_alerts(settings, os.environ)
    done = deliver_now(workspace, settings, seconds, dead)
    if as_json:
        print_json(delivered_json(done))
    else:
        show_delivered(Page(), done, settings)


@alerts.command("test")
def test_(
    cases: Annotated[bool, typer.Option("--cases/--no-cases", help="Run the rules' cases.")] = True,
    send: Annotated[bool, typer.Option("--send/--no-send", help="Send a sample message to every channel.")] = True,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the cases of every rule, and send a sample message to every channel; exit code 1 when one fails."""
    from pipelines.alerting.tonight import refuse_wrong_alerts
    from pipelines.commands.alerts_delivery import refuse_failed_test, run_cases, send_samples_now, show_test

    settings = workspace_at(home).settings()
    refuse_wrong_alerts(settings, os.environ)
    held = run_cases() if cases else {}
    samples = send_samples_now(settings) if send else {}
    if as_json:
        told = {channel: getattr(outcome, "fault", "sent") for channel, outcome in samples.items()}
        print_json({"cases": held, "channels": told})
    else:
        show_test(Page(), held, samples)
    refuse_failed_test(held, samples)


def _board(home: Path | None) -> tuple[Workspace, Board]:
    from pipelines.commands.alerted import read_board

    workspace = workspace_at(home)
    return workspace, read_board(workspace, workspace.settings(), datetime.now(UTC))


def _refuse_what_is_over(chosen: list[dict[str, Any]]) -> None:
    for alert in chosen:
        if alert["state"] == "resolved":
            raise UsageError(
                f"alert {alert['alert_id']} is over since {alert['resolved_at']:%Y-%m-%d}; nothing was acknowledged",
                "Leave it out; what is open: touchline alerts list",
            )


def _refuse_unknown_subjects(
    workspace: Workspace, board: Board, rule: str | None, subject: str | None, team: str | None
) -> None:
    """UsageError for a word that names nobody: a silence that hides nothing would be found out by an alert."""
    from pipelines.commands.alerted import known_rules, known_subjects

    subjects, teams = known_subjects(workspace, board)
    for name, word, known in (
        ("rule", rule, known_rules(board)),
        ("subject", subject, subjects),
        ("team", team, teams),
    ):
        if word and word not in known:
            raise UsageError(
                f"there is no --{name} {word}.{nearest(word, known)}",
                "Rules and subjects stand in `touchline alerts list --all`; reps and teams in core.dim_rep.",
            )


def _last_day(text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"'{text}' is no date", "Write the last day as 2026-03-31.") from None
    if day < today:
        raise UsageError(f"--until {day} is past: the company's day is {today}", "Name today or a later day.")
    return day
