"""What a type cannot say about settings: secrets, ranges, patterns, placeholders, overlaps."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from watcher.config.values import nearest
from watcher.patterns import PatternError, compile_pattern
from watcher.placeholders import BUILT_IN, names_in
from watcher.rules import STAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from watcher.config.lines import Way
    from watcher.config.values import Mistakes
    from watcher.settings import Account, Config, Folder, Item, Label, Rule

_SECRET_NAME = re.compile(r"(?i)(api[_-]?(key|secret)|x[_-]api[_-]key|secret|token|password)\Z")
SECRET: Final = re.compile(r"ask[rw]?_[0-9a-fA-F]{8,}")
_ELSEWHERE: Final = (
    "a secret must not stand in this file: put the API key into the system's keyring, or into the"
    " environment variable HRFLOW_API_KEY on a machine without one, and change it if others have"
    " seen the file"
)
#: What the example writes where a source key belongs.
PLACEHOLDER_KEY: Final = "PUT-YOUR-SOURCE-KEY-HERE"
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_MEDIA_TYPE = re.compile(r"[a-z]+/(\*|[a-z0-9.+-]+)\Z")
_MOST_PARALLEL: Final = 64


def find_secrets(raw: Any, mistakes: Mistakes, way: Way = ()) -> bool:
    """Note every key or value that is or looks like a secret; whether there was any."""
    found = False
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(raw, dict):
        items = raw.items()
    elif isinstance(raw, list):
        items = enumerate(raw)
    for name, value in items:
        inner = (*way, name)
        named = isinstance(name, str) and _SECRET_NAME.match(name) and way[:1] != ("folders",)
        if named or (isinstance(value, str) and SECRET.search(value)):
            mistakes.add(inner, _ELSEWHERE)
            found = True
        else:
            found = find_secrets(value, mistakes, inner) or found
    return found


def check(
    config: Config, mistakes: Mistakes, home: str, state_dir: str, ways: dict[str, Way]
) -> None:
    """Note everything that makes no sense; ``ways`` tells where each account's table stands."""
    for account in config.accounts:
        _check_account(account, mistakes, ways[account.name])
    names = [account.name for account in config.accounts]
    for number, folder in enumerate(config.folders):
        way = ("folders", number)
        if folder.account not in names:
            hint = nearest(folder.account, names) or f"; there is {', '.join(names)}"
            mistakes.add((*way, "account"), f'there is no account "{folder.account}"{hint}')
        _check_path(folder.path, mistakes, (*way, "path"), home, state_dir)
        _check_folder(folder, mistakes, way)
    _check_overlaps(config.folders, mistakes)


def _check_account(account: Account, mistakes: Mistakes, way: Way) -> None:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", account.email):
        mistakes.add((*way, "email"), f'"{account.email}" is no email address')
    if not 1 <= account.parallel_uploads <= _MOST_PARALLEL:
        mistakes.add((*way, "parallel_uploads"), f"must be 1 to {_MOST_PARALLEL}")
    if account.max_requests_per_minute < 0:
        mistakes.add((*way, "max_requests_per_minute"), "must be 0 (no limit) or more")
    for name in ("connect_timeout", "read_timeout"):
        if not 0 < getattr(account, name) <= 3600:
            mistakes.add((*way, name), "must be more than 0 and at most 3600 seconds")
    url = urlsplit(account.api_url)
    if url.scheme not in ("http", "https") or not url.hostname:
        mistakes.add((*way, "api_url"), f'"{account.api_url}" is no address like https://…/v1')
    elif url.scheme == "http" and url.hostname not in _LOOPBACK:
        mistakes.add((*way, "api_url"), "must begin with https://, as the API key travels there")
    proxy = urlsplit(account.proxy)
    if proxy.password:
        mistakes.add((*way, "proxy"), "must not hold a password: leave it to the system's settings")
    elif account.proxy not in ("system", "none") and not (proxy.scheme and proxy.hostname):
        mistakes.add(
            (*way, "proxy"), 'must be "system", "none" or an address like http://proxy:8080'
        )


def _check_path(path: str, mistakes: Mistakes, way: Way, home: str, state_dir: str) -> None:
    if os.path.exists(path) and not os.path.isdir(path):
        mistakes.add(way, f"{path} is a file, not a folder")
    elif os.path.dirname(path) == path:
        mistakes.add(way, f"{path} is a whole drive; name a folder on it")
    elif os.path.realpath(path) == os.path.realpath(home):
        mistakes.add(way, f"{path} is your home folder; name a folder in it")
    elif state_dir and _is_in(path, state_dir):
        mistakes.add(way, f"{path} is where the program keeps its own files")


def _is_in(path: str, directory: str) -> bool:
    inner, outer = os.path.realpath(path), os.path.realpath(directory)
    return inner == outer or inner.startswith(outer.rstrip(os.sep) + os.sep)


