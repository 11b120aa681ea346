"""What a type cannot say about settings: addresses, patterns, placeholders, labels, commands.

Each check gets the values that one table sets, and that table, so that a mistake is said where it
was written.
"""

from __future__ import annotations

import difflib
import ipaddress
import itertools
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

from watcher.config.mistakes import (
    did_you_mean,
    looks_like_digits_of_a_key,
    nearest,
    shown,
    unfillable,
)
from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.settings import DEFAULT_ACCEPT, PROXY_SCHEMES
from watcher.pipeline.follow_up import HOOK_VALUES
from watcher.present.notifications import read_hours
from watcher.routing.patterns import Pattern, PatternError, compile_pattern
from watcher.routing.placeholders import BUILT_IN, fill, names_in
from watcher.routing.rules import REFERENCE_LENGTH, STAGES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from watcher.config.lines import Way
    from watcher.config.mistakes import Mistakes
    from watcher.config.nodes import Spot, Table
    from watcher.i18n.message import Text
    from watcher.model.settings import Folder, Label

    Values = Mapping[str, Any]

#: What the example writes where a source key belongs.
PLACEHOLDER_KEY: Final = "PUT-YOUR-SOURCE-KEY-HERE"
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\Z")
_HOST_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\Z")
#: A glob without its sets of characters, as fnmatch reads them.
_CHARACTER_SET = re.compile(r"\[!?+\]?+[^\]]*\]")
#: Some of what source keys may be made of, and their least length; the API promises no form.
_SOURCE_KEY = re.compile(r"[0-9A-Za-z._:-]{16,}\Z")
_MEDIA_TYPE = re.compile(r"[a-z]+/(\*|[a-z0-9][a-z0-9.+_-]*)\Z")
#: What may stand before the "/", from the registry of media types (IANA).
_MAIN_TYPES: Final = ("application", "audio", "font", "image", "message", "model", "text", "video")
#: Stands for the types of DEFAULT_ACCEPT in a folder's ``accept``.
DEFAULT: Final = "default"
_ODD_DIGITS: Final = msg(
    "has the form of an API key's 32 digits; if it is one, take it out of this"
    " file and make a new key"
)
_CONDITIONS: Final = ("match", "media_types", "min_size", "max_size", "ignore")
#: Stands in for a fingerprint where a reference's length is reckoned.
_FINGERPRINT: Final = "0" * 64
#: Windows hands these to its command interpreter, which takes parts of a file's name for orders.
_BATCH: Final = (".bat", ".cmd")


# -- accounts, messages, what follows an upload


def check_account(values: Values, table: Table, mistakes: Mistakes) -> None:
    """Note what makes no sense among the values of an account."""
    for name, problem in find_account_problems(values):
        mistakes.add(table.at(name), problem)


def find_account_problems(values: Values) -> Iterator[tuple[str, Message]]:
    """(key, what is wrong with it)."""
    if "email" in values and not _EMAIL.match(values["email"]):
        yield "email", msg("{item} is no email address", item=shown(values["email"]))
    if "api_url" in values and (problem := _wrong_api_url(values["api_url"])):
        yield "api_url", problem
    if "proxy" in values and (problem := _wrong_proxy(values["proxy"])):
        yield "proxy", problem


def check_notifications(values: Values, table: Table, mistakes: Mistakes) -> None:
    """Note what makes no sense among the values of the messages on the desktop."""
    hours = values.get("quiet_hours", "")
    try:
        read_hours(hours)
    except ValueError:
        said = msg(
            '{item} are no two times of the day; write them like "18:00-08:00"', item=shown(hours)
        )
        mistakes.add(table.at("quiet_hours"), said)


