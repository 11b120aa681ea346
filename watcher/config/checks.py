"""What a type cannot say about settings: addresses, patterns, placeholders, labels, commands.

Each ``check_`` gets the values that one table sets, and yields what makes no sense among them.
"""

from __future__ import annotations

import ipaddress
import itertools
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

from watcher.config.mistakes import did_you_mean, nearest, shown, unfillable
from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.entries import PROFILE_KEY
from watcher.model.settings import (
    DEFAULT_ACCEPT,
    HOOK_VALUES,
    PROXY_SCHEMES,
    Folder,
    Hooks,
    Settings,
    Webhook,
    read_hours,
)
from watcher.routing.patterns import (
    BUILT_IN,
    Pattern,
    PatternError,
    compile_pattern,
    fill,
    names_in,
)
from watcher.routing.rules import LABEL_STAGES, REFERENCE_LENGTH
from watcher.system import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from watcher.config.mistakes import KeyPath
    from watcher.i18n.message import Text
    from watcher.model.settings import Label

    Values = Mapping[str, Any]
    Check = Callable[[Values], Iterator["Problem"]]

#: What the example writes where a source key belongs.
PLACEHOLDER_KEY: Final = "PUT-YOUR-SOURCE-KEY-HERE"
#: Stands for the types of DEFAULT_ACCEPT in a folder's ``accept``.
DEFAULT: Final = "default"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\Z")
_HOST_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\Z")
#: An address may name several hosts, or none for a socket of this machine.
_LEDGER = re.compile(r"postgres(ql)?://[^/\s]*/[^/\s?]+(\?\S*)?\Z")
_LEDGER_PASSWORD = re.compile(r"://[^/@]*:[^/@]*@|[?&](ssl)?password=")
#: A glob without its sets of characters, as fnmatch reads them.
_CHARACTER_SET = re.compile(r"\[!?+\]?+[^\]]*\]")
#: Some of what source keys may be made of, and their least length; the API promises no form.
_SOURCE_KEY = re.compile(r"[0-9A-Za-z._:-]{16,}\Z")
#: What may stand before the "/", from the registry of media types (IANA).
_MAIN_TYPES: Final = ("application", "audio", "font", "image", "message", "model", "text", "video")
_CONDITIONS: Final = ("match", "media_types", "min_size", "max_size", "ignore")
#: Windows hands these to its command interpreter, which takes parts of a file's name for orders.
_BATCH: Final = (".bat", ".cmd")


class Problem(NamedTuple):
    """What is wrong, or perhaps not meant, and where: the key's path in its table."""

    key_path: KeyPath
    said: Message
    is_warning: bool = False


# -- accounts, notifications, what follows an upload


def check_values(values: Values) -> Iterator[Problem]:
    """Yield what is wrong with single values, or with elements of lists, of any table."""
    for key in values.keys() & _WRONG.keys():
        value = values[key]
        each_alone: list[tuple[KeyPath, object]] = [((key,), value)]
        if isinstance(value, tuple):
            each_alone = [((key, number), each) for number, each in enumerate(value)]
        for key_path, text in each_alone:
            if isinstance(text, str) and (said := _WRONG[key](text)):
                yield Problem(key_path, said)


def check_webhook(values: Values) -> Iterator[Problem]:
    """Yield a warning if other machines can reach it."""
    host = values.get("host", "127.0.0.1")
    if values.get("enabled") and not is_loopback(host):
        said = msg(
            "{item} can be reached from other computers: only signed events are accepted, but"
            " put an HTTPS proxy in front of it",
            item=shown(host),
        )
        yield Problem(("host",), said, is_warning=True)


def check_hooks(values: Values) -> Iterator[Problem]:
    """Yield what makes no sense in commands."""
    for key in Hooks().commands:
        for number, argument in enumerate(values.get(key, ())):
            if number == 0 and (said := _wrong_program(argument)):
                yield Problem((key, number), said)
            for name in names_in(argument):
                if name not in HOOK_VALUES:
                    yield Problem((key, number), _about(argument, unfillable(name, HOOK_VALUES)))


