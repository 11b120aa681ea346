"""What can be configured: frozen, typed values that do not know where they were read from.

Field names are the keys of the TOML file. ``watcher.config`` turns a file into a
:class:`Config` and reports every mistake at once; nothing else builds these outside of tests.

Units: ``*_seconds`` and ``*_timeout`` are seconds, ``*_size`` and ``*_rate`` are bytes and bytes
per second (a file may also say ``"20 MB"``), 0 means "no limit" where a limit is optional.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Annotated, Final

import msgspec

from watcher.i18n.message import NOTHING, Message, msg

#: The account that a plain ``[account]`` table stands for.
DEFAULT_ACCOUNT: Final = "default"
DEFAULT_API_URL = "https://api.hrflow.ai/v1"

#: How the address of a proxy may begin.
PROXY_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")

#: The formats HrFlow names (see the API's page of POST /profile/parsing/file), as media types.
DEFAULT_ACCEPT = (
    "application/pdf",
    "image/png",
    "image/jpeg",
    "image/bmp",
    "application/msword",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template",
    "application/vnd.oasis.opendocument.text",
    "application/rtf",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.ms-outlook",
    "text/html",
)

_BOUNDS: Final = msg("{item} must be between {least} and {most}")


def _within(least: float, most: float, message: Message = _BOUNDS) -> msgspec.Meta:
    """Return the bounds of a number; ``message`` is the one for an ``item`` out of bounds."""
    return msgspec.Meta(ge=least, le=most, extra={"message": message})


_SECONDS: Final = msg("{item} must be between {least} and {most} seconds")
_DAYS: Final = msg("{item} must be between {least} and {most} days")
_NO_LIMIT: Final = msg("{item} must be between {least} and {most} (0 for no limit)")
_NOTHING_ASKED: Final = msg(
    "{item} must be between {least} and {most} (0 to never ask for results)"
)
_NEVER_ASKS: Final = msg("{item} must be between {least} and {most} (0 to never ask)")

#: Values a tag or a metadata may have; bool comes first because it is an int as well.
Value = bool | int | float | str


class Watch(enum.StrEnum):
    """How changes in a folder are noticed."""

    AUTO = "auto"
    NATIVE = "native"
    POLL = "poll"

    def is_polled(self, *, remote: bool) -> bool:
        """Return whether a folder is scanned at intervals, without asking the system.

        ``remote``: it is on a network file system, where others' changes are not reported.
        """
        return self is Watch.POLL or (self is Watch.AUTO and remote)


class Existing(enum.StrEnum):
    """What happens to files that are already in a folder when it is first watched."""

    UPLOAD = "upload"
    SKIP = "skip"
    ASK = "ask"


class Changed(enum.StrEnum):
    """What happens when a file changes after it was uploaded."""

    UPLOAD = "upload"
    IGNORE = "ignore"


class Duplicates(enum.StrEnum):
    """What happens to a file whose content was already sent to the same source."""

    SKIP = "skip"
    UPLOAD = "upload"


class AfterUpload(enum.StrEnum):
    """What happens to a file once HrFlow has it."""

    KEEP = "keep"
    MOVE = "move"
    TRASH = "trash"


class AfterRefusal(enum.StrEnum):
    """What happens to a file that can never be uploaded as it is."""

    KEEP = "keep"
    MOVE = "move"


class MailSetting(enum.StrEnum):
    """What happens to saved emails: the documents attached are sent, or the email itself."""

    ATTACHMENTS = "attachments"
    REFUSE = "refuse"
    SEND = "send"


class Archives(enum.StrEnum):
    """What happens to zip archives: they are refused, or the documents inside are sent."""

    REFUSE = "refuse"
    OPEN = "open"


class CreatedAt(enum.StrEnum):
    """Where the profile's reception date comes from."""

    FILE = "file"
    NONE = "none"


class CreatedAtFormat(enum.StrEnum):
    """How the reception date travels: ISO 8601 with offset, or seconds since 1970."""

    ISO = "iso"
    TIMESTAMP = "timestamp"


class LogLevel(enum.StrEnum):
    """From which level on something is logged."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    DEBUG = "debug"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all settings."""


class Item(Settings, frozen=True):
    """One tag or metadata: ``{"name": …, "value": …}``."""

    name: str
    value: Value


class Label(Settings, frozen=True):
    """A profile's place in a job. ``stage`` is new, yes, later or no; ``rating`` 0 to 1.

    Strings may hold placeholders, so ``stage`` and ``rating`` are checked again when filled.
    """

    job_key: str | None = None
    job_reference: str | None = None
    stage: str | None = None
    stage_timestamp: int | None = None
    rating: Annotated[float, _within(0, 1)] | None = None
    rating_timestamp: int | None = None