def check_webhook(values: Values, table: Table, mistakes: Mistakes) -> None:
    """Note what makes no sense among the values of ``[webhook]``."""
    host = values.get("host", "127.0.0.1")
    if not is_host(host):
        said = msg('{item} is no address like "127.0.0.1" or "0.0.0.0"', item=shown(host))
        mistakes.add(table.at("host"), said)
    elif values.get("enabled") and not is_loopback(host):
        said = msg(
            "{item} can be reached from other machines; only signed events get through,"
            " but put something that speaks https in front of it",
            item=shown(host),
        )
        mistakes.warn(table.at("host"), said)


def check_sending(
    values: Values, spot: Spot, folders: Sequence[Folder], mistakes: Mistakes
) -> None:
    """Say so where a webhook is waited for that no folder asks HrFlow to send."""
    wanted = [folder.webhook_parsing_sending for folder in folders]
    wanted += [rule.webhook_parsing_sending is True for each in folders for rule in each.rules]
    if values.get("enabled") and folders and not any(wanted):
        said = msg(
            "no folder asks HrFlow to send it: set webhook_parsing_sending = true in [defaults]"
        )
        mistakes.warn(spot, said)


def check_hooks(values: Values, table: Table, mistakes: Mistakes) -> None:
    """Note what makes no sense among the values of ``[hooks]``."""
    for key in ("parsed", "refused"):
        command = values.get(key, ())
        if command and (problem := _wrong_program(command[0])):
            mistakes.add(table.at(key, 0), problem)
        for number, argument in enumerate(command):
            for name in names_in(argument):
                if name not in HOOK_VALUES:
                    said = _about(argument, unfillable(name, HOOK_VALUES))
                    mistakes.add(table.at(key, number), said)


def _about(text: str, why: Text) -> Message:
    """What is wrong with a text, behind the text itself."""
    return msg("{item}: {why}", item=shown(text), why=why)


def _wrong_program(program: str) -> Message:
    if not program.strip() or names_in(program):
        return msg("begins with the program to run, which is its name or path and no placeholder")
    if program.lower().endswith(_BATCH):
        said = msg(
            "a batch file is run by a shell, which would take parts of a file's name for orders"
        )
        return msg("{why}; name a program", why=said)
    return NOTHING