def is_sent(webhook: Webhook, folders: Sequence[Folder]) -> bool:
    """Whether no webhook is waited for, or some folder asks HrFlow to send it."""
    wanted = [folder.webhook_parsing_sending for folder in folders]
    wanted += [rule.webhook_parsing_sending is True for each in folders for rule in each.rules]
    return not webhook.enabled or not folders or any(wanted)


def _wrong_program(program: str) -> Message:
    if not program.strip() or names_in(program):
        return msg("must begin with the name or path of the program to run, not with a placeholder")
    if program.lower().endswith(_BATCH):
        said = msg("batch files are run by a shell, which could execute parts of a file's name")
        return msg("{why}; specify a program instead", why=said)
    return NOTHING


def _wrong_email(text: str) -> Message:
    valid = _EMAIL.match(text)
    return NOTHING if valid else msg("{item} is not a valid email address", item=shown(text))


def _wrong_hours(text: str) -> Message:
    try:
        read_hours(text)
    except ValueError:
        return msg(
            '{item} is not a valid time range; write two times like "18:00-08:00"', item=shown(text)
        )
    return NOTHING


def _wrong_host(text: str) -> Message:
    if is_host(text):
        return NOTHING
    return msg(
        '{item} is not a valid host; write one like "127.0.0.1" or "0.0.0.0"', item=shown(text)
    )


def _wrong_ledger(text: str) -> Message:
    if not text:
        return NOTHING
    if _LEDGER_PASSWORD.search(text):
        return msg("must not contain a password; store it with: {hrflow_watcher} login --ledger")
    if not _LEDGER.match(text):
        return msg(
            "{item} is not the address of a PostgreSQL database, like"
            " postgresql://hrflow@db.example.org/hrflow",
            item=shown(text),
        )
    return NOTHING


