"""What an API key looks like.

From the vendor's SDK and pages: ``ask_``, ``askw_`` or ``askr_`` and 32 hexadecimal digits; the
prefix says whether it may read and write, write only, or read only.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, Self

from watcher.credentials.keyring import LockedError, SystemKeyring, cannot_ask, elsewhere
from watcher.i18n.message import NOTHING, Message, Text, msg
from watcher.model.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

    from watcher.model.settings import Config

_FORM = re.compile(r"ask[wr]?_[0-9a-fA-F]{32}\Z")


#: What is wrong with a key that may only read, and what to do.
READ_ONLY: Final = msg("This key may only read, so it cannot upload.")


READ_ONLY_HINT: Final = msg(
    "Take one that may write (ask_… or askw_…) from HrFlow's settings under API keys."
)


def clean(text: str) -> str:
    """The key in what was typed, pasted or read; CredentialError if there can be none in it."""
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
    """Whether it has the form of HrFlow's keys."""
    return bool(_FORM.match(key))


def is_write_only(key: str) -> bool:
    """Whether the server answers this key's uploads alone, so that it cannot be tried."""
    return key.startswith("askw_")


_log = logging.getLogger(__name__)


#: Name of the systemd credential, with ``-ACCOUNT`` behind it for accounts other than "default".
CREDENTIAL: Final = "hrflow-api-key"


VARIABLE: Final = "HRFLOW_API_KEY"


_DIRECTORY: Final = "CREDENTIALS_DIRECTORY"


#: The other places, for people.
_BY_SYSTEMD: Final = msg("the systemd credential")


_BY_VARIABLE: Final = msg("the environment variable {variable}", variable=VARIABLE)


#: What is said of an account's key while the keyring does not answer.
WAITING: Final = msg("waiting for the keyring to be unlocked")


#: Seconds that somebody who needs a key waits for the keyring.
PATIENCE: Final = 5.0


#: Seconds between two looks at a locked keyring.
PAUSE: Final = 3.0


class Keyring(Protocol):
    """See :class:`watcher.credentials.keyring.SystemKeyring`."""

    allow_insecure: bool

    def read(self, account: str) -> str:
        """The key or "", perhaps after minutes; CredentialError if there is no answer."""
        ...

    def is_locked(self) -> bool:
        """Whether it is known to be locked; answers at once."""
        ...


class Look(Protocol):
    """See :func:`watcher.credentials.apart.look_apart`."""

    def __call__(self, account: str, *, allow_insecure: bool) -> str | None:
        """The key or "", None if this is no way to have it; CredentialError likewise."""
        ...


@dataclass
class _Search:
    """What is known of an account's key, and how the search for it goes."""

    key: str = field(default="", repr=False)
    origin: Message = NOTHING
    problem: CredentialError | None = None
    since: float = 0.0
    #: The keyring is being asked; otherwise the thread, if it lives, waits for it to be unlocked.
    asking: bool = False
    alive: bool = False
    #: What is being found out is of yesterday: ask once more.
    anew: bool = False
    #: Somebody was sent away without a key.
    missed: bool = False
    told: tuple[Message, Text] = (NOTHING, NOTHING)


