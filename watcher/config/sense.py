"""What a type cannot say about settings: ranges, addresses, patterns, placeholders, labels.

Each check gets the values that one table sets, so that a mistake is said where it was written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

from watcher.config.english import msg
from watcher.config.leaks import looks_like_digits_of_a_key
from watcher.config.media_types import DEFAULT, check_media_types
from watcher.config.mistakes import nearest, shown, unfillable
from watcher.model.settings import PROXY_SCHEMES
from watcher.present.notifications import read_hours
from watcher.routing.patterns import Pattern, PatternError, compile_pattern
from watcher.routing.placeholders import BUILT_IN, fill, names_in
from watcher.routing.rules import REFERENCE_LENGTH, STAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from watcher.config.lines import Way
    from watcher.config.mistakes import Mistakes
    from watcher.model.settings import Label

#: What the example writes where a source key belongs.
PLACEHOLDER_KEY: Final = "PUT-YOUR-SOURCE-KEY-HERE"
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\Z")
#: A glob without its sets of characters, as fnmatch reads them.
_CHARACTER_SET = re.compile(r"\[!?+\]?+[^\]]*\]")
#: Some of what source keys may be made of, and their least length; the API promises no form.
_SOURCE_KEY = re.compile(r"[0-9A-Za-z._:-]{16,}\Z")
#: The least and the most of numbers, and their unit.
_RANGES: Final = (
    ("parallel_uploads", 1, 64, ""),
    ("max_requests_per_minute", 0, 1_000_000, " (0: no limit)"),
    ("connect_timeout", 0.1, 3600, " seconds"),
    ("read_timeout", 0.1, 3600, " seconds"),
    ("confirm_seconds", 1, 86_400, " seconds"),
    ("follow_up_share", 0, 1, " (0: nothing is asked)"),
    ("poll_seconds", 0.05, 86_400, " seconds"),
    ("settle_seconds", 0.05, 86_400, " seconds"),
)
_ODD_DIGITS: Final = msg(
    "has the form of an API key's 32 digits; if it is one, take it out of this file and make a new key"
)
_CONDITIONS: Final = ("match", "media_types", "min_size", "max_size", "ignore")
#: Stands in for a fingerprint where a reference's length is reckoned.
_FINGERPRINT: Final = "0" * 64


def check_account(values: Mapping[str, Any], mistakes: Mistakes, way: Way) -> None:
    """Note what makes no sense among the values of an account."""
    _check_ranges(values, mistakes, way)
    if "email" in values and not _EMAIL.match(values["email"]):
        mistakes.add(
            (*way, "email"), msg("{item} is no email address", item=shown(values["email"]))
        )
    if "api_url" in values and (problem := _wrong_api_url(values["api_url"])):
        mistakes.add((*way, "api_url"), problem)
    if "proxy" in values and (problem := _wrong_proxy(values["proxy"])):
        mistakes.add((*way, "proxy"), problem)


def check_notifications(values: Mapping[str, Any], mistakes: Mistakes, way: Way) -> None:
    """Note what makes no sense among the values of the messages on the desktop."""
    hours = values.get("quiet_hours", "")
    try:
        read_hours(hours)
    except ValueError:
        said = msg(
            '{item} are no two times of the day; write them like "18:00-08:00"', item=shown(hours)
        )
        mistakes.add((*way, "quiet_hours"), said)


def check_folder(values: Mapping[str, Any], mistakes: Mistakes, way: Way) -> None:
    """Note what makes no sense among the values of a folder, or of the defaults."""
    _check_ranges(values, mistakes, way)
    check_media_types(values.get("accept", ()), mistakes, (*way, "accept"), (DEFAULT,))
    if values.get("accept") == ():
        mistakes.add((*way, "accept"), msg("is empty, so nothing would ever be sent"))
    for number, pattern in enumerate(values.get("ignore", ())):
        _check_ignore(pattern, mistakes, (*way, "ignore", number))
    _check_contents(values, None, mistakes, way)


def check_rule(
    values: Mapping[str, Any], mistakes: Mistakes, way: Way, *, captures_known: bool = True
) -> None:
    """Note what makes no sense among the values of a rule."""
    pattern = None
    if "match" in values:
        pattern = _compile(values["match"], mistakes, (*way, "match"))
        captures_known = pattern is not None
    for capture in sorted(set(pattern.names if pattern else ()) & set(BUILT_IN)):
        mistakes.add((*way, "match"), f"{{{capture}}} has a meaning already; name it otherwise")
    check_media_types(values.get("media_types", ()), mistakes, (*way, "media_types"))
    if 0 < values.get("max_size", 0) < values.get("min_size", 0):
        mistakes.add((*way, "min_size"), msg("is larger than max_size"))
    effects = [name for name in values if name not in _CONDITIONS]
    if values.get("ignore") and effects:
        said = msg(
            "a rule that ignores cannot set anything as well: {names}", names=", ".join(effects)
        )
        mistakes.add((*way, "ignore"), said)
    if captures_known:
        _check_contents(values, pattern, mistakes, way)


# -- inside


def _check_ranges(values: Mapping[str, Any], mistakes: Mistakes, way: Way) -> None:
    for name, least, most, unit in _RANGES:
        if name in values and not least <= values[name] <= most:
            said = f"{shown(values[name])} is not within {least} to {most}{unit}"
            mistakes.add((*way, name), said)


def _split(text: str) -> SplitResult | None:
    """The parts of an address; None if it is none, or holds what an address here must not."""
    try:
        url = urlsplit(text)
        usable = url.hostname and url.port != 0 and not re.search(r"\s", text)
    except ValueError:
        return None
    return url if usable else None


def _wrong_api_url(text: str) -> str:
    url = _split(text)
    if url is None or url.scheme not in ("http", "https"):
        return msg("{item} is no address like https://api.hrflow.ai/v1", item=shown(text))
    if url.username is not None:
        return msg("must not hold a user or a password")
    if url.query or url.fragment:
        return msg('{item} goes on after its path; end it before "?" and "#"', item=shown(text))
    if url.scheme == "http" and url.hostname not in _LOOPBACK:
        return msg("must begin with https://, as the API key travels there")
    return ""


def _wrong_proxy(text: str) -> str:
    if text in ("system", "none"):
        return ""
    if "@" in text:
        return msg("must not hold a user or a password: leave it to the system's settings")
    url = _split(text)
    if url is None or url.scheme not in PROXY_SCHEMES:
        hint = nearest(text, ("system", "none"))
        return f'must be "system", "none" or an address like http://proxy.example.com:8080{hint}'
    return ""


def _check_ignore(pattern: str, mistakes: Mistakes, way: Way) -> None:
    if not pattern.strip("/ "):
        mistakes.add(way, msg("is empty; write a name like *draft*, or a path like private/**"))
    elif "/" in pattern:
        _compile(pattern.strip("/"), mistakes, way)
    elif "[" in _CHARACTER_SET.sub("", pattern):
        said = f'{shown(pattern)}: the bracket has no partner; write "[[]" to mean itself'
        mistakes.add(way, said)


def _compile(text: str, mistakes: Mistakes, way: Way) -> Pattern | None:
    try:
        return compile_pattern(text)
    except PatternError as error:
        mistakes.add(way, f"{shown(text)}: {error}")
        return None


def _check_contents(
    values: Mapping[str, Any], pattern: Pattern | None, mistakes: Mistakes, way: Way
) -> None:
    """Check all that may hold placeholders; ``pattern`` is the rule's."""
    known = (*(pattern.names if pattern else ()), *BUILT_IN)
    fillable = True
    for inner, template in _templates(values):
        for name in names_in(template):
            if name in known:
                continue
            fillable = False
            mistakes.add((*way, *inner), f"{shown(template)}: {unfillable(name, known)}")
    if "source_key" in values:
        _check_source(values["source_key"], mistakes, (*way, "source_key"))
    for key in ("tags", "metadatas"):
        for item in values.get(key, ()):
            if isinstance(item.value, str) and looks_like_digits_of_a_key(item.value):
                mistakes.warn((*way, key, item.name), _ODD_DIGITS)
    if fillable and "reference" in values:
        _check_reference(values["reference"], mistakes, (*way, "reference"))
    for number, label in enumerate(values.get("labels") or ()):
        _check_label(label, pattern, mistakes, (*way, "labels", number))