def is_host(text: str) -> bool:
    """Whether it is an address or a name that can be listened on."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        only_digits = text.replace(".", "").isdigit()  # an address with a slip
        return bool(_HOST_NAME.match(text)) and not only_digits
    return True


def _split(text: str) -> SplitResult | None:
    """Return the parts of an address; None if it is none that can be used."""
    try:
        url = urlsplit(text)
        return url if url.hostname and url.port != 0 and not re.search(r"\s", text) else None
    except ValueError:
        return None


def _wrong_api_url(text: str) -> Message:
    url = _split(text)
    if url is None or url.scheme not in ("http", "https"):
        return msg(
            "{item} is not a valid address; write one like https://api.hrflow.ai/v1",
            item=shown(text),
        )
    if url.username is not None:
        return msg("must not contain a user name or password")
    if url.query or url.fragment:
        return msg(
            '{item} must not contain "?" or "#"; remove it and everything after it',
            item=shown(text),
        )
    if url.scheme == "http" and not is_loopback(url.hostname or ""):
        return msg("must begin with https://, because the API key is sent there")
    return NOTHING


def _wrong_profile_url(text: str) -> Message:
    if not text:
        return NOTHING
    url = _split(text.replace(PROFILE_KEY, "key"))
    if url is None or url.scheme not in ("http", "https") or re.search(r"[{}]", url.geturl()):
        return msg(
            "{item} is not an address like https://example.com/profiles/{place}",
            item=shown(text),
            place=PROFILE_KEY,
        )
    if url.username is not None:
        return msg("must not contain a user name or password")
    if PROFILE_KEY not in text.partition("://")[2].partition("/")[2]:
        return msg(
            "{item} must contain {place} after the host; the profile's key goes there",
            item=shown(text),
            place=PROFILE_KEY,
        )
    return NOTHING


def _wrong_proxy(text: str) -> Message:
    if text in ("system", "none"):
        return NOTHING
    if "@" in text:
        return msg(
            "must not contain a user name or password; set those in the system's proxy settings"
        )
    url = _split(text)
    if url is None or url.scheme not in PROXY_SCHEMES:
        return msg(
            'must be "system", "none" or an address like http://proxy.example.com:8080{hint}',
            hint=nearest(text, ("system", "none")),
        )
    return NOTHING


# -- folders and rules


def check_folder(values: Values) -> Iterator[Problem]:
    """Yield what makes no sense among the values of a folder, or of the defaults."""
    if values.get("accept") == ():
        yield Problem(("accept",), msg("is empty, so no file would ever be uploaded"))
    yield from _check_contents(values, None)


def check_rule(values: Values, *, has_match: bool) -> Iterator[Problem]:
    """Yield what makes no sense among the values of a rule.

    ``has_match``: it has a pattern, which is not among the values if it is wrong.
    """
    pattern = None
    if "match" in values:
        try:
            pattern = compile_pattern(values["match"])
        except PatternError as error:
            yield Problem(("match",), _about(values["match"], error.message))
    for capture in sorted(set(pattern.names if pattern else ()) & set(BUILT_IN)):
        item = f"{{{capture}}}"
        said = msg("{item} is already a placeholder of the program; choose another name", item=item)
        yield Problem(("match",), said)
    if 0 < values.get("max_size", 0) < values.get("min_size", 0):
        yield Problem(("min_size",), msg("is larger than max_size"))
    effects = [name for name in values if name not in _CONDITIONS]
    if values.get("ignore") and effects:
        said = msg(
            "a rule with ignore = true can't set anything else: {names}", names=tuple(effects)
        )
        yield Problem(("ignore",), said)
    if pattern is not None or not has_match:  # else what can be filled is not known
        yield from _check_contents(values, pattern)


def with_default(types: Sequence[str]) -> tuple[str, ...]:
    """Return ``types`` with the default ones in the place of the word for them, each once."""
    written = ((each,) if each != DEFAULT else DEFAULT_ACCEPT for each in types)
    return tuple(dict.fromkeys(itertools.chain.from_iterable(written)))


def _wrong_media_type(media_type: str) -> Message:
    if media_type in DEFAULT_ACCEPT:
        return NOTHING
    from watcher.sniff.formats import EXTENSIONS, can_detect  # noqa: PLC0415 - few need them

    main, _, sub = media_type.partition("/")
    if can_detect(media_type) or (sub == "*" and main in _MAIN_TYPES):
        return NOTHING
    extension = f".{(sub or main).strip('.').lower()}"
    if extension in EXTENSIONS:
        hint = did_you_mean(EXTENSIONS[extension])
    else:
        hint = nearest(media_type, (*DEFAULT_ACCEPT, *(f"{each}/*" for each in _MAIN_TYPES)))
    return msg("{item} is not a known media type{hint}", item=shown(media_type), hint=hint)


def _wrong_ignore(pattern: str) -> Message:
    if not pattern.strip("/ "):
        return msg("is empty; write a name like *draft*, or a path like private/**")
    if "/" in pattern:
        try:
            compile_pattern(pattern.strip("/"))
        except PatternError as error:
            return _about(pattern.strip("/"), error.message)
    elif "[" in _CHARACTER_SET.sub("", pattern):
        return _about(pattern, msg('the bracket is never closed; write "[[]" for a literal "["'))
    return NOTHING


def _about(text: str, why: Text) -> Message:
    """Return what is wrong with a text, behind the text itself."""
    return msg("{item}: {why}", item=shown(text), why=why)


# -- what may hold placeholders


def _check_contents(values: Values, pattern: Pattern | None) -> Iterator[Problem]:
    """Check all that may hold placeholders; ``pattern`` is the rule's."""
    known = (*(pattern.names if pattern else ()), *BUILT_IN)
    is_fillable = True
    for key_path, template in _templates(values):
        for name in names_in(template):
            if name not in known:
                is_fillable = False
                yield Problem(key_path, _about(template, unfillable(name, known)))
    if "source_key" in values:
        yield from _check_source(values["source_key"])
    if is_fillable and "reference" in values:
        yield from _check_reference(values["reference"])
    for number, label in enumerate(values.get("labels") or ()):
        if said := _wrong_stage(label, pattern):
            yield Problem(("labels", number, "stage"), said)