class Keys:
    """The keys of all accounts: from the keyring, a systemd credential, an environment variable.

    May be used by several threads at once.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        keyring: Keyring | None = None,
        *,
        patience: float = PATIENCE,
        pause: float = PAUSE,
        look: Look | None = None,
    ) -> None:
        """``look`` is tried before ``keyring``, which then is asked for nothing but locked keys."""
        self._environ = {name: environ.get(name, "").strip() for name in (VARIABLE, _DIRECTORY)}
        self._keyring = SystemKeyring() if keyring is None else keyring
        self._patience = patience
        self._pause = pause
        self._look = look
        self._changed = threading.Condition()
        self._telling = threading.Lock()
        self._searches: dict[str, _Search] = {}
        self._closed = False
        self._tell: Callable[[str, Message, Text], None] = _tell_nobody
        self._resume: Callable[[], None] = _resume_nothing

    @classmethod
    def of_process(cls, environ: MutableMapping[str, str]) -> Self:
        """The keys, with the one in ``environ`` taken out: what is started from here needs none.

        The keyring is looked into by another process, as its libraries take memory.
        """
        from watcher.credentials.apart import look_apart  # noqa: PLC0415 - it runs as a module too

        keys = cls(environ, look=look_apart)
        environ.pop(VARIABLE, None)
        return keys

    def arm(
        self, config: Config, tell: Callable[[str, Message, Text], None], resume: Callable[[], None]
    ) -> None:
        """Look all accounts' keys up anew, without waiting for them.

        ``tell`` hears of an account, where its key comes from ("" if there is none) and what is
        wrong; ``resume`` when a key is there after somebody had to go without. On any thread.
        """
        with self._changed:
            self._tell, self._resume = tell, resume
            self._keyring.allow_insecure = config.allow_insecure_keyring
            for account in config.accounts:
                search = self._searches.setdefault(account.name, _Search())
                search.key, search.origin = "", NOTHING
                if search.alive:
                    self._ask_anew(search)
                self._begin(account.name, search)
            self._changed.notify_all()

    def get(self, account: str) -> str:
        """The key of an account, after seconds at the most; CredentialError if there is none."""
        return self._get(account)[0]

    def origin(self, account: str) -> Message:
        """Where the key of an account comes from, for people; CredentialError if there is none."""
        return self._get(account)[1]

    def forget(self, account: str) -> None:
        """Look the key up anew next time: the server did not accept it."""
        with self._changed:
            if account in self._searches:
                self._searches[account].key = ""

    def close(self) -> None:
        """Wait for nothing any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    # -- who needs a key

    def _get(self, account: str) -> tuple[str, Message]:
        with self._changed:
            search = self._searches.setdefault(account, _Search())
            if not search.key:
                self._begin(account, search)
                left = search.since + self._patience - time.monotonic()
                self._changed.wait_for(lambda: self._closed or not search.asking, max(0.0, left))
            if search.key:
                return search.key, search.origin
            search.missed = True
            waits = search.asking or self._closed
            problem = _say_waiting(account) if waits else search.problem or _say_absent(account)
        key, origin = self._elsewhere(account)
        if key:  # until the keyring answers
            self._say(account, search, origin, NOTHING)
            return key, origin
        raise _copy(problem)

    @staticmethod
    def _ask_anew(search: _Search) -> None:
        """Have the thread ask once more, after what it does now; with the lock held."""
        if not search.asking:
            search.asking, search.since = True, time.monotonic()
        search.anew = True

    def _begin(self, account: str, search: _Search) -> None:
        """Have the keyring asked, unless it is; with the lock held."""
        if search.alive or self._closed:
            return
        search.alive = search.asking = True
        search.since = time.monotonic()
        name = f"key-{account}"
        threading.Thread(target=self._find, args=(account, search), name=name, daemon=True).start()

    # -- the account's own thread

    def _find(self, account: str, search: _Search) -> None:
        while True:
            self._say(account, search, NOTHING, WAITING)
            key, origin, problem = self._look_up(account)
            waits = isinstance(problem, LockedError) and self._keyring.is_locked()
            with self._changed:
                if search.anew and not self._closed:
                    search.anew, search.since = False, time.monotonic()
                    continue
                search.key, search.origin, search.problem = key, origin, problem
                search.asking, search.alive = False, waits
                resume, search.missed = bool(key and search.missed), search.missed and not key
                self._changed.notify_all()
            self._say(account, search, origin, _word(problem))
            if resume:
                self._resume()
            if not (waits and self._wait_for_unlocking(search)):
                return

    def _look_up(self, account: str) -> tuple[str, Message, CredentialError | None]:
        """(key, where it comes from, what is wrong)."""
        problem = None
        try:
            if key := self._ask_keyring(account):
                return key, self._compare(account, key, msg("the system's keyring")), None
        except CredentialError as error:
            _log.info("%s", error)
            problem = _copy(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is to be asked again
            _log.exception("the keyring cannot be asked")
            problem = cannot_ask(error)
        try:
            key, origin = self._elsewhere(account)
        except CredentialError as error:
            return "", NOTHING, error
        return key, origin, None if key else problem or _say_absent(account)

    def _ask_keyring(self, account: str) -> str:
        """The keyring's answer, as :meth:`Keyring.read` gives it.

        A locked one asks a person for a password. Whoever unlocks it may do so elsewhere and leave
        that question open: then it is left alone, and the keyring is asked once more.
        """
        insecure = self._keyring.allow_insecure
        found = self._look(account, allow_insecure=insecure) if self._look else None
        if found is not None:
            return found
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
                    raise _say_waiting(account) from None
                if not self._keyring.is_locked():
                    return self._keyring.read(account)

    def _settle(self, answer: Future[str], account: str) -> None:
        try:
            answer.set_result(self._keyring.read(account))
        except Exception as error:  # noqa: BLE001 - raised again where the answer is waited for
            answer.set_exception(error)

    def _wait_for_unlocking(self, search: _Search) -> bool:
        """Wait until the keyring can be asked again; False if nobody needs that any more."""
        is_locked = True
        while is_locked:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or search.anew, self._pause)
                if self._closed:
                    search.alive = False
                    return False
                asked = search.anew
            is_locked = not asked and self._keyring.is_locked()
        with self._changed:
            search.anew, search.asking, search.since = False, True, time.monotonic()
        return True

    def _say(self, account: str, search: _Search, origin: Message, problem: Text) -> None:
        with self._telling:
            if search.told != (origin, problem) and not self._closed:
                search.told = (origin, problem)
                self._tell(account, origin, problem)

    # -- without a keyring

    def _elsewhere(self, account: str) -> tuple[str, Message]:
        """The key and its origin on a machine without a keyring; "" and "" if there is none."""
        if key := self._read_credential(account):
            return key, self._compare(account, key, _BY_SYSTEMD)
        if key := self._environ[VARIABLE]:
            return key, _BY_VARIABLE
        return "", NOTHING

    def _compare(self, account: str, key: str, origin: Message) -> Message:
        """``origin`` of the key in use, and which other place holds a key that is another one."""
        try:
            credential = self._read_credential(account)
        except CredentialError as error:  # it is not needed
            _log.info("%s", error)
            credential = ""
        if credential not in ("", key):
            return msg(
                "{what} (the systemd credential is another key, which is not used)", what=origin
            )
        if self._environ[VARIABLE] not in ("", key):
            return msg(
                "{what} (the environment variable {variable} holds another key, which is not used)",
                what=origin,
                variable=VARIABLE,
            )
        return origin

    def _read_credential(self, account: str) -> str:
        directory = self._environ[_DIRECTORY]
        if not directory:
            return ""
        name = CREDENTIAL if account == "default" else f"{CREDENTIAL}-{account}"
        try:
            with open(os.path.join(directory, name), encoding="utf-8") as file:
                return file.read(1000).strip()
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise CredentialError(
                msg("The credential {path} cannot be read ({error}).", path=name, error=error),
                msg("Give this user the right to read it."),
            ) from error


