"""What a type cannot say about settings: addresses, patterns, placeholders, labels, commands.

Each ``check_`` gets the values that one table sets, and that table, so that a mistake is told where
it was written. Each ``_wrong_`` returns what is wrong with one value, nothing if it is right.
"""

from __future__ import annotations

import ipaddress
import itertools
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

from watcher.config.mistakes import did_you_mean, nearest, shown, unfillable
from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.records import PROFILE_KEY
from watcher.model.settings import DEFAULT_ACCEPT, HOOK_VALUES, PROXY_SCHEMES
from watcher.present.notifications import read_hours
from watcher.routing.patterns import Pattern, PatternError, compile_pattern
from watcher.routing.placeholders import BUILT_IN, fill, names_in
from watcher.routing.rules import REFERENCE_LENGTH, STAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from watcher.config.lines import KeyPath, Location, Table
    from watcher.config.mistakes import Mistakes
    from watcher.i18n.message import Text
    from watcher.model.settings import Folder, Label, Webhook

    Values = Mapping[str, Any]

#: What the example writes where a source key belongs.
PLACEHOLDER_KEY: Final = "PUT-YOUR-SOURCE-KEY-HERE"
#: Stands for the types of DEFAULT_ACCEPT in a folder's ``accept``.
DEFAULT: Final = "default"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\Z")
_HOST_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\Z")
#: A glob without its sets of characters, as fnmatch reads them.
_CHARACTER_SET = re.compile(r"\[!?+\]?+[^\]]*\]")
#: Some of what source keys may be made of, and their least length; the API promises no form.
_SOURCE_KEY = re.compile(r"[0-9A-Za-z._:-]{16,}\Z")
#: What may stand before the "/", from the registry of media types (IANA).
_MAIN_TYPES: Final = ("application", "audio", "font", "image", "message", "model", "text", "video")
_CONDITIONS: Final = ("match", "media_types", "min_size", "max_size", "ignore")
#: Windows hands these to its command interpreter, which takes parts of a file's name for orders.
_BATCH: Final = (".bat", ".cmd")


# -- accounts, notifications, what follows an upload


def check_account(values: Values, table: Table, mistakes: Mistakes) -> None:
    """Note what makes no sense among the values of an account."""
    for name, problem in find_account_problems(values):
        mistakes.add(table.at(name), problem)


def find_account_problems(values: Values) -> Iterator[tuple[str, Message]]:
    """Yield each key that has a wrong value, and what is wrong with it."""
    if "email" in values and not _EMAIL.match(values["email"]):
        yield "email", msg("{item} is not a valid email address", item=shown(values["email"]))
    if problem := _wrong_api_url(values.get("api_url")):
        yield "api_url", problem
    if problem := _wrong_profile_url(values.get("profile_url", "")):
        yield "profile_url", problem
    if problem := _wrong_proxy(values.get("proxy", "none")):
        yield "proxy", problem


def check_notifications(values: Values, table: Table, mistakes: Mistakes) -> None:
    """Note what makes no sense among the values of ``[notifications]``."""
    hours = values.get("quiet_hours", "")
    try:
        read_hours(hours)
    except ValueError:
        said = msg(
            '{item} is not a valid time range; write two times like "18:00-08:00"',
            item=shown(hours),
        )
        mistakes.add(table.at("quiet_hours"), said)


def check_webhook(values: Values, table: Table, mistakes: Mistakes) -> None:
    """Note what makes no sense among the values of ``[webhook]``."""
    host = values.get("host", "127.0.0.1")
    if not is_host(host):
        said = msg(
            '{item} is not a valid host; write one like "127.0.0.1" or "0.0.0.0"', item=shown(host)
        )
        mistakes.add(table.at("host"), said)
    elif values.get("enabled") and not is_loopback(host):
        said = msg(
            "{item} can be reached from other machines: only signed events are accepted,"
            " but put an HTTPS proxy in front of it",
            item=shown(host),
        )
        mistakes.warn(table.at("host"), said)


def check_sending(
    webhook: Webhook, location: Location, folders: Sequence[Folder], mistakes: Mistakes
) -> None:
    """Warn where a webhook is waited for that no folder asks HrFlow to send."""
    wanted = [folder.webhook_parsing_sending for folder in folders]
    wanted += [rule.webhook_parsing_sending is True for each in folders for rule in each.rules]
    if webhook.enabled and folders and not any(wanted):
        said = msg(
            "no folder has HrFlow send webhooks; set webhook_parsing_sending = true in [defaults]"
        )
        mistakes.warn(location, said)


def check_hooks(values: Values, table: Table, mistakes: Mistakes) -> None:
    """Note what makes no sense among the values of ``[hooks]``."""
    for key in ("parsed", "refused"):
        for number, argument in enumerate(values.get(key, ())):
            if number == 0:
                mistakes.add(table.at(key, 0), _wrong_program(argument))
            for name in names_in(argument):
                if name not in HOOK_VALUES:
                    said = _about(argument, unfillable(name, HOOK_VALUES))
                    mistakes.add(table.at(key, number), said)


def _wrong_program(program: str) -> Message:
    if not program.strip() or names_in(program):
        return msg("must begin with the name or path of the program to run, not with a placeholder")
    if program.lower().endswith(_BATCH):
        said = msg("batch files are run by a shell, which could execute parts of a file's name")
        return msg("{why}; name a program instead", why=said)
    return NOTHING