def _templates(values: Values) -> Iterator[tuple[KeyPath, str]]:
    for key in ("source_key", "reference"):
        if key in values:
            yield (key,), values[key]
    for key in ("tags", "metadatas"):
        for item in values.get(key, ()):
            yield (key, item.name), item.name
            if isinstance(item.value, str):
                yield (key, item.name), item.value
    for number, label in enumerate(values.get("labels") or ()):
        for key in ("job_key", "job_reference", "stage"):
            if (text := getattr(label, key)) is not None:
                yield ("labels", number, key), text


def _check_source(source_key: str) -> Iterator[Problem]:
    if not source_key.strip():
        yield Problem(("source_key",), msg("is empty; copy the source's key from HrFlow"))
    elif source_key == PLACEHOLDER_KEY:
        said = msg(
            "is still the one from the example; replace it with your source's key from HrFlow"
        )
        yield Problem(("source_key",), said)
    elif not names_in(source_key) and not _SOURCE_KEY.match(source_key):
        said = msg(
            "{item} doesn't look like a source key, which has 40 characters: digits and"
            " letters from a to f",
            item=shown(source_key),
        )
        yield Problem(("source_key",), said, is_warning=True)


def _check_reference(template: str) -> Iterator[Problem]:
    names = names_in(template)
    shortest = fill(template, {**dict.fromkeys(names, ""), "sha256": "0" * 64})
    if not template.strip():
        yield Problem(("reference",), msg("is empty; the default is {item}", item="{sha256}"))
    elif len(shortest) > REFERENCE_LENGTH:
        said = msg(
            "is too long; a reference can have {number} characters at most", number=REFERENCE_LENGTH
        )
        yield Problem(("reference",), said)
    elif "sha256" not in names:
        said = msg(
            "without {item}, two files may get the same reference, and HrFlow rejects the second",
            item="{sha256}",
        )
        yield Problem(("reference",), said, is_warning=True)


def _wrong_stage(label: Label, pattern: Pattern | None) -> Message:
    """Return why a label's stage, or one that its placeholder may hold, is none."""
    stages = [] if label.stage is None else [label.stage]
    if stages and (names := names_in(stages[0])):
        is_whole = stages[0] == f"{{{names[0]}}}"
        stages = [*pattern.choices.get(names[0], ())] if pattern and is_whole else []
    for stage in stages:
        if stage.lower() not in LABEL_STAGES:
            return msg(
                "the stage {item} is not one of {names}{hint}",
                item=shown(stage),
                names=tuple(LABEL_STAGES),
                hint=nearest(stage, LABEL_STAGES),
            )
    return NOTHING


#: What is wrong with a value that is set for a key, or with an element of one.
_WRONG: Final[Mapping[str, Callable[[str], Message]]] = MappingProxyType(
    {
        "email": _wrong_email,
        "api_url": _wrong_api_url,
        "profile_url": _wrong_profile_url,
        "proxy": _wrong_proxy,
        "quiet_hours": _wrong_hours,
        "host": _wrong_host,
        "url": _wrong_ledger,
        "accept": lambda text: NOTHING if text == DEFAULT else _wrong_media_type(text),
        "media_types": _wrong_media_type,
        "ignore": _wrong_ignore,
    }
)
#: The check of all values of a table; of rules, values are not enough.
CHECKS: Final[Mapping[type[Settings], Check]] = MappingProxyType(
    {Webhook: check_webhook, Hooks: check_hooks, Folder: check_folder}
)