def is_host(text: str) -> bool:
    """Whether it is an address or a name that can be listened on."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        only_digits = text.replace(".", "").isdigit()  # an address with a slip
        return bool(_HOST_NAME.match(text)) and not only_digits
    return True


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _split(text: str) -> SplitResult | None:
    """The parts of an address; None if it is none, or holds what an address here must not."""
    try:
        url = urlsplit(text)
        usable = url.hostname and url.port != 0 and not re.search(r"\s", text)
    except ValueError:
        return None
    return url if usable else None


def _wrong_api_url(text: str) -> Message:
    url = _split(text)
    if url is None or url.scheme not in ("http", "https"):
        return msg("{item} is no address like https://api.hrflow.ai/v1", item=shown(text))
    if url.username is not None:
        return msg("must not hold a user or a password")
    if url.query or url.fragment:
        return msg('{item} goes on after its path; end it before "?" and "#"', item=shown(text))
    if url.scheme == "http" and url.hostname not in _LOOPBACK:
        return msg("must begin with https://, as the API key travels there")
    return NOTHING


def _wrong_proxy(text: str) -> Message:
    if text in ("system", "none"):
        return NOTHING
    if "@" in text:
        return msg("must not hold a user or a password: leave it to the system's settings")
    url = _split(text)
    if url is None or url.scheme not in PROXY_SCHEMES:
        hint = nearest(text, ("system", "none"))
        return msg(
            'must be "system", "none" or an address like http://proxy.example.com:8080{hint}',
            hint=hint,
        )
    return NOTHING


# -- folders and rules


def check_folder(values: Values, table: Table, mistakes: Mistakes) -> None:
    """Note what makes no sense among the values of a folder, or of the defaults."""
    _check_media_types(values.get("accept", ()), table, "accept", mistakes)
    if values.get("accept") == ():
        mistakes.add(table.at("accept"), msg("is empty, so nothing would ever be sent"))
    for number, pattern in enumerate(values.get("ignore", ())):
        _check_ignore(pattern, mistakes, table.at("ignore", number))
    _check_contents(values, None, table, mistakes)


def check_rule(values: Values, table: Table, mistakes: Mistakes) -> None:
    """Note what makes no sense among the values of a rule."""
    pattern = None
    if "match" in values:
        pattern = _compile(values["match"], mistakes, table.at("match"))
    for capture in sorted(set(pattern.names if pattern else ()) & set(BUILT_IN)):
        item = f"{{{capture}}}"
        said = msg("{item} has a meaning already; name it otherwise", item=item)
        mistakes.add(table.at("match"), said)
    _check_media_types(values.get("media_types", ()), table, "media_types", mistakes)
    if 0 < values.get("max_size", 0) < values.get("min_size", 0):
        mistakes.add(table.at("min_size"), msg("is larger than max_size"))
    effects = [name for name in values if name not in _CONDITIONS]
    if values.get("ignore") and effects:
        said = msg("a rule that ignores cannot set anything as well: {names}", names=tuple(effects))
        mistakes.add(table.at("ignore"), said)
    if pattern is not None or "match" not in table:  # else what can be filled is not known
        _check_contents(values, pattern, table, mistakes)


def _check_ignore(pattern: str, mistakes: Mistakes, spot: Spot) -> None:
    if not pattern.strip("/ "):
        mistakes.add(spot, msg("is empty; write a name like *draft*, or a path like private/**"))
    elif "/" in pattern:
        _compile(pattern.strip("/"), mistakes, spot)
    elif "[" in _CHARACTER_SET.sub("", pattern):
        said = msg('the bracket has no partner; write "[[]" to mean itself')
        mistakes.add(spot, _about(pattern, said))


def _compile(text: str, mistakes: Mistakes, spot: Spot) -> Pattern | None:
    try:
        return compile_pattern(text)
    except PatternError as error:
        mistakes.add(spot, _about(text, error.said))
        return None


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
        _check_source(values["source_key"], mistakes, table.at("source_key"))
    for key in ("tags", "metadatas"):
        for item in values.get(key, ()):
            if isinstance(item.value, str) and looks_like_digits_of_a_key(item.value):
                mistakes.warn(table.at(key, item.name), _ODD_DIGITS)
    if is_fillable and "reference" in values:
        _check_reference(values["reference"], mistakes, table.at("reference"))
    for number, label in enumerate(values.get("labels") or ()):
        _check_label(label, pattern, mistakes, table.at("labels", number, "stage"))


def _templates(values: Values) -> Iterator[tuple[Way, str]]:
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


def _check_source(source_key: str, mistakes: Mistakes, spot: Spot) -> None:
    if not source_key.strip():
        mistakes.add(spot, msg("is empty; copy the key of the source from HrFlow"))
    elif source_key == PLACEHOLDER_KEY:
        mistakes.add(
            spot, msg("is still the example's; put the key of your source from HrFlow there")
        )
    elif looks_like_digits_of_a_key(source_key):
        mistakes.warn(spot, _ODD_DIGITS)
    elif not names_in(source_key) and not _SOURCE_KEY.match(source_key):
        mistakes.warn(
            spot,
            msg(
                "{item} is no usual source key; those of HrFlow have 40 digits and letters a to f",
                item=shown(source_key),
            ),
        )


def _check_reference(template: str, mistakes: Mistakes, spot: Spot) -> None:
    names = names_in(template)
    shortest = fill(template, {**dict.fromkeys(names, ""), "sha256": _FINGERPRINT})
    if not template.strip():
        mistakes.add(spot, msg("is empty; {item} is the usual one", item="{sha256}"))
    elif len(shortest) > REFERENCE_LENGTH:
        said = msg(
            "is longer than the {number} characters a reference may have", number=REFERENCE_LENGTH
        )
        mistakes.add(spot, said)
    elif "sha256" not in names:
        said = msg(
            "without {item} two files may get the same reference, and the second is refused",
            item="{sha256}",
        )
        mistakes.warn(spot, said)


def _check_label(label: Label, pattern: Pattern | None, mistakes: Mistakes, spot: Spot) -> None:
    stages: tuple[str, ...] = () if label.stage is None else (label.stage,)
    if stages and (names := names_in(stages[0])):
        choices = pattern.choices if pattern else {}
        stages = choices.get(names[0], ()) if stages[0] == f"{{{names[0]}}}" else ()
    for stage in stages:
        if stage.lower() not in STAGES:
            said = msg(
                "the stage {item} is not one of {names}{hint}",
                item=shown(stage),
                names=tuple(STAGES),
                hint=nearest(stage, STAGES),
            )
            mistakes.add(spot, said)


# -- media types


def with_default(types: Sequence[str]) -> tuple[str, ...]:
    """``types`` with the default ones in the place of the word for them, each once."""
    written = ((each,) if each != DEFAULT else DEFAULT_ACCEPT for each in types)
    return tuple(dict.fromkeys(itertools.chain.from_iterable(written)))


def _check_media_types(types: Sequence[str], table: Table, key: str, mistakes: Mistakes) -> None:
    """Note the types that are misspelled, and warn of those that no file is found to be."""
    known = (*DEFAULT_ACCEPT, DEFAULT) if key == "accept" else DEFAULT_ACCEPT
    for number, media_type in enumerate(types):
        if media_type not in known:
            _check_media_type(media_type, mistakes, table.at(key, number))


def _check_media_type(media_type: str, mistakes: Mistakes, spot: Spot) -> None:
    from watcher.sniff.formats import can_detect  # noqa: PLC0415 - most name the usual types

    main, _, sub = media_type.partition("/")
    if can_detect(media_type) or (sub == "*" and main in _MAIN_TYPES):
        return
    meant = _find_meant(media_type)
    hint = did_you_mean(meant) if meant else NOTHING
    if not _MEDIA_TYPE.match(media_type):
        said = msg(
            '{item} is no media type like "application/pdf"{hint}',
            item=shown(media_type),
            hint=hint or nearest(media_type, DEFAULT_ACCEPT),
        )
        mistakes.add(spot, said)
    elif meant or main not in _MAIN_TYPES:
        said = msg("{item} is no known media type{hint}", item=shown(media_type), hint=hint)
        mistakes.add(spot, said)
    else:
        said = msg("{item} is a type that this program finds in no file", item=shown(media_type))
        mistakes.warn(spot, said)


def _find_meant(media_type: str) -> str:
    """The type that a misspelled one, another name or a file's extension stands for, or ""."""
    from watcher.sniff.formats import EXTENSIONS  # noqa: PLC0415

    main, slash, sub = media_type.lower().partition("/")
    if sub == "*":
        return next((f"{each}/*" for each in _MAIN_TYPES if _is_slip(main, each)), "")
    word = (sub if slash else main).strip(".").removeprefix("x-")
    known = (*DEFAULT_ACCEPT, *EXTENSIONS.values())
    same = [each for each in known if each.partition("/")[2].lower() == word]
    if same or f".{word}" in EXTENSIONS:
        return same[0] if same else EXTENSIONS[f".{word}"]
    return _first_slip(main, word, known) if slash else ""


def _first_slip(main: str, sub: str, known: Collection[str]) -> str:
    parted = ((each, *each.lower().split("/")) for each in known)
    fits = (
        each
        for each, its_main, its_sub in parted
        if _is_slip(sub, its_sub) and (main == its_main or _is_slip(main, its_main))
    )
    return next(fits, "")


def _is_slip(word: str, meant: str) -> bool:
    """Whether they differ by one character, or by two that changed places."""
    longest = max(len(word), len(meant))
    ratio = difflib.SequenceMatcher(None, word, meant).ratio()
    return word != meant and longest > 2 and ratio * longest >= longest - 1 - 1e-6
