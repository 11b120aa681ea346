"""What HrFlow's answers mean. Pure: status, headers and body in, Outcome or ProfileAnswer out.

Facts from the API's documentation (``POST /profile/parsing/file``): 201 carries the parsed
profile, 202 an empty list, 400 "Invalid source fields" means the source key, 401 quotes the secret
key. Where it leaves questions open, the safe choice is made: only an answer whose HTTP status and
JSON ``code`` are both 2xx is a success, anything but HrFlow's JSON means that something else
answered, and an upload that was sent completely without a clear answer may have arrived.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct, field

from watcher.i18n.message import Message, msg, verbatim
from watcher.model.kinds import Cause
from watcher.model.uploads import (
    Accepted,
    Held,
    ListedProfile,
    NoSync,
    PageAnswer,
    Parsed,
    Profile,
    ProfilePage,
    Refused,
    SourceAnswer,
    SourceFacts,
    Uncertain,
    Unknown,
    Unreadable,
    Wait,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.model.uploads import Outcome, ProfileAnswer

#: Bytes of an answer that are read; a parsed profile takes some tens of kilobytes.
MAX_ANSWER = 16 * 1024 * 1024

_KEY = re.compile(r"ask[rw]?_[0-9A-Za-z]+")

_QUOTED_KEY = re.compile(r"(secret key:\s*)\S+", re.IGNORECASE)

#: Surrogates as well: half a character, where a server has cut a text, cannot be stored.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")

#: A source that does not exist or is not in use, in the three documented wordings ("Invalid source
#: fields", "Unable to find object: source", "Unauthorized Access to source key") and in others of
#: their kinds. The text of a file may be said to have a "source language": that is not meant.
_NAMES_SOURCE: Final = re.compile(
    r"""
    \b(invalid|unknown|wrong|missing|no|not\ find|unable\ to\ find|unauthorized\ access\ to)\b
    ([ :'"]+(a|any|the|this|such|valid|objects?|parameters?|fields?|values?|for|in))*
    [ :'"]+sources?([ _](keys?|fields?))?\b (?!\ (document|file|language|text))
    |
    \bsources?([ _](keys?|fields?))?\b
    [ :'"\[]*(\S*\d\S*\ )?                              # its key
    ((is|was|are|has\ been|could|can|does)\ ?)?(not\ |n't\ )?(be\ )?
    (found|exist|valid|invalid|unknown|archived|disabled|inactive|active|deleted)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)

_USED_REFERENCE: Final = re.compile(
    r"\breference\b.*\b(?:already|duplicated?|unique|taken|in use)\b"
    r"|\b(?:already|duplicated?)\b.*\breference\b",
    re.IGNORECASE,
)

#: How a look-up says that there is no profile; the first is documented.
_NO_PROFILE: Final = re.compile(
    r"unable to find|could(?: not|n't) find|no (?:such |matching )?profile"
    r"|\b(?:profile|object)\b.*\b(?:not found|not exist|unknown)\b",
    re.IGNORECASE,
)

#: Where an error's text may be, beside or instead of ``message``.
_DETAILS: Final = ("error", "errors", "detail", "details")

#: How a source refuses synchronous parsing; the words are not documented.
_SYNC = re.compile(r"\bsync(hronous)?[ _-]?parsing", re.IGNORECASE)

_MESSAGE_LENGTH = 300

#: The server accepted nothing and asks for a later try.
_LATER = frozenset({425, 429})

_QUOTA = 402

#: Not about the file: the address, or what the account may do.
_HOLDING = frozenset({401, _QUOTA, 403, 404, 405, 410})

#: Of these, the answers to a wrong address.
_ADDRESS = frozenset({404, 405, 410})


class Answer(Struct, frozen=True):
    """One HTTP answer; header names in lower case, ``body`` at most :data:`MAX_ANSWER` bytes."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    complete: bool = True


def redact(text: str, secret: str = "") -> str:
    """Return ``text`` on one line, shortened, without anything that looks like an API key."""
    if secret:
        text = text.replace(secret, "•••")
    text = _QUOTED_KEY.sub(r"\1•••", _KEY.sub("•••", text))
    text = _CONTROL.sub(" ", text).strip()
    return text if len(text) <= _MESSAGE_LENGTH else text[: _MESSAGE_LENGTH - 1] + "…"


def quote(message: str) -> Message:
    """Return what HrFlow said, as a part of a sentence."""
    return msg('"{message}"', message=message) if message else msg("it gave no reason")


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that ``Retry-After`` asks for (a number or a date), None for none."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return float(min(int(text[:9]), 10**9))
    moment = http_date(text)
    return None if moment is None else max(0.0, moment - now)


def http_date(text: str) -> float | None:
    """Return seconds since 1970 of a date as HTTP writes it; None if it is none."""
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def upload_outcome(
    answer: Answer,
    now: float,
    *,
    secret: str = "",
    derived_reference: bool = True,
    sync: bool = False,
    sent: bool = True,
) -> Outcome:
    """Return what the answer to an upload means for the file.

    ``derived_reference``: the reference was made from the content, so that "already used" means
    that this content has arrived. ``sync``: synchronous parsing was requested. ``sent``: the whole
    body had been sent when the answer came.
    """
    outcome = _meaning(answer, now, secret, derived_reference=derived_reference, sync=sync)
    if isinstance(outcome, Accepted | Parsed) and not sent:
        return Wait(msg("The server answered before the whole file was sent."), troubled=True)
    if isinstance(outcome, Wait) and sent and not outcome.slow_down:
        return Uncertain(
            msg("{why} The file may have arrived.", why=outcome.why),
            outcome.retry_after,
            outcome.offline,
            outcome.troubled,
        )
    return outcome


def _meaning(
    answer: Answer, now: float, secret: str, *, derived_reference: bool, sync: bool
) -> Outcome:
    read = _read(answer, now, secret)
    if isinstance(read, Wait | Refused):
        return read
    code, message = read.code, read.message
    if _is_success(code):
        return _success(read.data, message)
    if _is_passing(code):
        return _wait(code, message, answer, now)
    if sync and _SYNC.search(message):
        return NoSync(verbatim(message))
    if code == _QUOTA:
        return Held(
            Cause.QUOTA,
            msg("Your HrFlow plan's quota is used up: {reason}.", reason=quote(message)),
        )
    if names_source(code, message):
        return Held(Cause.SOURCE, _source_words(code, message))
    if code in _HOLDING:
        return Held(Cause.ACCOUNT, _holding_words(code, message))
    if derived_reference and _USED_REFERENCE.search(message):
        return Accepted(verbatim(message))
    return Refused(
        msg(
            "HrFlow rejected this file ({code}): {reason}. Correct the file, or contact HrFlow.",
            code=code,
            reason=quote(message),
        )
    )


def finding(answer: Answer, now: float, *, secret: str = "") -> ProfileAnswer:
    """Return what the answer to a look-up by reference means (``GET /profile/parsing``)."""
    read = read_answer(answer, now, secret=secret)
    if isinstance(read, Wait):
        return read
    code, message = read.code, read.message
    if _is_success(code):
        profile = profile_of(read.data)
        return Parsed(profile, verbatim(message)) if profile.key else Unknown()
    # The upload to such a source will be held, which people are shown.
    if code in (401, 403) or names_source(code, message):
        return Unreadable(verbatim(message), source=names_source(code, message))
    if code in (400, 404) and _NO_PROFILE.search(message):
        return Unknown()
    return _wait(code, message, answer, now)


class Reading(Struct, frozen=True):
    """An answer of HrFlow: ``message`` is redacted, ``data`` and ``meta`` are as in the JSON."""

    code: int
    message: str
    data: Any = None
    meta: Any = None


def read_answer(answer: Answer, now: float = 0.0, *, secret: str = "") -> Reading | Wait:
    """Return HrFlow's answer to a request without a file, or a Wait if there was none."""
    read = _read(answer, now, secret)
    return Wait(read.why) if isinstance(read, Refused) else read


def _read(answer: Answer, now: float, secret: str) -> Reading | Wait | Refused:
    if 300 <= answer.status < 400:
        return Wait(
            msg("The request was redirected, probably to a Wi-Fi or proxy login page."),
            offline=True,
        )
    try:
        read = json.loads(answer.body) if answer.complete else None
    except (ValueError, RecursionError):
        read = None
    if isinstance(read, dict) and _is_code(read.get("code")):
        if _is_success(read["code"]) and not _is_success(answer.status):
            # A proxy has changed one of the two: neither can be believed.
            after = retry_after(answer.headers, now)
            return Wait(
                msg("The server answered with error {code}.", code=answer.status),
                after,
                troubled=True,
            )
        code = min(read["code"], answer.status, key=_rank)
        return Reading(code, redact(_message(read), secret), read.get("data"), read.get("meta"))
    if _is_passing(answer.status):
        return _wait(answer.status, "", answer, now)
    if answer.status == 413:
        return Refused(
            msg("HrFlow says this file is too large (413). Save a smaller version of it.")
        )
    return Wait(
        msg("The answer did not come from HrFlow, but probably from a Wi-Fi or proxy login page."),
        offline=True,
    )


def _rank(code: int) -> int:
    """Return a rank: the higher, the more would be lost if the code were wrongly believed.

    The codes in JSON and HTTP may differ: the one with the lower rank counts, which at best leaves
    open whether the file arrived.
    """
    if code in _LATER:
        return 1
    if _is_passing(code):
        return 0
    if code in _HOLDING:
        return 2
    return 4 if _is_success(code) else 3


def _is_code(value: object) -> bool:
    """Return whether it is one of HrFlow's codes, like HTTP's; other JSON may have "code" too."""
    return type(value) is int and (_is_success(value) or 400 <= value < 600)


def _message(read: dict[str, Any]) -> str:
    texts = [read.get("message")]
    if not _is_success(read["code"]):
        texts += [read.get(name) for name in _DETAILS]
    return ": ".join(
        text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
        for text in texts
        if text
    )


def _is_success(code: int) -> bool:
    return 200 <= code < 300


def _is_passing(code: int) -> bool:
    return code == 408 or code in _LATER or 500 <= code < 600


def _wait(code: int, message: str, answer: Answer, now: float) -> Wait:
    return Wait(
        msg("HrFlow answered {code}: {reason}.", code=code, reason=quote(message))
        if message
        else msg("The server answered with error {code}.", code=code),
        retry_after=retry_after(answer.headers, now),
        slow_down=code in _LATER,
        troubled=_is_passing(code) and code not in _LATER,
    )


def _holding_words(code: int, message: str) -> Message:
    if code in _ADDRESS:
        return msg(
            "The API address (api_url) is not HrFlow's ({code}): {reason}.",
            code=code,
            reason=quote(message),
        )
    return msg(
        "HrFlow rejected the API key or email ({code}): {reason}.",
        code=code,
        reason=quote(message),
    )


def _source_words(code: int, message: str) -> Message:
    if code in (401, 403):
        return msg("This API key has no access to the source: {reason}.", reason=quote(message))
    return msg("HrFlow has no such source: {reason}.", reason=quote(message))


def _success(data: object, message: str) -> Outcome:
    profile = profile_of(read_table(data).get("profile"))
    return Parsed(profile, verbatim(message)) if profile.key else Accepted(verbatim(message))


def profile_of(data: object) -> Profile:
    """Return the profile in a 201's ``data.profile``, or a look-up's ``data``; key "" for none.

    A look-up names people in ``persons[].full_name`` and addresses in ``emails``, a profile in
    ``info``.
    """
    table = read_table(data)
    info = read_table(table.get("info"))
    return Profile(
        read_text(table.get("key")),
        read_text(info.get("full_name")) or _first(table.get("persons"), "full_name"),
        read_text(info.get("email")) or _first(table.get("emails"), "email"),
        _number(table.get("processed_pages")),
        _number(table.get("total_pages")),
    )


def _first(items: object, name: str) -> str:
    first = next(iter(read_list(items)), None)
    return read_text(first.get(name) if isinstance(first, dict) else first)


def names_source(code: int, message: str) -> bool:
    """Return whether an answer is about its source: it does not exist, or the key may not use it.

    A 401 that does not mention the secret key is not about the key, however it is worded.
    """
    if _NAMES_SOURCE.search(message) and not _USED_REFERENCE.search(message):
        return True
    lower = message.lower()
    return code in (401, 403) and "source" in lower and "secret key" not in lower


def read_table(value: object) -> dict[str, Any]:
    """Return an object of JSON; {} for anything else."""
    return value if isinstance(value, dict) else {}


def read_list(value: object) -> list[Any]:
    """Return an array of JSON; [] for anything else."""
    return value if isinstance(value, list) else []


def read_text(value: object) -> str:
    """Return a text that can be stored and shown on one line; "" for anything else."""
    return _CONTROL.sub(" ", value).strip() if isinstance(value, str) else ""


def read_moment(value: object) -> float:
    """Return seconds since 1970 of a number, or of ISO 8601 text (UTC if it has no zone); or 0."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        moment = datetime.fromisoformat(str(value))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


def _number(value: object) -> int:
    """Return a positive number, which may be written as text; 0 for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    return value if type(value) is int and value > 0 else 0


#: Entries on a page of any list; HrFlow refuses requests for more.
PAGE_LIMIT: Final = 30


def read_flag(value: object) -> bool | None:
    """Return a flag as HrFlow writes it, ``true`` or ``1``; None for anything else."""
    if value in ("0", "1"):
        return value == "1"
    return bool(value) if type(value) in (bool, int) and value in (0, 1) else None


def page_count(meta: Any, page: int, listed: int) -> int:
    """Return how many pages a list has, according to page ``page`` with ``listed`` entries.

    If that does not say, a full page is followed by another one.
    """
    facts = read_table(meta)
    if type(facts.get("maxPage")) is int:
        return int(facts["maxPage"])
    if type(facts.get("total")) is int:
        return -(-int(facts["total"]) // PAGE_LIMIT)
    return page + (listed >= PAGE_LIMIT)


def source_facts(answer: Answer, now: float, *, secret: str = "") -> SourceAnswer:
    """Return what the answer to ``GET /source`` means."""
    read = read_answer(answer, now, secret=secret)
    if isinstance(read, Wait):
        return read
    if read.code in (401, 403):
        # This may concern only this source: the key may have access to others.
        return Unreadable(verbatim(read.message), source=True)
    if _is_success(read.code) and isinstance(read.data, dict):
        return SourceFacts(
            read_text(read.data.get("name")), read_flag(read.data.get("sync_parsing"))
        )
    return _unusable(read, answer, now)


def profile_page(answer: Answer, now: float, *, secret: str = "", page: int = 1) -> PageAnswer:
    """Return page ``page`` of a list of profiles, from the answer to a request for it."""
    read = read_answer(answer, now, secret=secret)
    if isinstance(read, Wait):
        return read
    if read.code in (401, 403):
        return Unreadable(verbatim(read.message), source=names_source(read.code, read.message))
    if not _is_success(read.code):
        return _unusable(read, answer, now)
    data = read_list(read_table(read.data).get("profiles", read.data))
    found = [_listed(each) for each in data]
    pages = page_count(read.meta, page, len(data))
    return ProfilePage(tuple(each for each in found if each is not None), pages)


def _unusable(read: Reading, answer: Answer, now: float) -> Wait | Unknown:
    """Return what an answer without the expected data means."""
    if _is_passing(read.code):
        return _wait(read.code, read.message, answer, now)
    return Unknown()


def _listed(data: Any) -> ListedProfile | None:
    profile = profile_of(data)
    if not profile.key:
        return None
    document = _document(data.get("attachments"))
    return ListedProfile(
        profile,
        reference=_plain_text(data.get("reference")),
        file_name=_plain_text(document.get("original_file_name"))
        or _plain_text(document.get("file_name")),
        size=_number(document.get("file_size")),
        created_at=read_moment(data.get("created_at")),
        came_at=read_moment(document.get("created_at")) or read_moment(data.get("updated_at")),
    )


def _document(attachments: Any) -> dict[str, Any]:
    """Return the attachment that is the CV itself, {} if there is none."""
    tables = [each for each in read_list(attachments) if isinstance(each, dict)]
    original = [each for each in tables if each.get("type") in ("resume", "original")]
    return (original or tables or [{}])[0]


def _plain_text(value: object) -> str:
    return value if isinstance(value, str) else ""