def _templates(values: Mapping[str, Any]) -> Iterator[tuple[Way, str]]:
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


def _check_source(source_key: str, mistakes: Mistakes, way: Way) -> None:
    if not source_key.strip():
        mistakes.add(way, msg("is empty; copy the key of the source from HrFlow"))
    elif source_key == PLACEHOLDER_KEY:
        mistakes.add(
            way, msg("is still the example's; put the key of your source from HrFlow there")
        )
    elif looks_like_digits_of_a_key(source_key):
        mistakes.warn(way, _ODD_DIGITS)
    elif not names_in(source_key) and not _SOURCE_KEY.match(source_key):
        mistakes.warn(
            way, msg("{item} is no usual source key; those of HrFlow have 40 digits and letters a to f", item=shown(source_key))
        )  # fmt: skip


def _check_reference(template: str, mistakes: Mistakes, way: Way) -> None:
    names = names_in(template)
    shortest = fill(template, {**dict.fromkeys(names, ""), "sha256": _FINGERPRINT})
    if not template.strip():
        mistakes.add(way, "is empty; {sha256} is the usual one")
    elif len(shortest) > REFERENCE_LENGTH:
        mistakes.add(
            way,
            msg(
                "is longer than the {number} characters a reference may have",
                number=REFERENCE_LENGTH,
            ),
        )
    elif "sha256" not in names:
        mistakes.warn(
            way, "without {sha256} two files may get the same reference, and the second is refused"
        )


def _check_label(label: Label, pattern: Pattern | None, mistakes: Mistakes, way: Way) -> None:
    stages: tuple[str, ...] = () if label.stage is None else (label.stage,)
    if stages and (names := names_in(stages[0])):
        choices = pattern.choices if pattern else {}
        stages = choices.get(names[0], ()) if stages[0] == f"{{{names[0]}}}" else ()
    for stage in stages:
        if stage.lower() not in STAGES:
            said = msg(
                "the stage {item} is not one of {names}", item=shown(stage), names=", ".join(STAGES)
            )
            mistakes.add((*way, "stage"), said + nearest(stage, STAGES))
    if label.rating is not None and not 0 <= label.rating <= 1:
        mistakes.add((*way, "rating"), f"{shown(label.rating)} is not within 0 to 1")
