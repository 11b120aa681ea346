"""A report for support: the findings, settings and log, without people and secrets.

Two filters, one after the other. What is known of people and places is replaced by a pseudonym that
says what it was. Of the rest only words stay that occur in this program's own text, so that a name
in a file's name that the journal has forgotten is masked.
"""

from __future__ import annotations

import errno
import importlib.metadata
import importlib.resources
import json
import logging
import os
import platform
import re
import zipfile
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO, Final

from watcher import __version__
from watcher.config import show
from watcher.daemon.event_log import last_lines
from watcher.daemon.plans import this_host
from watcher.doctor.findings import record
from watcher.model.errors import JournalError
from watcher.present import view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from importlib.resources.abc import Traversable

    from watcher.doctor.findings import Case, Check, Finding
    from watcher.model.settings import Config, Folder, Rule

#: Stands for a word that is left out.
MASK: Final = "•"

_WORD = re.compile(r"[^\W_]+")
_BETWEEN: Final = r"[ _.,'&@+()-]"

#: A capitalised word or a number beside a masked word is part of the same name: "May •".
#: Possessive throughout, so that no line takes long.
_NAME_PART: Final = r"[A-Z0-9][^\W_]*+"
_BESIDE = re.compile(
    rf"(?<![^\W_])(?:{_NAME_PART}{_BETWEEN}{{1,3}}+)*+{MASK}"
    rf"(?:{_BETWEEN}{{0,3}}(?:{MASK}|{_NAME_PART}))*+"
)

_ERROR_NAME = re.compile(r"[A-Z][A-Za-z]*(?:Error|Exception|Timeout|Warning)")
_LONGEST_NUMBER: Final = 6
_LONGEST_LINE: Final = 2000

#: Parts of the program whose text names made-up people.
_NO_WORDS: Final = ("sandbox", "__pycache__")

#: Words that help support and are not in the program's text.
_MORE: Final = "Errno apfs btrfs exfat ext4 hfs ntfs ntfs3 overlay tmpfs vfat xfs zfs"

#: Words that are also first names or family names.
_NAMES_TOO: Final = """
April August Baker Bill Black Brown Carol Chase Christian Clay Dale Dawn Day Dean Drew Faith Frank
Gene Glen Grace Grant Gray Green Guy Hope Ivy Jack Jade Jean Joy June King Lane Lee Long Mark Max
May Mercy Miles Mill Min Norm Page Paris Park Pat Penny Pierce Price Ray Reed Rich Rob Rose Ruby
Sage Sky Stone Summer Sue Trace Victor Wade Ward West White Will Wood Young
"""


class Scrubber:
    """Removes people and secrets from text; the same name always gets the same pseudonym."""

    def __init__(self, words: frozenset[str]) -> None:
        """``words`` are not masked, see :func:`own_words`."""
        self._words = words
        self._pseudonyms: dict[str, str] = {}

    def add(self, text: str, pseudonym: str) -> None:
        """Replace ``text`` wherever it is a whole word; the first pseudonym added for it counts."""
        for form in (text, view.safe(text)):
            if form.strip() and not (form.isdigit() and len(form) <= _LONGEST_NUMBER):
                self._pseudonyms.setdefault(form, pseudonym)

    def text(self, text: str) -> str:
        """Return ``text`` with only known words and pseudonyms."""
        known = sorted((each for each in self._pseudonyms if each in text), key=len, reverse=True)
        whole_words = rf"(?<!\w)({'|'.join(map(re.escape, known))})(?!\w)" if known else r"(?!)()"
        pieces = re.split(whole_words, text)  # what is not known, and between it what is
        pieces[::2] = map(self._mask, pieces[::2])
        pieces[1::2] = [self._pseudonyms[each] for each in pieces[1::2]]
        return "".join(pieces)

    def _mask(self, text: str) -> str:
        lines = (line[:_LONGEST_LINE] for line in text.split("\n"))
        return "\n".join(_BESIDE.sub(MASK, _WORD.sub(self._mask_word, each)) for each in lines)

    def _mask_word(self, found: re.Match[str]) -> str:
        word = found[0]
        stays = word in self._words or (word.isdigit() and len(word) <= _LONGEST_NUMBER)
        return word if stays or _ERROR_NAME.fullmatch(word) else MASK


def own_words() -> frozenset[str]:
    """Return all words of this program's own text, and of the system's error messages.

    Where the program is installed without its sources, more is masked.
    """
    texts = [
        *_sources(importlib.resources.files("watcher")),
        *map(os.strerror, errno.errorcode),
        _MORE,
    ]
    levels = logging.getLevelNamesMapping()
    words = frozenset(word for text in texts for word in _WORD.findall(text)) | levels.keys()
    return words - frozenset(_WORD.findall(_NAMES_TOO))


def _sources(place: Traversable) -> Iterator[str]:
    for each in place.iterdir():
        if each.is_dir() and each.name not in _NO_WORDS:
            yield from _sources(each)
        elif each.name.endswith(".py"):
            yield each.read_text(encoding="utf-8")


#: The latest files get pseudonyms of their own; the names of all others are masked.
_FILES: Final = 10_000

#: Lines of the log's end.
_LOG_LINES: Final = 1000

_ENDING = re.compile(r"\.[a-z]{1,5}\Z")
_PLAIN: Final = re.compile(r"true|false|not set|-?[\d.]+")

