"""Connections to the shared ledger: address, password, verified TLS, and a time-out on everything.

Errors become sentences here: no exception of psycopg leaves this package.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from typing import TYPE_CHECKING, Any, Final

import psycopg
from msgspec.structs import replace
from psycopg.conninfo import conninfo_to_dict

from watcher.i18n.message import NOTHING, msg, verbatim
from watcher.ledger.schema import SCHEMA, VERSION, version
from watcher.model.errors import LedgerError
from watcher.system import is_loopback

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from watcher.i18n.message import Value

#: Seconds to connect to each address, for a statement on the server, and for its answer to come,
#: even if the server is gone.
_CONNECT: Final = 5
_STATEMENT: Final = 10.0
_ANSWER: Final = 15.0

#: A lost peer is noticed by libpq after about 20 s, though nothing is being sent.
_SOCKET: Final = {
    "connect_timeout": _CONNECT,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
}

#: SQLSTATEs after which the same statement may succeed at once: deadlock, serialization failure.
_RETRIED: Final = ("40P01", "40001")

_VERIFIED: Final = "verify-full"

#: Where systems keep the certificates that they trust, in one file: Debian, Fedora, SUSE, others.
_TRUSTED: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)

#: SQLSTATEs, and codes of our own, by what libpq says of a connection that failed: it passes on
#: none. What a server says in another language is told as it is.
_TEXTS: Final = (
    ("failed to resolve host", "08 name"),
    ("pg_hba.conf", "28 host"),
    ("does not support SSL", "08 no TLS"),
    ("certificate", "08 TLS"),
    ("SSL", "08 TLS"),
    ("password", "28"),
    ("authentication", "28"),
    ("role", "28"),
    ("does not exist", "3D000"),
    ("the database system is", "57P"),
    ("too many", "53300"),
    ("remaining connection slots", "53300"),
    ("no more connections", "53300"),
    ("session is read-only", "25006"),
)

#: Beginning of an SQLSTATE, what happened, what a person can do.
_ERRORS: Final = (
    (
        "08 name",
        msg("The server {host} of the shared ledger was not found."),
        msg("Check the network, and url in the [ledger] table of the configuration."),
    ),
    (
        "08 no TLS",
        msg("The shared ledger at {host} doesn't use TLS."),
        msg("Turn it on there: ssl = on in postgresql.conf."),
    ),
    (
        "08 TLS",
        msg("The TLS certificate of the shared ledger at {host} is not valid."),
        msg("If it is from your own certificate authority, add sslrootcert=FILE to [ledger] url."),
    ),
    (
        ("08", "57P"),
        msg("The shared ledger at {host} can't be reached."),
        msg("Check the network, and that PostgreSQL is running and listening there."),
    ),
    (
        "28 host",
        msg("The shared ledger at {host} doesn't accept this computer."),
        msg("Add a line for this computer, the database and the user to pg_hba.conf there."),
    ),
    (
        "28",
        msg("The shared ledger at {host} rejected the user or the password."),
        msg("Store the password with: {hrflow_watcher} login --ledger"),
    ),
    (
        "3D000",
        msg("The server {host} has no database for the shared ledger."),
        msg("Create it there, or correct url in the [ledger] table of the configuration."),
    ),
    (
        "42501",
        msg("The user of the shared ledger at {host} is missing a permission there."),
        msg("Make this user the owner of the database, or of the schema hrflow_watcher in it."),
    ),
    (
        ("53100", "53200"),
        msg("The shared ledger at {host} is out of disk space or memory."),
        msg("Free some space there."),
    ),
    (
        "53300",
        msg("The shared ledger at {host} has too many connections."),
        msg("Raise max_connections there."),
    ),
    (
        "25006",
        msg("The shared ledger at {host} is read-only."),
        msg("Add the primary server to url in the [ledger] table of the configuration."),
    ),
    ("", msg("The shared ledger at {host} can't be used: {reason}."), NOTHING),
)


class Connection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that waits for no answer longer than :data:`_ANSWER` seconds."""

    def wait(self, gen: Any, *arguments: Any, **options: Any) -> Any:
        """Run one of psycopg's generators, which yield what they wait for."""
        return super().wait(_bounded(gen), *arguments, **options)