def for_account(name: str) -> Message:
    """Return ' for account "lyon"', to follow "key"; NOTHING for the account without a name."""
    return NOTHING if name == DEFAULT_ACCOUNT else msg(' for account "{name}"', name=name)


class Account(Settings, frozen=True):
    """One HrFlow workspace. The API key is never here: it lives in the system's keyring."""

    name: str
    email: str
    api_url: str = DEFAULT_API_URL
    max_requests_per_minute: Annotated[int, _within(0, 1_000_000, _NO_LIMIT)] = 0
    parallel_uploads: Annotated[int, _within(1, 64)] = 4
    max_upload_rate: int = 0
    #: The uploads in a calendar month above which files wait for approval, or for the next month.
    monthly_limit: Annotated[int, _within(0, 1_000_000_000, _NO_LIMIT)] = 0
    connect_timeout: Annotated[float, _within(0.1, 3600, _SECONDS)] = 10.0
    read_timeout: Annotated[float, _within(0.1, 3600, _SECONDS)] = 120.0
    #: Seconds over which an upload without an answer is asked for before it is sent again.
    confirm_seconds: Annotated[float, _within(1, 86_400, _SECONDS)] = 600.0
    #: "system", "none" or the URL of a proxy.
    proxy: str = "system"
    #: The share of requests that may be used to ask for the results of uploads; 0: none.
    follow_up_share: Annotated[float, _within(0, 1, _NOTHING_ASKED)] = 0.5
    #: Address of a profile in a program that people use, with "{profile_key}" in it; "": none.
    profile_url: str = ""


class Rule(Settings, frozen=True):
    """What applies to some files of a folder; of a folder's rules the first that matches wins.

    ``None`` means "as the folder says". ``tags`` and ``metadatas`` are added to the folder's
    (same name: the rule's value), ``labels`` replace them.
    """

    #: Pattern of the path below the folder: ``*``, ``**``, ``?`` and captures ``{name}`` (one
    #: path part) or ``{name:one|two}``; None matches every path.
    match: str | None = None
    media_types: tuple[str, ...] = ()
    min_size: int = 0
    max_size: int = 0
    ignore: bool = False
    source_key: str | None = None
    tags: tuple[Item, ...] = ()
    metadatas: tuple[Item, ...] = ()
    labels: tuple[Label, ...] | None = None
    reference: str | None = None
    sync_parsing: bool | None = None
    sync_parsing_indexing: bool | None = None
    webhook_parsing_sending: bool | None = None
    created_at: CreatedAt | None = None


class Folder(Settings, frozen=True):
    """One watched folder. ``path`` is absolute, with ``~`` and variables already expanded."""

    path: str
    account: str
    source_key: str
    tags: tuple[Item, ...] = ()
    metadatas: tuple[Item, ...] = ()
    labels: tuple[Label, ...] = ()
    recursive: bool = True
    #: Whether a folder that is missing is made, if it lies in the person's home folder.
    create: bool = False
    watch: Watch = Watch.AUTO
    poll_seconds: Annotated[float, _within(0.05, 86_400, _SECONDS)] = 30.0
    settle_seconds: Annotated[float, _within(0.05, 86_400, _SECONDS)] = 2.0
    existing: Existing = Existing.UPLOAD
    #: More new files than this within an hour wait for approval; 0: never.
    ask_above: Annotated[int, _within(0, 1_000_000, _NEVER_ASKS)] = 300
    changed: Changed = Changed.UPLOAD
    duplicates: Duplicates = Duplicates.SKIP
    after_upload: AfterUpload = AfterUpload.KEEP
    after_refusal: AfterRefusal = AfterRefusal.KEEP
    #: Where files are moved to, relative to the folder or absolute; not watched if any are.
    sent_folder: str = "Sent"
    refused_folder: str = "Refused"
    #: Globs of names or of paths below the folder, on top of the built-in ones.
    ignore: tuple[str, ...] = ()
    accept: tuple[str, ...] = DEFAULT_ACCEPT
    max_size: int = 100_000_000
    #: To be sent, an email must be of a type in ``accept``.
    mail: MailSetting = MailSetting.ATTACHMENTS
    archives: Archives = Archives.REFUSE
    #: Whether images that HrFlow cannot read are sent as PDF, where ``accept`` has that.
    convert_images: bool = True
    sync_parsing: bool = False
    #: None leaves the field out of the request: the server's own default applies.
    sync_parsing_indexing: bool | None = None
    webhook_parsing_sending: bool = False
    created_at: CreatedAt = CreatedAt.FILE
    created_at_format: CreatedAtFormat = CreatedAtFormat.ISO
    #: ``{sha256}`` is the content's fingerprint in hexadecimal; all other placeholders of rules
    #: may be used too.
    reference: str = "{sha256}"
    rules: tuple[Rule, ...] = ()