def is_host(text: str) -> bool:
    """Whether it is an address or a name that can be listened on."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        only_digits = text.replace(".", "").isdigit()  # an address with a slip
        return bool(_HOST_NAME.match(text)) and not only_digits
    return True


def is_loopback(host: str | None) -> bool:
    """Whether only this machine can reach what listens there."""
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _split(text: str) -> SplitResult | None:
    """Return the parts of an address; None if it is none that can be used."""
    try:
        url = urlsplit(text)
        return url if url.hostname and url.port != 0 and not re.search(r"\s", text) else None
    except ValueError:
        return None


def _wrong_api_url(text: str | None) -> Message:
    if text is None:
        return NOTHING
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
            '{item} must end with its path; remove "?" or "#" and what follows', item=shown(text)
        )
    if url.scheme == "http" and not is_loopback(url.hostname):
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
        return msg("must not hold a user or a password")
    if PROFILE_KEY not in text.partition("://")[2].partition("/")[2]:
        return msg(
            "{item} must have {place} behind its host, where the profile's key goes",
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


def check_folder(values: Values, table: Table, mistakes: Mistakes) -> None:
    """Note what makes no sense among the values of a folder, or of the defaults."""
    if values.get("accept") == ():
        mistakes.add(table.at("accept"), msg("is empty, so no file would ever be uploaded"))
    for number, media_type in enumerate(values.get("accept", ())):
        if media_type != DEFAULT:
            mistakes.add(table.at("accept", number), _wrong_media_type(media_type))
    for number, pattern in enumerate(values.get("ignore", ())):
        mistakes.add(table.at("ignore", number), _wrong_ignore(pattern))
    _check_contents(values, None, table, mistakes)


def check_rule(values: Values, table: Table, mistakes: Mistakes) -> None:
    """Note what makes no sense among the values of a rule."""
    pattern = None
    if "match" in values:
        try:
            pattern = compile_pattern(values["match"])
        except PatternError as error:
            mistakes.add(table.at("match"), _about(values["match"], error.message))
    for capture in sorted(set(pattern.names if pattern else ()) & set(BUILT_IN)):
        item = f"{{{capture}}}"
        said = msg("{item} already has a meaning; choose another name", item=item)
        mistakes.add(table.at("match"), said)
    for number, media_type in enumerate(values.get("media_types", ())):
        mistakes.add(table.at("media_types", number), _wrong_media_type(media_type))
    if 0 < values.get("max_size", 0) < values.get("min_size", 0):
        mistakes.add(table.at("min_size"), msg("is larger than max_size"))
    effects = [name for name in values if name not in _CONDITIONS]
    if values.get("ignore") and effects:
        said = msg(
            "a rule with ignore = true can't set anything else: {names}", names=tuple(effects)
        )
        mistakes.add(table.at("ignore"), said)
    if pattern is not None or "match" not in table:  # else what can be filled is not known
        _check_contents(values, pattern, table, mistakes)


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


def _check_contents(
    values: Values, pattern: Pattern | None, table: Table, mistakes: Mistakes
) -> None:
    """Check all that may hold placeholders; ``pattern`` is the rule's."""
    known = (*(pattern.names if pattern else ()), *BUILT_IN)
    is_fillable = True
    for inner, template in _templates(values):
        for name in names_in(template):
            if name not in known:
                is_fillable = False
                mistakes.add(table.at(*inner), _about(template, unfillable(name, known)))
    if "source_key" in values:
        _check_source(values["source_key"], table.at("source_key"), mistakes)
    if is_fillable and "reference" in values:
        _check_reference(values["reference"], table.at("reference"), mistakes)
    for number, label in enumerate(values.get("labels") or ()):
        mistakes.add(table.at("labels", number, "stage"), _wrong_stage(label, pattern))


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


def _check_source(source_key: str, location: Location, mistakes: Mistakes) -> None:
    if not source_key.strip():
        mistakes.add(location, msg("is empty; copy the source's key from HrFlow"))
    elif source_key == PLACEHOLDER_KEY:
        said = msg(
            "is still the one from the example; replace it with your source's key from HrFlow"
        )
        mistakes.add(location, said)
    elif not names_in(source_key) and not _SOURCE_KEY.match(source_key):
        said = msg(
            "{item} doesn't look like a source key; HrFlow's have 40 digits and letters a to f",
            item=shown(source_key),
        )
        mistakes.warn(location, said)


def _check_reference(template: str, location: Location, mistakes: Mistakes) -> None:
    names = names_in(template)
    shortest = fill(template, {**dict.fromkeys(names, ""), "sha256": "0" * 64})
    if not template.strip():
        mistakes.add(location, msg("is empty; the default is {item}", item="{sha256}"))
    elif len(shortest) > REFERENCE_LENGTH:
        said = msg(
            "is too long; a reference can have {number} characters at most", number=REFERENCE_LENGTH
        )
        mistakes.add(location, said)
    elif "sha256" not in names:
        said = msg(
            "without {item}, two files may get the same reference, and HrFlow refuses the second",
            item="{sha256}",
        )
        mistakes.warn(location, said)


def _wrong_stage(label: Label, pattern: Pattern | None) -> Message:
    """Return why a label's stage, or one that its placeholder may hold, is none."""
    stages = [] if label.stage is None else [label.stage]
    if stages and (names := names_in(stages[0])):
        is_whole = stages[0] == f"{{{names[0]}}}"
        stages = [*pattern.choices.get(names[0], ())] if pattern and is_whole else []
    for stage in stages:
        if stage.lower() not in STAGES:
            return msg(
                "the stage {item} is not one of {names}{hint}",
                item=shown(stage),
                names=tuple(STAGES),
                hint=nearest(stage, STAGES),
            )
    return NOTHING