def _bounded(speaking: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    deadline = time.monotonic() + _ANSWER
    try:
        awaited = next(speaking)
        while True:
            ready = yield awaited
            if not ready and time.monotonic() > deadline:
                raise psycopg.OperationalError("no answer")
            awaited = speaking.send(ready)
    except StopIteration as end:
        return end.value


def is_this_machine(host: str) -> bool:
    """Whether a host, or a directory with a socket in it, is this machine."""
    is_socket = host.startswith(("/", "@"))
    return is_socket or host == socket.gethostname() or is_loopback(host)


def hosts(url: str) -> list[str]:
    """Return the hosts that an address names; LedgerError if it is not understood."""
    return str(_parameters(url).get("host", "")).split(",")


def weak_tls(url: str) -> str:
    """Return the host that ``url`` would reach without a verified certificate; "" if none."""
    parameters = _parameters(url)
    mode = parameters.get("sslmode", _VERIFIED)
    return "" if mode == _VERIFIED else ", ".join(_others(parameters))


def _others(parameters: dict[str, str | int | None]) -> list[str]:
    """Return the hosts of an address that are, or may be, other machines.

    An address that names no host leads where the environment or a service file says.
    """
    named = str(parameters.get("host") or parameters.get("service") or "localhost").split(",")
    hosts = [each for each in named if not (parameters.get("host") and is_this_machine(each))]
    addresses = str(parameters.get("hostaddr") or os.environ.get("PGHOSTADDR", "")).split(",")
    return hosts or [each for each in addresses if each and not is_this_machine(each)]


@contextlib.contextmanager
def connected(url: str, password: str, *, migrating: bool = False) -> Iterator[Connection]:
    """Yield a connection for a command, and close it; LedgerError for all that goes wrong."""
    connection = connect(url, password, migrating=migrating)
    try:
        yield connection
    except psycopg.Error as error:
        raise explain(error, url) from None
    finally:
        connection.close()


def connect(url: str, password: str, *, migrating: bool = False) -> Connection:
    """Return a connection in which each statement is a transaction.

    ``password`` is "" where the address, ``.pgpass`` or the server needs none.

    Raises:
        LedgerError: it cannot be reached, is not verified, or has tables of another version,
            unless ``migrating``.
    """
    if host := weak_tls(url):
        raise LedgerError(
            msg("The connection to {host} must be verified by TLS.", host=host),
            msg("Remove sslmode from [ledger] url, or set it to verify-full."),
        )
    given = _parameters(url)
    parameters = {**_SOCKET, "application_name": "hrflow-watcher", **given}
    if _others(given):
        parameters |= {"sslmode": _VERIFIED, "sslrootcert": given.get("sslrootcert", _trusted())}
    if "," in str(given.get("host", "")):  # of a cluster, the server that can be written to
        parameters.setdefault("target_session_attrs", "read-write")
    if password:
        parameters["password"] = password
    try:
        connection = Connection.connect(**parameters, autocommit=True)  # type: ignore[arg-type]
    except psycopg.Error as error:
        raise explain(error, url) from None
    try:
        _require_session_pooling(connection, parameters)
        _prepare(connection, url, migrating=migrating)
    except psycopg.Error as error:
        connection.close()
        raise explain(error, url) from None
    except LedgerError:
        connection.close()
        raise
    return connection


def is_passing(error: psycopg.Error) -> bool:
    """Whether the same statement may succeed if it is run again at once."""
    return error.sqlstate in _RETRIED


def explain(error: psycopg.Error, url: str) -> LedgerError:
    """Return an error of psycopg's in words, with what a person can do."""
    text = str(error).rpartition("failed: ")[2]
    state = error.sqlstate or next((code for part, code in _TEXTS if part in text), "")
    reason = error.diag.message_primary or text.partition("FATAL:")[2]
    if not (state or reason):  # no server has answered
        state = "08"
    host = ", ".join(hosts(url)) or "localhost"
    args: dict[str, Value] = {"host": host, "reason": verbatim(reason.strip())}
    what, advice = next(each for prefix, *each in _ERRORS if state.startswith(prefix))
    return LedgerError(replace(what, args=args), advice)


def _prepare(connection: Connection, url: str, *, migrating: bool) -> None:
    """Set up a connection, by statements, as poolers refuse settings in its parameters."""
    connection.execute(f"SET search_path TO {SCHEMA}")
    connection.execute(f"SET statement_timeout TO {int(_STATEMENT * 1000)}")
    # Statements are planned once. Without this, those that are planned while a ledger is new would
    # read all of it each time, even when it has grown.
    connection.execute("SET seq_page_cost TO 100")
    # So the server notices as quickly that this machine is gone, and frees its lock.
    connection.execute("SET tcp_keepalives_idle TO 10")
    connection.execute("SET tcp_keepalives_interval TO 5")
    connection.execute("SET tcp_keepalives_count TO 2")
    connection.execute(f"SET idle_in_transaction_session_timeout TO {int(_STATEMENT * 1000)}")
    if migrating:
        return
    found = version(connection)
    if found == VERSION:
        return
    host = ", ".join(hosts(url))
    if found > VERSION:
        raise LedgerError(
            msg("The shared ledger at {host} was set up by a newer hrflow-watcher.", host=host),
            msg("Update hrflow-watcher on this computer."),
        )
    raise LedgerError(
        msg("The shared ledger at {host} has not been set up for this version.", host=host),
        msg("Set it up with: {hrflow_watcher} ledger init"),
    )


def _require_session_pooling(connection: Connection, parameters: dict[str, Any]) -> None:
    """Raise LedgerError if a pooler gives the server's process to others between transactions.

    Locks, notifications and settings, which belong to that process, would be lost, or be others'.
    """
    process = _server_process(connection)
    if process == connection.info.backend_pid:  # there is no pooler
        return
    with contextlib.closing(Connection.connect(**parameters)) as other, other.transaction():
        if _server_process(other) == process:
            raise LedgerError(
                msg("The pooler of the shared ledger must use session mode."),
                msg("With PgBouncer, set pool_mode = session for its database."),
            )


def _server_process(connection: Connection) -> int:
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    assert row is not None
    return int(row[0])


def _trusted() -> str:
    """Return the file of the certificates that this system trusts.

    "system" is the OpenSSL in psycopg's wheels, which only finds what the environment names.
    """
    if "SSL_CERT_FILE" in os.environ or "SSL_CERT_DIR" in os.environ:
        return "system"
    return next(filter(os.path.isfile, _TRUSTED), "system")


def _parameters(url: str) -> dict[str, str | int | None]:
    try:
        return dict(conninfo_to_dict(url))
    except psycopg.ProgrammingError:
        raise LedgerError(
            msg("[ledger] url is not an address of a PostgreSQL database."),
            msg("Write it like postgresql://hrflow@db.example.org/hrflow"),
        ) from None
