"""The form of an API key, and the keys of a running program.

The form is known from the vendor's SDK and documentation: ``ask_``, ``askw_`` or ``askr_`` and 32
hexadecimal digits; the prefix says whether it may read and write, write only, or read only.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final, Self

from msgspec import Struct

from watcher.credentials.keyring import (
    VARIABLE,
    LockedError,
    SystemKeyring,
    cannot_ask,
    credential_name,
    elsewhere,
)
from watcher.credentials.other_secrets import DIRECTORY, read_credential
from watcher.i18n.message import NOTHING, Message, Text, msg
from watcher.model.errors import CredentialError
from watcher.model.settings import DEFAULT_ACCOUNT, for_account

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

    from watcher.model.settings import Config

_log = logging.getLogger(__name__)
_FORM = re.compile(r"ask[wr]?_[0-9a-fA-F]{32}\Z")

#: What is wrong with a key that may only read, and what to do.
READ_ONLY: Final = msg("This is a read-only key, so it can't upload files.")
READ_ONLY_HINT: Final = msg(
    "Use one with write access (ask_… or askw_…): see API keys in HrFlow's settings."
)
#: Where a key comes from, for people.
_BY_KEYRING: Final = msg("the system's keyring")
_BY_SYSTEMD: Final = msg("the systemd credential")
_BY_VARIABLE: Final = msg("the environment variable {variable}", variable=VARIABLE)
#: The problem of an account's key while the keyring does not answer.
WAITING: Final = msg("waiting for the keyring to be unlocked")
#: Seconds that :meth:`Keys.get` waits for a keyring that may be waiting for a person.
PATIENCE: Final = 5.0
#: Seconds that it waits for the process that reads the keyring and asks no person: on a busy
#: machine, only its start takes many.
_READING: Final = 60.0
#: Seconds between two checks of a locked keyring.
PAUSE: Final = 3.0


def clean(text: str) -> str:
    """Return the key in ``text`` that was typed, pasted or read; CredentialError if it is none."""
    key = text.strip()
    if not key:
        raise CredentialError(
            msg("No API key was given."), msg("Copy it from HrFlow."), field="key"
        )
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise CredentialError(
            msg("This is not an API key: it contains spaces, line breaks or special characters."),
            msg("Copy it from HrFlow again, the whole key and nothing else."),
            field="key",
        )
    if key.startswith("askr_"):
        raise CredentialError(READ_ONLY, READ_ONLY_HINT, field="key")
    return key


def looks_right(key: str) -> bool:
    """Whether a key has the form of HrFlow's keys."""
    return bool(_FORM.match(key))


def is_write_only(key: str) -> bool:
    """Whether a key may upload and nothing else, so that it cannot be tested."""
    return key.startswith("askw_")


class _Search(Struct):
    """An account's key, and the state of the search for it."""

    key: str = ""
    origin: Message = NOTHING
    problem: CredentialError | None = None
    #: Until when a request waits for the answer, by the monotonic clock.
    until: float = 0.0
    #: The keyring is being asked; if not, a live thread waits for it to be unlocked.
    asking: bool = False
    alive: bool = False
    #: The answer to come is out of date: ask once more.
    repeat: bool = False
    #: A key was requested, and there was none.
    missed: bool = False
    #: What listeners were notified of last.
    notified: tuple[Message, Text] = (NOTHING, NOTHING)
    __repr__ = object.__repr__  # the key is never printed


