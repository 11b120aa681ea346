"""``ledger``: creates the tables of the shared ledger, and shows who uses it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from watcher.cli.context import load_config, program_options
from watcher.cli.output import Styled, json_option, say, say_json, say_table
from watcher.credentials import LEDGER, read_secret
from watcher.i18n.message import ENGLISH, msg
from watcher.ledger import not_installed
from watcher.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.ledger.connection import Connection


@click.group()
def ledger() -> None:
    """Set up and show the ledger that several computers share.

    It is the PostgreSQL database whose address is url in the [ledger] table of the configuration.
    """


@ledger.command("init")
@json_option
@program_options
def init(ctx: click.Context, as_json: bool) -> None:
    """Create the tables, or bring them up to date. It can safely be run again.

    Once is enough for all computers. The user in the address needs the right to create a schema in
    the database; to use it later, the rights on the schema hrflow_watcher are enough.
    """
    with _connected(ctx, migrating=True) as connection:
        from watcher.ledger.schema import VERSION, migrate  # noqa: PLC0415 - see _connected

        before, after = migrate(connection)
    if as_json:
        say_json({"version_before": before, "version": after})
    elif after > VERSION:
        say(Styled("! The ledger was set up by a newer hrflow-watcher; it is unchanged.", "busy"))
    elif before == after:
        say(Styled(f"✓ The ledger is already up to date (version {after}).", "good"))
    else:
        say(Styled(f"✓ The ledger is set up (version {after}).", "good"))


@ledger.command("status")
@json_option
@program_options
def status(ctx: click.Context, as_json: bool) -> None:
    """List the computers that use the ledger now.

    For each: when it was last seen, its uploads under way, and how many files it sent today.
    """
    with _connected(ctx) as connection:
        from watcher.ledger.claims import machines  # noqa: PLC0415 - see _connected

        found = machines(connection)
    if as_json:
        for each in found:
            say_json(
                {
                    "machine": each.name,
                    "version": each.version,
                    "started": each.started,
                    "last_seen": each.last_seen,
                    "in_flight": each.in_flight,
                    "sent_today": each.sent_today,
                }
            )
        return
    if not found:
        say("No computer uses the ledger now.")
        return
    rows = [
        [
            each.name,
            f"{ENGLISH.duration(each.silent)} ago",
            str(each.in_flight),
            str(each.sent_today),
            each.version,
        ]
        for each in found
    ]
    say_table(["Machine", "Last seen", "Uploading", "Sent today", "Version"], rows)


@contextmanager
def _connected(ctx: click.Context, *, migrating: bool = False) -> Iterator[Connection]:
    """Yield a connection to the ledger that the configuration names; psycopg is optional."""
    config = load_config(ctx).config
    if not config.ledger.url:
        raise UsageError(
            msg("No shared ledger is configured."),
            msg("Set url in the [ledger] table of the configuration."),
        )
    password = read_secret(LEDGER, os.environ, allow_insecure=config.allow_insecure_keyring)
    try:
        from watcher.ledger.connection import connected  # noqa: PLC0415 - psycopg is optional
    except ImportError:
        raise not_installed() from None
    with connected(config.ledger.url, password, migrating=migrating) as connection:
        yield connection
