"""The shared ledger: a PostgreSQL database that says which of many machines sends a content.

A session is one run of the program, a row whose lease it renews; once that is over, it starts
nothing. A claim is a row of ``contents`` with a session's number. Those of a lapsed session are
taken over as uncertain, as after a crash.

A session's lease ends by the machine's own monotonic clock, with a margin, so that a machine that
was cut off stops before others take over its claims. A restarted installation keeps its claims; a
clone finds the lock of its id taken, and gets a new id. A failover may lose the latest rows:
machines repeat theirs with every new connection, and for a minute new claims count as uncertain.
A machine that was silent and is still sending takes its claims back from one that is only checking.

``synchronous_commit`` stays as the server has it: a claim costs one flush of its log, but a crash
there, after which nothing tells that claims are missing, loses none.

::

    client      the running program's session: one thread, one connection
    connection  connecting, and errors as sentences
    claims      the statements
    schema      the tables

Only this package imports psycopg, and it is imported only where ``[ledger] url`` is set.
"""

from __future__ import annotations

from watcher.i18n.message import msg
from watcher.model.errors import LedgerError


def not_installed() -> LedgerError:
    """Return the error to raise where psycopg is missing."""
    return LedgerError(
        msg("The shared ledger needs psycopg, which is not installed."),
        msg('Install it with: pip install "hrflow-watcher[ledger]"'),
    )