class Keys:
    """The keys of all accounts: from the keyring, a systemd credential, an environment variable.

    May be used by several threads at once.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        keyring: SystemKeyring | None = None,
        *,
        patience: float = PATIENCE,
        pause: float = PAUSE,
        read_apart: Callable[..., str | None] | None = None,
    ) -> None:
        """``read_apart`` is tried before ``keyring``, which is used only if that returns None."""
        self._environ = {name: environ.get(name, "").strip() for name in (VARIABLE, DIRECTORY)}
        self._keyring = SystemKeyring() if keyring is None else keyring
        self._patience = patience
        self._pause = pause
        self._read_apart = read_apart
        self._changed = threading.Condition()
        self._notifying = threading.Lock()
        self._searches: dict[str, _Search] = {}
        self._closed = False
        self._notify: Callable[[str, Message, Text], None] = lambda *_: None
        self._resume: Callable[[], None] = lambda: None

    @classmethod
    def of_process(cls, environ: MutableMapping[str, str]) -> Self:
        """Return the keys; the one in ``environ`` is removed there, as child processes need none.

        The keyring is read in another process, as its libraries take memory.
        """
        from watcher.credentials.keyring_process import (  # noqa: PLC0415 - also run as a program
            read_in_subprocess,
        )

        keys = cls(environ, read_apart=read_in_subprocess)
        environ.pop(VARIABLE, None)
        return keys

    def configure(
        self,
        config: Config,
        notify: Callable[[str, Message, Text], None],
        resume: Callable[[], None],
    ) -> None:
        """Look up the keys of all accounts again, without waiting for them.

        ``notify`` is called with an account, where its key comes from (NOTHING if there is none)
        and what is wrong; ``resume`` once there is a key that :meth:`get` could not return before.
        Both may be called on any thread.
        """
        with self._changed:
            self._notify, self._resume = notify, resume
            self._keyring.allow_insecure = config.allow_insecure_keyring
            for account in config.accounts:
                search = self._searches.setdefault(account.name, _Search())
                search.key, search.origin = "", NOTHING
                if search.alive:
                    self._ask_again(search)
                self._begin(account.name, search)
            self._changed.notify_all()

    def get(self, account: str) -> str:
        """Return the key of an account; CredentialError if none.

        A keyring that waits for a person is waited for a few seconds at most.
        """
        return self._get(account)[0]

    def origin(self, account: str) -> Message:
        """Return where the key of an account comes from, for people; CredentialError if none."""
        return self._get(account)[1]

    def forget(self, account: str) -> None:
        """Look the key up again next time, as the server did not accept it."""
        with self._changed:
            if account in self._searches:
                self._searches[account].key = ""

    def close(self) -> None:
        """End all waiting."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    # -- the threads that need a key

    def _get(self, account: str) -> tuple[str, Message]:
        with self._changed:
            search = self._searches.setdefault(account, _Search())
            if not search.key:
                self._begin(account, search)
                while search.asking and not self._closed:
                    if (left := search.until - time.monotonic()) <= 0:
                        break
                    self._changed.wait(left)
            if search.key:
                return search.key, search.origin
            search.missed = True
            waits = search.asking or self._closed
            problem = _waiting_error(account) if waits else search.problem or _absent_error(account)
        key, origin = self._elsewhere(account)
        if key:  # until the keyring answers
            self._publish(account, search, origin, NOTHING)
            return key, origin
        raise _copy(problem)

    def _limit(self) -> float:
        return time.monotonic() + (_READING if self._read_apart else self._patience)

    def _ask_again(self, search: _Search) -> None:
        """Have the thread ask once more when it is done; called with the lock held."""
        if not search.asking:
            search.asking, search.until = True, self._limit()
        search.repeat = True

    def _begin(self, account: str, search: _Search) -> None:
        """Start a thread that asks the keyring, unless there is one; called with the lock held."""
        if search.alive or self._closed:
            return
        search.alive = search.asking = True
        search.until = self._limit()
        name = f"key-{account}"
        threading.Thread(target=self._find, args=(account, search), name=name, daemon=True).start()

    # -- the account's own thread

    def _find(self, account: str, search: _Search) -> None:
        while True:
            self._publish(account, search, NOTHING, WAITING)
            key, origin, problem = self._look_up(account)
            waits = isinstance(problem, LockedError) and self._keyring.is_locked()
            with self._changed:
                if search.repeat and not self._closed:
                    search.repeat, search.until = False, self._limit()
                    continue
                search.key, search.origin, search.problem = key, origin, problem
                search.asking, search.alive = False, waits
                resume, search.missed = bool(key and search.missed), search.missed and not key
                self._changed.notify_all()
            self._publish(account, search, origin, _summary(problem))
            if resume:
                self._resume()
            if not (waits and self._wait_for_unlocking(search)):
                return

    def _look_up(self, account: str) -> tuple[str, Message, CredentialError | None]:
        """Return (key, where it comes from, what is wrong)."""
        problem = None
        try:
            if key := self._ask_keyring(account):
                return key, self._compare(account, key, _BY_KEYRING), None
        except CredentialError as error:
            _log.info("%s", error)
            problem = _copy(error)
        except Exception:  # noqa: BLE001 - the next request asks again
            _log.exception("the keyring cannot be asked")
            problem = cannot_ask()
        try:
            key, origin = self._elsewhere(account)
        except CredentialError as error:
            return "", NOTHING, error
        return key, origin, None if key else problem or _absent_error(account)

    def _ask_keyring(self, account: str) -> str:
        """Return the key that the keyring has, "" if it has none.

        A locked keyring asks a person for a password. If the person unlocks it elsewhere and does
        not answer, the keyring is asked once more.
        """
        insecure = self._keyring.allow_insecure
        found = self._read_apart and self._read_apart(account, allow_insecure=insecure)
        if found is not None:
            return found
        with self._changed:
            self._searches[account].until = time.monotonic() + self._patience
            self._changed.notify_all()
        if not self._keyring.is_locked():
            return self._keyring.read(account)
        answer: Future[str] = Future()
        name = f"key-{account}-asked"
        asked = threading.Thread(
            target=self._settle, args=(answer, account), name=name, daemon=True
        )
        asked.start()
        while True:
            try:
                return answer.result(self._pause)
            except TimeoutError:
                if self._closed:
                    raise _waiting_error(account) from None
                if not self._keyring.is_locked():
                    return self._keyring.read(account)

    def _settle(self, answer: Future[str], account: str) -> None:
        try:
            answer.set_result(self._keyring.read(account))
        except Exception as error:  # noqa: BLE001 - raised again where the answer is waited for
            answer.set_exception(error)

    def _wait_for_unlocking(self, search: _Search) -> bool:
        """Wait until the keyring can be asked again; False if this is closed first."""
        is_locked = True
        while is_locked:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or search.repeat, self._pause)
                if self._closed:
                    search.alive = False
                    return False
                asked = search.repeat
            is_locked = not asked and self._keyring.is_locked()
        with self._changed:
            search.repeat, search.asking, search.until = False, True, self._limit()
        return True

    def _publish(self, account: str, search: _Search, origin: Message, problem: Text) -> None:
        with self._notifying:
            if search.notified != (origin, problem) and not self._closed:
                search.notified = (origin, problem)
                self._notify(account, origin, problem)

    # -- without a keyring

    def _elsewhere(self, account: str) -> tuple[str, Message]:
        """Return the key outside the keyring and its origin, "" and NOTHING if there is none."""
        if key := read_credential(self._environ[DIRECTORY], credential_name(account)):
            return key, self._compare(account, key, _BY_SYSTEMD)
        if key := self._environ[VARIABLE]:
            return key, _BY_VARIABLE
        return "", NOTHING

    def _compare(self, account: str, key: str, origin: Message) -> Message:
        """Return ``origin`` of the key in use; it names another place that holds another key."""
        try:
            credential = read_credential(self._environ[DIRECTORY], credential_name(account))
        except CredentialError as error:  # it is not needed
            _log.info("%s", error)
            credential = ""
        if credential not in ("", key):
            return msg(
                "{what} (the systemd credential contains a different key, which is not used)",
                what=origin,
            )
        if self._environ[VARIABLE] not in ("", key):
            return msg(
                "{what} (the environment variable {variable} contains a different key,"
                " which is not used)",
                what=origin,
                variable=VARIABLE,
            )
        return origin


def is_contested(origin: Message) -> bool:
    """Whether an origin names another place with another key that is not used."""
    return "what" in origin.args  # see ``_compare``


def _summary(problem: CredentialError | None) -> Text:
    if problem is None:
        return NOTHING
    return WAITING if isinstance(problem, LockedError) else problem.title


def _copy(error: CredentialError) -> CredentialError:
    """Return the error without its traceback, which keeps connections alive across threads."""
    return type(error)(error.title, error.hint)


def _waiting_error(account: str) -> LockedError:
    return LockedError(
        msg("The key{whose} is {what}.", whose=for_account(account), what=WAITING),
        msg("Unlock it; uploads then resume automatically."),
    )


def _absent_error(account: str) -> CredentialError:
    name = "" if account == DEFAULT_ACCOUNT else f" --account {account}"
    return CredentialError(
        msg("There is no API key{whose}.", whose=for_account(account)),
        msg(
            "Store it with: {hrflow_watcher} login{option}. On a computer without a keyring,"
            " put it into {what}.",
            option=name,
            what=elsewhere(account),
        ),
    )
