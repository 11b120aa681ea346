"""``notify``: snoozes desktop notifications and switches them off and on."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import click

from watcher.cli.context import load_config, open_reader, places, program_options, send
from watcher.cli.output import Styled, answers_with_facts, json_option, say, say_json
from watcher.cli.times import moment, parse_span
from watcher.i18n.command import command_name
from watcher.present.notifications import silent_until

if TYPE_CHECKING:
    from watcher.daemon.instance import Places


@click.group("notify")
def command() -> None:
    """Snooze desktop notifications, or switch them off and on.

    This takes effect at once. Which kinds are shown, and quiet hours, are set in [notifications]
    in the configuration.
    """


@command.command("snooze")
@click.argument("duration", metavar="DURATION")
@answers_with_facts
@program_options
def snooze(ctx: click.Context, duration: str, facts: dict[str, object]) -> None:
    """Snooze notifications for DURATION, like 30m, 1h, 1h30m or 2d."""
    until = time.time() + parse_span(duration)
    _snooze(ctx, until)
    facts.update(snoozed_until=until, off=False)
    say(f"Notifications snoozed until {moment(until)}.")


@command.command("off")
@answers_with_facts
@program_options
def off(ctx: click.Context, facts: dict[str, object]) -> None:
    """Switch notifications off until you switch them on again."""
    _snooze(ctx, math.inf)
    facts.update(snoozed_until=None, off=True)
    say(f"Notifications are off. Switch them on with: {command_name()} notify on")


@command.command("on")
@answers_with_facts
@program_options
def on(ctx: click.Context, facts: dict[str, object]) -> None:
    """Show notifications again."""
    _snooze(ctx, 0.0)
    facts.update(snoozed_until=None, off=False)
    say("Notifications are on.")


@command.command("status")
@json_option
@program_options
def status(ctx: click.Context, as_json: bool) -> None:
    """Show whether notifications are on."""
    facts = gather(ctx, places(ctx), time.time())
    if as_json:
        say_json(facts)
        return
    if facts["shown"]:
        say(Styled("Notifications are on.", "good"))
    else:
        say(f"No notifications: {facts['why']}")
    if hours := facts["quiet_hours"]:
        say(f"Quiet hours: {hours}.")
    kinds = facts["kinds"]
    assert isinstance(kinds, dict)
    if missing := [kind for kind, wanted in kinds.items() if not wanted]:
        say(f"Switched off for: {', '.join(missing)}.")


def gather(ctx: click.Context, where: Places, now: float) -> dict[str, object]:
    """Return everything that ``status`` says as plain values."""
    wanted = load_config(ctx).config.notifications
    with open_reader(where) as reader:
        snoozed = reader.snoozed_until() if reader else 0.0
    until = silent_until(wanted.quiet_hours, 0.0, now)
    why = ""
    if not wanted.enabled:
        why = "switched off in the configuration"
    elif math.isinf(snoozed):
        why = f"switched off with: {command_name()} notify off"
    elif snoozed > now:
        why = f"snoozed until {moment(snoozed)}"
    elif until > now:
        why = f"quiet hours until {moment(until)}"
    return {
        "shown": not why,
        "why": why,
        "snoozed_until": None if math.isinf(snoozed) or snoozed <= now else snoozed,
        "off": math.isinf(snoozed),
        "quiet_hours": wanted.quiet_hours,
        "kinds": {
            "refused": wanted.refused,
            "held": wanted.held,
            "first_success": wanted.first_success,
            "backlog": wanted.backlog,
        },
    }


def _snooze(ctx: click.Context, until: float) -> None:
    send(ctx, "snooze", until=None if math.isinf(until) else until)
