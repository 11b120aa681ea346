"""The running program's session in the shared ledger: one thread, one connection.

It exchanges messages with the pipeline (``watcher.model.ledger``). What a connection left undone is
done first by the next one, before the pipeline hears that the ledger can be used: accepting a
connection proves little.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import select
import socket
import threading
import uuid
from collections import deque
from typing import TYPE_CHECKING, Final, TypeVar

import psycopg

from watcher.ledger import claims
from watcher.ledger.connection import connect, explain, is_passing
from watcher.model.errors import CredentialError, LedgerError
from watcher.model.ledger import (
    BEGINNING,
    HEARTBEAT,
    LEASE,
    MARGIN,
    Claim,
    Claimed,
    Content,
    Ended,
    GiveBack,
    Keep,
    Record,
    Renewed,
    TakeShare,
    Unreachable,
)
from watcher.system import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.i18n.message import Message

Value = TypeVar("Value")

_log = logging.getLogger(__name__)

#: Seconds between two attempts to connect; the first one follows at once.
_PAUSES: Final = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)

#: Attempts at a statement that meets a deadlock or the like.
_TRIES: Final = 5

#: How many of the latest records a new connection repeats: a failover may have lost them.
_RECENT: Final = 2000


class LedgerClient:
    """Keeps a session alive and asks the ledger; see :class:`watcher.pipeline.claims.Claims`."""

    def __init__(
        self,
        url: str,
        *,
        password: Callable[[], str],
        instance_path: str,
        machine: str,
        program: str,
        post: Callable[[object], None],
        tick: Callable[[], float],
    ) -> None:
        """``password`` may raise CredentialError; it is asked for before each connection.

        ``instance_path`` is the file that keeps this installation's id. ``machine`` is the label
        that people see and ``program`` the version. ``post`` is called with each message.
        """
        self._url = url
        self._password = password
        self._instance_path = instance_path
        self._machine = machine
        self._program = program
        self._post = post
        self._tick = tick
        self._inbox: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._wake_reader, self._wake_writer = socket.socketpair()
        for end in (self._wake_reader, self._wake_writer):
            end.settimeout(0)
        self._stopping = threading.Event()
        self._records: dict[Content, Record] = {}  # not reported yet
        self._given_back: dict[Content, None] = {}  # likewise
        self._recent: dict[Content, Record] = {}  # reported lately
        self._asked: deque[Claim | Keep | TakeShare] = deque()
        self._session: int | None = None
        self._instance = uuid.UUID(int=0)
        self._heartbeat_at = 0.0
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)

    def start(self) -> None:
        """Connect, and stay connected."""
        self._thread.start()

    def tell(self, message: object) -> None:
        """Hand over a Claim, Keep, Record, GiveBack or TakeShare; from any thread."""
        self._inbox.put(message)
        self._wake()

    def stop(self, seconds: float) -> None:
        """Report what is not reported yet and end the session, within ``seconds``."""
        self._stopping.set()
        self._wake()
        self._thread.join(seconds)
        if not self._thread.is_alive():
            self._wake_reader.close()
            self._wake_writer.close()

    # -- the thread

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                with contextlib.closing(connect(self._url, self._password())) as connection:
                    self._begin(connection)
                    failures = 0
                    self._serve(connection)
            except (LedgerError, CredentialError) as error:
                self._fail(error.message)
            except psycopg.Error as error:
                _log.info("the ledger's connection failed: %s", type(error).__name__)
                self._fail(explain(error, self._url).message)
            except Exception:  # noqa: BLE001 - uploads would wait without a word
                _log.exception("unexpected error in the ledger's thread")
                self._fail(explain(psycopg.OperationalError(), self._url).message)
            self._stopping.wait(_PAUSES[min(failures, len(_PAUSES) - 1)])
            failures += 1

    def _fail(self, why: Message) -> None:
        if not self._stopping.is_set():
            self._post(Unreachable(why))

    def _begin(self, connection: psycopg.Connection) -> None:
        """Continue the session of the last connection, or begin one."""
        connection.add_notify_handler(lambda note: self._hear(note.payload))
        connection.execute(f"LISTEN {claims.CHANNEL}")
        claims.note_server(connection)
        if self._session is None:
            self._instance = self._read_instance()
        is_alone = claims.lock_instance(connection, self._instance)
        if self._session is not None:
            # Not alone: this is a clone, or the server has not noticed the end of the last
            # connection yet.
            is_cloned = not is_alone and claims.has_later_session(
                connection, self._session, self._instance
            )
            if not is_cloned and self._renew(connection, is_new=True):
                return
            is_alone = not is_cloned
        if not is_alone:
            self._instance = self._make_instance()
            claims.lock_instance(connection, self._instance)
        self._session = claims.begin_session(
            connection, self._instance, self._machine, self._program
        )
        self._renew(connection, is_new=True)

    def _serve(self, connection: psycopg.Connection) -> None:
        """Carry out what is asked, until the connection is lost or the program ends."""
        while not self._stopping.is_set():
            self._wait(connection)
            self._carry_out(connection)
            if self._tick() >= self._heartbeat_at and not self._renew(connection, is_new=False):
                return
        self._carry_out(connection)
        if self._session is not None:
            claims.end_session(connection, self._session)

    def _renew(self, connection: psycopg.Connection, *, is_new: bool) -> bool:
        """Renew the lease, and tell until when it holds by this machine's own clock.

        ``is_new``: the connection is new, and what is under way has to be claimed again. Return
        whether the ledger still knows the session; a failover may have lost it.
        """
        assert self._session is not None
        asked_at = self._tick()
        if not claims.renew(connection, self._session, self._instance):
            self._session = None
            return False
        self._heartbeat_at = asked_at + HEARTBEAT
        if is_new:
            self._records = {**self._recent, **self._records}
            self._carry_out(connection)
        claimed = tuple(claims.claimed(connection, self._instance))
        machines = claims.count_machines(connection)
        self._post(Renewed(asked_at + LEASE - MARGIN, is_new, machines, claimed))
        return True

    def _wait(self, connection: psycopg.Connection) -> None:
        """Wait for the next message, notification or heartbeat."""
        self._hear_all(connection)  # what came with the last answer
        left = max(0.0, self._heartbeat_at - self._tick())
        if self._inbox.empty() and not self._stopping.is_set():
            select.select([connection.fileno(), self._wake_reader.fileno()], [], [], left)
        with contextlib.suppress(BlockingIOError):
            while self._wake_reader.recv(4096):
                pass
        connection.pgconn.consume_input()  # raises if the connection is lost
        self._hear_all(connection)

    def _hear_all(self, connection: psycopg.Connection) -> None:
        while (note := connection.pgconn.notifies()) is not None:
            self._hear(note.extra.decode())

    def _hear(self, payload: str) -> None:
        contents = bytes.fromhex(payload)
        starts = range(0, len(contents), BEGINNING)
        self._post(Ended(frozenset(contents[at : at + BEGINNING] for at in starts)))

    def _carry_out(self, connection: psycopg.Connection) -> None:
        while not self._inbox.empty():
            message = self._inbox.get_nowait()
            if isinstance(message, Record):
                self._records[message.content] = message
            elif isinstance(message, GiveBack):
                self._given_back[message.content] = None
            else:
                assert isinstance(message, Claim | Keep | TakeShare)
                self._asked.append(message)
        self._tell_what_became(connection)
        while self._asked:
            self._answer(connection, self._asked[0])
            self._asked.popleft()

    def _tell_what_became(self, connection: psycopg.Connection) -> None:
        """Report what has arrived and what is given back; what fails is reported again."""
        session = self._session
        assert session is not None
        if self._records:
            records = list(self._records.values())
            _tried(lambda: claims.record(connection, session, records))
            self._recent |= self._records
            self._recent = dict(list(self._recent.items())[-_RECENT:])
            self._records = {}
        if self._given_back:
            given_back = list(self._given_back)
            _tried(lambda: claims.give_back(connection, session, given_back))
            self._given_back = {}

    def _answer(self, connection: psycopg.Connection, question: Claim | Keep | TakeShare) -> None:
        session = self._session
        assert session is not None
        if isinstance(question, Keep):
            _tried(lambda: claims.keep(connection, session, question.contents))
            return
        if isinstance(question, TakeShare):
            self._post(_tried(lambda: claims.take_share(connection, session, question)))
            return
        found = _tried(
            lambda: claims.claim(
                connection, session, question.contents, question.room, question.checked
            )
        )
        if found is None:  # the lease has run out, as after a long sleep
            self._heartbeat_at = self._tick()
        self._post(Claimed(question.number, tuple(found or ())))

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # it is awake
            self._wake_writer.send(b"x")

    # -- the installation's id

    def _read_instance(self) -> uuid.UUID:
        """Return this installation's id, a new one at the first start."""
        try:
            with open(self._instance_path, encoding="ascii") as file:
                return uuid.UUID(file.read().strip())
        except (FileNotFoundError, ValueError):
            return self._make_instance()

    def _make_instance(self) -> uuid.UUID:
        """Return a new id for this installation, which has none or shares it with a clone."""
        made = uuid.uuid4()
        write_atomically(self._instance_path, f"{made}\n".encode())
        return made


def _tried(work: Callable[[], Value]) -> Value:
    """Return what ``work`` returns; a statement that meets a deadlock is run again."""
    for _ in range(_TRIES - 1):
        try:
            return work()
        except psycopg.Error as error:
            if not is_passing(error):
                raise
    return work()