def _check_folder(folder: Folder, mistakes: Mistakes, way: Way) -> None:
    _check_source(folder.source_key, mistakes, (*way, "source_key"))
    for name, least in (("poll_seconds", 0.05), ("settle_seconds", 0.05)):
        if not least <= getattr(folder, name) <= 86_400:
            mistakes.add((*way, name), f"must be {least} to 86400 seconds")
    for media_type in folder.accept:
        _check_media_type(media_type, mistakes, (*way, "accept"))
    for pattern in folder.ignore:
        if "/" in pattern:
            _check_pattern(pattern.strip("/"), mistakes, (*way, "ignore"))
    _check_templates(folder, (), mistakes, way)
    if "sha256" not in names_in(folder.reference):
        mistakes.warn(
            (*way, "reference"), "without {sha256} two files may get the same reference, and the"
            " second is refused"
        )  # fmt: skip
    caught = 0
    for number, rule in enumerate(folder.rules):
        inner = (*way, "rules", number)
        if caught:
            mistakes.warn(inner, f"can never apply: rule {caught} before it takes every file")
        _check_rule(rule, mistakes, inner)
        if not caught and _takes_all(rule):
            caught = number + 1


def _takes_all(rule: Rule) -> bool:
    free = rule.match in (None, "**") and not rule.media_types
    return free and not rule.min_size and not rule.max_size


def _check_rule(rule: Rule, mistakes: Mistakes, way: Way) -> None:
    captures: tuple[str, ...] = ()
    if rule.match is not None:
        captures = _check_pattern(rule.match, mistakes, (*way, "match"))
    for capture in set(captures) & set(BUILT_IN):
        mistakes.add((*way, "match"), f"{{{capture}}} has a meaning already; name it otherwise")
    for media_type in rule.media_types:
        _check_media_type(media_type, mistakes, (*way, "media_types"))
    if rule.max_size and rule.min_size > rule.max_size:
        mistakes.add((*way, "min_size"), "is larger than max_size")
    effects = ("source_key", "tags", "metadatas", "labels", "reference", "created_at")
    if rule.ignore and any(getattr(rule, name) for name in effects):
        mistakes.add((*way, "ignore"), "a rule that ignores cannot set anything as well")
    if rule.source_key is not None:
        _check_source(rule.source_key, mistakes, (*way, "source_key"))
    _check_templates(rule, captures, mistakes, way)


def _check_source(source_key: str, mistakes: Mistakes, way: Way) -> None:
    if not source_key.strip():
        mistakes.add(way, "is empty; copy the key of the source from HrFlow")
    elif source_key == PLACEHOLDER_KEY:
        mistakes.add(way, "is still the example's; put the key of your source from HrFlow there")


def _check_media_type(media_type: str, mistakes: Mistakes, way: Way) -> None:
    if not _MEDIA_TYPE.match(media_type):
        hint = ' like "application/pdf"'
        mistakes.add(way, f'"{media_type}" is no media type{hint}')


def _check_pattern(pattern: str, mistakes: Mistakes, way: Way) -> tuple[str, ...]:
    try:
        return compile_pattern(pattern).names
    except PatternError as error:
        mistakes.add(way, f'"{pattern}": {error}')
        return ()


def _check_templates(
    settings: Folder | Rule, captures: tuple[str, ...], mistakes: Mistakes, way: Way
) -> None:
    known = (*captures, *BUILT_IN)
    for key, template in _templates(settings):
        for name in names_in(template):
            if name in known:
                continue
            hint = nearest(name, known) or f"; known are {', '.join(known)}"
            problem = (
                f"the brace {name!r} has no partner; write it twice to mean itself"
                if name in ("{", "}")
                else f"{{{name}}} cannot be filled{hint}"
            )
            mistakes.add((*way, key), f'"{template}": {problem}')
    for label in settings.labels or ():
        _check_label(label, mistakes, (*way, "labels"))


def _templates(settings: Folder | Rule) -> Iterator[tuple[str, str]]:
    for key in ("source_key", "reference"):
        value = getattr(settings, key)
        if value is not None:
            yield key, value
    for key, items in (("tags", settings.tags), ("metadatas", settings.metadatas)):
        yield from ((key, text) for item in items for text in _texts_of(item))
    for label in settings.labels or ():
        for text in (label.job_key, label.job_reference, label.stage):
            if text is not None:
                yield "labels", text


def _texts_of(item: Item) -> tuple[str, ...]:
    return (item.name, item.value) if isinstance(item.value, str) else (item.name,)


def _check_label(label: Label, mistakes: Mistakes, way: Way) -> None:
    if label.job_key is None and label.job_reference is None:
        mistakes.add(way, "a label needs a job_key or a job_reference")
    stage = label.stage
    if stage is not None and not names_in(stage) and stage not in STAGES:
        mistakes.add(way, f'the stage "{stage}" is not one of {", ".join(STAGES)}'
                     + nearest(stage, STAGES))  # fmt: skip
    if label.rating is not None and not 0 <= label.rating <= 1:
        mistakes.add(way, "a rating is 0 to 1")


def _check_overlaps(folders: tuple[Folder, ...], mistakes: Mistakes) -> None:
    real = [os.path.realpath(folder.path) for folder in folders]
    for number, path in enumerate(real):
        way = ("folders", number, "path")
        if path in real[:number]:
            mistakes.add(way, f"{path} is watched already, as folder {real.index(path) + 1}")
        for other, outer in enumerate(real):
            if path != outer and _is_in(path, outer):
                mistakes.warn(way, f"lies in folder {other + 1}; its files go this folder's way")
