"""``notify``: whether and when there are messages on the desktop."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import click

from watcher.cli.context import load_config, places, state_option
from watcher.cli.control import obey, parse_span
from watcher.cli.output import answers_with_facts, json_option, moment, say, say_json, styled
from watcher.journal.reader import Reader
from watcher.present.notifications import silent_until

if TYPE_CHECKING:
    from watcher.daemon.instance import Places


@click.group("notify")
def command() -> None:
    """Have fewer messages on the desktop for a while, none, or all again.

    A running program takes it up at once. Which kinds there are, and quiet hours, are settings:
    the table [notifications] of the configuration.
    """


@command.command("snooze")
@click.argument("duration", metavar="DURATION")
@state_option
@answers_with_facts
@click.pass_context
def snooze(ctx: click.Context, duration: str, facts: dict[str, object]) -> None:
    """Show none for DURATION: 30m, 1h, 1h30m, 2d."""
    until = time.time() + parse_span(duration)
    _snooze(ctx, until)
    facts.update(snoozed_until=until, off=False)
    say(f"No messages until {moment(until)}.")


@command.command("off")
@state_option
@answers_with_facts
@click.pass_context
def off(ctx: click.Context, facts: dict[str, object]) -> None:
    """Show none until they are switched on again."""
    _snooze(ctx, math.inf)
    facts.update(snoozed_until=None, off=True)
    say("No messages from now on. Have them again with: hrflow-watcher notify on")


@command.command("on")
@state_option
@answers_with_facts
@click.pass_context
def on(ctx: click.Context, facts: dict[str, object]) -> None:
    """Show them again."""
    _snooze(ctx, 0.0)
    facts.update(snoozed_until=None, off=False)
    say("Messages are shown again.")


@command.command("status")
@json_option
@state_option
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001 - click passes it so
    """Say whether messages are shown now."""
    facts = gather(ctx, places(ctx), time.time())
    if as_json:
        say_json(facts)
        return
    if facts["shown"]:
        say(styled("Messages are shown.", "good"))
    else:
        say(f"No messages: {facts['why']}.")
    if hours := facts["quiet_hours"]:
        say(f"Quiet hours: {hours}.")
    kinds = facts["kinds"]
    assert isinstance(kinds, dict)
    if missing := [kind for kind, wanted in kinds.items() if not wanted]:
        say(f"Never about: {', '.join(missing)}.")


def gather(ctx: click.Context, where: Places, now: float) -> dict[str, object]:
    """Everything that ``status`` says, for machines; ConfigError if the settings have mistakes."""
    wanted = load_config(ctx).config.notifications
    snoozed = _snoozed_until(where)
    until = silent_until(wanted.quiet_hours, 0.0, now)
    why = ""
    if not wanted.enabled:
        why = "the configuration says so"
    elif math.isinf(snoozed):
        why = "they were switched off"
    elif snoozed > now:
        why = f"they are snoozed until {moment(snoozed)}"
    elif until > now:
        why = f"it is quiet until {moment(until)}"
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
    obey(ctx, "snooze", until=None if math.isinf(until) else until)


def _snoozed_until(where: Places) -> float:
    if not where.has_journal:
        return 0.0
    reader = Reader(where.journal)
    try:
        return reader.snoozed_until()
    finally:
        reader.close()