_README: Final = f"""What hrflow-watcher doctor found, for support.

findings.jsonl  the findings of each check, and what to do
config.txt      the settings in force
versions.txt    of the program, Python, libraries and the system
counts.txt      the number of files in each state
log.txt         the end of the log

There are no names of files, people or folders, and no addresses, tags or keys. Each is replaced by
a pseudonym that means the same thing everywhere: file-17.pdf is the file with the number 17 in the
journal (hrflow-watcher history --json shows it to you). {MASK} stands for other words that the
program does not know. Have a look before you send it.
"""


def write(file: BinaryIO, case: Case, found: Sequence[tuple[Check, Finding]]) -> None:
    """Write the bundle, a zip archive, to ``file``."""
    scrubber = Scrubber(own_words())
    _add_people(scrubber, case)
    parts: dict[str, Callable[[], str]] = {
        "README.txt": lambda: _README,
        "findings.jsonl": lambda: "\n".join(_findings(scrubber, found)),
        "config.txt": lambda: "\n".join(_config(scrubber, case)),
        "versions.txt": lambda: "\n".join(_versions()),
        "counts.txt": lambda: scrubber.text(_counts(case)),
        "log.txt": lambda: scrubber.text("\n".join(last_lines(case.places.log, _LOG_LINES))),
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, make in parts.items():
            try:
                text = make()
            except Exception as error:  # noqa: BLE001 - the other parts still help
                text = scrubber.text(f"This part could not be made: {error!r}")
            archive.writestr(name, text.encode(errors="replace"))


def _add_people(scrubber: Scrubber, case: Case) -> None:
    """Add what is known of people, places and secrets, with a pseudonym for each."""
    for number, secret in enumerate(case.secrets, 1):
        scrubber.add(secret, f"<key-{number}>")
    if case.loaded:
        _add_settings(scrubber, case.loaded.config)
    _add_files(scrubber, case)
    machine = this_host()
    for text, pseudonym in (
        (case.places.state, "<state>"),
        (case.config, "<config>"),
        (case.home, "<home>"),
        (machine.user, "<user>"),
        (machine.hostname, "<machine>"),
    ):
        scrubber.add(text, pseudonym)


def _add_settings(scrubber: Scrubber, config: Config) -> None:
    for number, account in enumerate(config.accounts, 1):
        scrubber.add(account.email, f"<email-{number}>")
        if account.name != "default":
            scrubber.add(account.name, f"<account-{number}>")
    keys = [each.source_key for folder in config.folders for each in _parts(folder)]
    for number, key in enumerate(dict.fromkeys(filter(None, keys)), 1):
        scrubber.add(key, f"<source-{number}>")
        scrubber.add(view.short(key).rstrip("…"), f"<source-{number}>")
    for number, folder in enumerate(config.folders, 1):
        for path in (folder.path, os.path.realpath(folder.path)):
            scrubber.add(path, f"<folder-{number}>")
            scrubber.add(os.path.basename(path), f"<folder-{number}>")
        for text in chain.from_iterable(map(_values, _parts(folder))):
            scrubber.add(text, f"<value of folder-{number}>")


def _parts(folder: Folder) -> tuple[Folder | Rule, ...]:
    return (folder, *folder.rules)


def _values(settings: Folder | Rule) -> Iterator[str]:
    """Yield the user's own texts: of tags, metadatas and labels."""
    for item in (*settings.tags, *settings.metadatas):
        yield item.name
        if isinstance(item.value, str):
            yield item.value
    for label in settings.labels or ():
        yield from filter(None, (label.job_key, label.job_reference))


def _add_files(scrubber: Scrubber, case: Case) -> None:
    # Without a journal every name is masked.
    with suppress(JournalError):
        found = case.journal.names(_FILES) if case.journal else ()
        for number, name, (sent_as, person, email, filed) in found:
            ending = _ENDING.search(name.lower())
            pseudonym = f"file-{number}{ending[0] if ending else ''}"
            for each in (name, sent_as, filed):
                scrubber.add(each, pseudonym)
            for each in (person, *person.split(), email):
                scrubber.add(each, f"<person of file-{number}>")


def _findings(scrubber: Scrubber, found: Iterable[tuple[Check, Finding]]) -> Iterator[str]:
    for check, finding in found:
        facts = record(check, finding)
        del facts["text_message"], facts["advice_message"]  # the same texts, but not scrubbed
        for name in ("about", "text", "advice"):
            facts[name] = scrubber.text(view.safe(str(facts[name])))
        yield json.dumps(facts, ensure_ascii=False)


def _config(scrubber: Scrubber, case: Case) -> Iterator[str]:
    if case.loaded is None:
        yield "The configuration has mistakes: see findings.jsonl."
        return
    for key, value, origin in show(case.loaded):
        shown = value if _PLAIN.fullmatch(value) else scrubber.text(value)
        yield f"{scrubber.text(key)} = {shown}  # {scrubber.text(origin)}"


def _versions() -> Iterator[str]:
    yield f"hrflow-watcher {__version__}"
    yield f"{platform.python_implementation()} {platform.python_version()}"
    yield platform.platform()
    try:
        needed = importlib.metadata.requires("hrflow-watcher") or ()
    except importlib.metadata.PackageNotFoundError:  # run from its folder
        needed = ()
    for requirement in needed:
        if "extra ==" in requirement:
            continue
        name = re.split(r"[^\w-]", requirement)[0]
        try:
            yield f"{name} {importlib.metadata.version(name)}"
        except importlib.metadata.PackageNotFoundError:  # some are only needed on one system
            yield f"{name} is not installed"


def _counts(case: Case) -> str:
    try:
        counts = case.journal.counts() if case.journal else {}
    except JournalError as error:
        return str(error)
    return "\n".join(f"{state} {files}" for state, files in counts.items())