def is_contested(origin: Message) -> bool:
    """Whether an origin also tells of another place, with another key that is not used."""
    return "what" in origin.args  # see ``_compare``


def _word(problem: CredentialError | None) -> Text:
    if problem is None:
        return NOTHING
    return WAITING if isinstance(problem, LockedError) else problem.title


def _copy(error: CredentialError) -> CredentialError:
    """Without the traceback, which holds on to connections, and is of one thread alone."""
    return type(error)(error.title, error.hint)


def _say_waiting(account: str) -> LockedError:
    return LockedError(
        msg('The key of account "{account}" is {what}.', account=account, what=WAITING),
        msg("Unlock it; the uploads go on by themselves."),
    )


def _say_absent(account: str) -> CredentialError:
    name = "" if account == "default" else f" --account {account}"
    return CredentialError(
        msg('There is no API key for account "{account}".', account=account),
        msg(
            "Store it with: hrflow-watcher login{option}. A machine without a keyring takes it"
            " from {what}.",
            option=name,
            what=elsewhere(account),
        ),
    )


def _tell_nobody(account: str, origin: Message, problem: Text) -> None:
    """Nobody listens yet."""


def _resume_nothing() -> None:
    """Likewise."""


#: The secret's own entry in the keyring; no account can be called so.
WEBHOOK_ENTRY: Final = ":webhook"


#: Name of the systemd credential, and of the environment variable.
WEBHOOK_CREDENTIAL: Final = "hrflow-webhook-secret"


WEBHOOK_VARIABLE: Final = "HRFLOW_WEBHOOK_SECRET"


def read_webhook_secret(
    environ: Mapping[str, str],
    *,
    allow_insecure: bool = False,
    keyring: SystemKeyring | None = None,
) -> str:
    """The secret, perhaps after minutes: a locked keyring asks a person; CredentialError if none.

    One that the keyring does not give is looked for elsewhere.
    """
    problem: CredentialError | None = None
    try:
        keyring = keyring or SystemKeyring()
        keyring.allow_insecure = allow_insecure
        if secret := keyring.read(WEBHOOK_ENTRY):
            return secret
    except CredentialError as error:
        problem = error
    if secret := _elsewhere(environ):
        return secret
    raise problem or CredentialError(
        msg("There is no secret for the webhook."),
        msg("Store it with: hrflow-watcher login --webhook."),
    )


def webhook_secrets(environ: MutableMapping[str, str]) -> Callable[[bool], str]:
    """Gives the secret, told whether a plain-text keyring is allowed.

    The one in ``environ`` is taken out: what is started from here needs none.
    """
    kept = {name: environ.get(name, "") for name in (WEBHOOK_VARIABLE, _DIRECTORY)}
    environ.pop(WEBHOOK_VARIABLE, None)
    return lambda allow_insecure: read_webhook_secret(kept, allow_insecure=allow_insecure)


def _elsewhere(environ: Mapping[str, str]) -> str:
    if directory := environ.get(_DIRECTORY, ""):
        try:
            with open(os.path.join(directory, WEBHOOK_CREDENTIAL), encoding="utf-8") as file:
                return file.read(1000).strip()
        except FileNotFoundError:
            pass  # it need not be there
        except (OSError, UnicodeDecodeError) as error:
            raise CredentialError(
                msg(
                    "The credential {path} cannot be read ({error}).",
                    path=WEBHOOK_CREDENTIAL,
                    error=error,
                ),
                msg("Give this user the right to read it."),
            ) from error
    return environ.get(WEBHOOK_VARIABLE, "").strip()