#: Settings of a folder that decide whether, where and with what its files are sent: when one of
#: them changes, files that were not sent are examined again.
ROUTING = (
    "account", "source_key", "tags", "metadatas", "labels", "recursive", "ignore", "accept",
    "max_size", "mail", "archives", "convert_images", "sync_parsing", "sync_parsing_indexing",
    "webhook_parsing_sending", "created_at", "created_at_format", "reference", "rules",
)  # fmt: skip


class Notifications(Settings, frozen=True):
    """Desktop notifications: whether, when and of what."""

    enabled: bool = True
    #: Two local times like "18:00-08:00" between which there are none; "" for never.
    quiet_hours: str = ""
    refused: bool = True
    held: bool = True
    first_success: bool = True
    backlog: bool = True


def read_hours(text: str) -> tuple[int, int] | None:
    """Return the times of ``quiet_hours`` in minutes of the day; None for "".

    Raises:
        ValueError: it is malformed.
    """
    if not text.strip():
        return None
    first, part, second = text.partition("-")
    if not part:
        raise ValueError(text)
    begin, over = _minutes(first), _minutes(second)
    if begin == over:
        raise ValueError(text)
    return begin, over


def _minutes(text: str) -> int:
    moment = datetime.strptime(text.strip(), "%H:%M")  # noqa: DTZ007 - a time of day alone
    return moment.hour * 60 + moment.minute


class Webhook(Settings, frozen=True):
    """Where HrFlow's webhook is received. Its secret is never here: it lives in the keyring."""

    enabled: bool = False
    host: str = "127.0.0.1"
    port: Annotated[int, _within(1, 65_535)] = 8790


#: The placeholders that a hook's arguments may hold.
HOOK_VALUES: Final = ("path", "profile_key", "reference", "source_key", "account", "state")


class Hooks(Settings, frozen=True):
    """Commands that are run when a file was parsed or refused; empty: none.

    Each is a program and its arguments, which may hold the placeholders ``HOOK_VALUES``.
    """

    parsed: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    timeout_seconds: Annotated[float, _within(1, 3600, _SECONDS)] = 60.0

    @property
    def commands(self) -> dict[str, tuple[str, ...]]:
        """The commands by the state of the files for which they are run."""
        return {"parsed": self.parsed, "refused": self.refused}


class WhenUnreachable(enum.StrEnum):
    """What happens to uploads while the shared ledger cannot be reached."""

    HOLD = "hold"
    SEND = "send"


class Ledger(Settings, frozen=True):
    """The database that machines share so that each content is sent once.

    ``url`` is a PostgreSQL address, "" for none. The password is kept in the keyring, never here.
    """

    url: str = ""
    when_unreachable: WhenUnreachable = WhenUnreachable.HOLD
    #: Uploads of each account at once, over all machines; 0: each has its own limit only.
    parallel_uploads: Annotated[int, _within(0, 10_000)] = 0


class Config(Settings, frozen=True):
    """The whole configuration: at least one account, any number of folders."""

    accounts: tuple[Account, ...]
    folders: tuple[Folder, ...] = ()
    notifications: Notifications = Notifications()
    webhook: Webhook = Webhook()
    hooks: Hooks = Hooks()
    ledger: Ledger = Ledger()
    log_level: LogLevel = LogLevel.INFO
    #: Days for which the history of a file is kept.
    history_days: Annotated[int, _within(1, 36_500, _DAYS)] = 400
    #: Whether the names and emails that HrFlow read in CVs are kept, and for how many days.
    keep_names: bool = True
    names_days: Annotated[int, _within(1, 36_500, _DAYS)] = 90
    #: Whether API keys may be kept in a keyring that writes plain text.
    allow_insecure_keyring: bool = False
    #: Not a setting: what in the configuration has no effect, and why, one sentence each.
    remarks: tuple[Message, ...] = ()

    def account(self, name: str) -> Account:
        """Return the account called ``name``; KeyError if there is none."""
        for account in self.accounts:
            if account.name == name:
                return account
        raise KeyError(name)


def dump_folder(folder: Folder) -> str:
    """Return a folder's settings for :func:`parse_folder`, without its path (it may be no text)."""
    return msgspec.json.encode(msgspec.structs.replace(folder, path="")).decode()


def parse_folder(path: str, text: str) -> Folder:
    """Return the folder at ``path`` with the settings that :func:`dump_folder` returned.

    Raises:
        ValueError: another version of the program wrote them, and this one cannot read them.
    """
    return msgspec.structs.replace(msgspec.json.decode(text, type=Folder), path=path)
