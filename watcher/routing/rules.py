"""Where a document goes and with what: the folder's settings and its first matching rule.

Pure. A folder is compiled once (:func:`make_plan`); what that returns is called for every file.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from msgspec import Struct
from msgspec.structs import asdict, replace

from watcher.i18n.message import COMPACT, NOTHING, Message, msg, plural
from watcher.model.kinds import State
from watcher.model.reasons import opened_why
from watcher.model.settings import (
    DEFAULT_ACCEPT,
    ROUTING,
    Archives,
    CreatedAt,
    CreatedAtFormat,
    Item,
    MailSetting,
)
from watcher.model.uploads import Open, Route, Skip
from watcher.routing.ignored import ignore_filter
from watcher.routing.patterns import Host, Values, compile_pattern, fill, harmless, names_in
from watcher.sniff import formats

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from watcher.model.files import Document, Part, Sniffed
    from watcher.model.settings import Folder, Label, Rule
    from watcher.model.uploads import Job
    from watcher.routing.patterns import Pattern

LABEL_STAGES: Final = ("new", "yes", "later", "no")

#: Most characters of a reference at HrFlow, as far as known; longer ones might be truncated.
REFERENCE_LENGTH: Final = 255

#: Types of saved emails.
_MAIL: Final = frozenset({formats.MAIL.media_type, formats.MSG.media_type})

#: What an Office document may be taken for by its first bytes.
_UNCLEAR: Final = frozenset({"", formats.ZIP.media_type, formats.OFFICE.media_type})

#: Types of images that are converted to PDF.
_IMAGES: Final = frozenset(each.media_type for each in (formats.TIFF, formats.WEBP, formats.HEIC))

#: What a rule says in the folder's place, if it does.
_OWN: Final = (
    "source_key", "reference", "labels", "sync_parsing", "sync_parsing_indexing",
    "webhook_parsing_sending", "created_at",
)  # fmt: skip

#: The most left-out parts of a file that a message names.
_NAMED: Final = 10


class _Compiled(NamedTuple):
    """A rule, its compiled pattern, and the folder's settings as the rule changes them."""

    number: int
    rule: Rule
    pattern: Pattern | None
    settings: Folder


class Plan(Struct, frozen=True):
    """A folder with its rules compiled.

    ``ignored`` returns the pattern that ignores a path below the folder, "" if none.
    ``is_imported``: the folder is not watched; its files were imported and are still to be
    uploaded.
    """

    folder: Folder
    ignored: Callable[[str], str]
    host: Host
    rules: tuple[_Compiled, ...] = ()
    is_imported: bool = False

    def accepts(self, sniffed: Sniffed) -> bool:
        """Return whether the folder accepts a content."""
        if sniffed.media_type in _MAIL and self.folder.mail is not MailSetting.SEND:
            return False
        return fits_type(sniffed.media_type, self.folder.accept) or self.converts(sniffed)

    def converts(self, sniffed: Sniffed) -> bool:
        """Return whether a content is sent as PDF instead."""
        accept = self.folder.accept
        is_image = self.folder.convert_images and sniffed.media_type in _IMAGES
        return (
            is_image
            and fits_type(formats.PDF.media_type, accept)
            and not fits_type(sniffed.media_type, accept)
        )

    def opens(self, sniffed: Sniffed) -> bool:
        """Return whether a content is opened for the documents inside."""
        return any(sniffed.media_type == each.media_type for each in opened(self.folder))

    def route(self, document: Document) -> Route | Skip | Open:
        """Return where a document goes, or why it goes nowhere."""
        folder, sniffed = self.folder, document.sniffed
        if document.parts is None and not self.accepts(sniffed):
            return Skip(State.REFUSED, _unaccepted(sniffed))
        if folder.max_size and document.stat.size > folder.max_size:
            return Skip(State.REFUSED, too_large(folder.max_size))
        chosen, captured = _choose(self.rules, document)
        number, settings = (chosen.number, chosen.settings) if chosen else (0, folder)
        if chosen and chosen.rule.ignore:
            return Skip(
                State.IGNORED,
                msg("Rule {number} of its folder ignores this file.", number=number),
                number,
            )
        if document.parts is not None:
            parts = [_left_out(part, self.accepts) for part in document.parts]
            return _open(sniffed, parts, self.accepts, number)
        try:
            return _route(settings, number, document, Values(document, self.host, captured))
        except _NotRoutedError as error:
            return Skip(State.REFUSED, error.why, number)


def make_plan(
    folder: Folder, host: Host, targets: Collection[str] = (), *, is_imported: bool = False
) -> Plan:
    """Compile a folder that has passed the configuration's check.

    So its patterns compile, and every placeholder can be filled. ``targets``: absolute paths where
    files were filed by earlier settings.
    """
    rules = tuple(
        _Compiled(
            number, rule, compile_pattern(rule.match) if rule.match else None, _merge(folder, rule)
        )
        for number, rule in enumerate(folder.rules, 1)
    )
    return Plan(folder, ignore_filter(folder, targets), host, rules, is_imported)


class _NotRoutedError(Exception):
    """The document cannot be routed; ``why`` is a sentence."""

    def __init__(self, why: Message) -> None:
        super().__init__(why)
        self.why = why


def fingerprint(folder: Folder) -> str:
    """Return a fingerprint of the settings by which a folder's files are routed."""
    settings = repr([getattr(folder, name) for name in ROUTING])
    return hashlib.sha256(settings.encode(errors="replace")).hexdigest()


def is_outdated(job: Job, plans: Mapping[str, Plan]) -> bool:
    """Return whether an upload's folder no longer sends anything to its account and source."""
    plan = plans.get(job.folder)
    if plan is None:
        return False
    folder = plan.folder
    keys = [folder.source_key, *(rule.source_key for rule in folder.rules if rule.source_key)]
    is_used = any(key == job.source_key or names_in(key) for key in keys)
    return folder.account != job.account or not is_used


def opened(folder: Folder) -> tuple[formats.Format, ...]:
    """Return the formats of files that are opened for the documents inside."""
    mail = (formats.MAIL, formats.MSG) if folder.mail is MailSetting.ATTACHMENTS else ()
    return (*mail, formats.ZIP) if folder.archives is Archives.OPEN else mail


def fits_type(media_type: str, wanted: Collection[str]) -> bool:
    """Return whether a media type is ``wanted``, by itself or as one of ``image/*``."""
    return media_type in wanted or media_type.partition("/")[0] + "/*" in wanted


def too_large(max_size: int) -> Message:
    """Return why a file of more than ``max_size`` bytes is refused."""
    return msg(
        "The file is larger than {limit:size}, the maximum for this folder. Save a smaller version,"
        " or raise max_size in the configuration.",
        limit=max_size,
    )


def form_fields(route: Route, media_type: str) -> tuple[tuple[str, str], ...]:
    """Return the form's text fields, in the order of the API's documentation.

    Arrays are JSON text, flags 0 or 1, as the vendor's SDK (4.3) sends them; what is not set is
    left out, where the SDK would send its own defaults for ``sync_parsing_indexing``.
    """
    indexing = route.sync_parsing_indexing
    fields = [
        ("source_key", route.source_key),
        ("sync_parsing", _flag(route.sync_parsing)),
        ("sync_parsing_indexing", "" if indexing is None else _flag(indexing)),
        ("webhook_parsing_sending", _flag(route.webhook_parsing_sending)),
        ("profile_content_type", media_type),
        ("reference", route.reference),
        ("labels", _array(list(route.labels))),
        ("tags", _array([{"name": tag.name, "value": tag.value} for tag in route.tags])),
        ("metadatas", _array([{"name": tag.name, "value": tag.value} for tag in route.metadatas])),
        ("created_at", route.created_at),
    ]
    return tuple((name, value) for name, value in fields if value)


def unusable_reference(reference: str) -> Message:
    """Return why a document cannot have this reference; NOTHING if it can."""
    if 1 <= len(reference) <= REFERENCE_LENGTH:
        return NOTHING
    return msg(
        "The file's reference would be empty or longer than {most:count} characters. Change"
        ' "reference" in the configuration.',
        most=REFERENCE_LENGTH,
    )


def asks_for_sync(job: Job) -> bool:
    """Return whether an upload asks for synchronous parsing."""
    return ("sync_parsing", _flag(True)) in job.fields  # noqa: FBT003 - its value


def without_sync(job: Job) -> Job:
    """Return the same upload without asking for synchronous parsing."""
    fields = [
        (name, _flag(False) if name == "sync_parsing" else value)  # noqa: FBT003 - its value
        for name, value in job.fields
        if name != "sync_parsing_indexing"
    ]
    return replace(job, fields=tuple(fields))


def _merge(folder: Folder, rule: Rule) -> Folder:
    own = {name: value for name in _OWN if (value := getattr(rule, name)) is not None}
    tags, metadatas = (*folder.tags, *rule.tags), (*folder.metadatas, *rule.metadatas)
    return replace(folder, **own, tags=tags, metadatas=metadatas)


def _choose(
    rules: Sequence[_Compiled], document: Document
) -> tuple[_Compiled | None, dict[str, str]]:
    """Return the first rule that fits, and what its pattern captures."""
    for each in rules:
        captured = {} if each.pattern is None else each.pattern.match(document.below)
        if captured is not None and _fits(each.rule, document):
            return each, captured
    return None, {}


def _fits(rule: Rule, document: Document) -> bool:
    media_type, size = document.sniffed.media_type, document.stat.size
    if rule.media_types and not fits_type(media_type, rule.media_types):
        return False
    return size >= rule.min_size and not (rule.max_size and size > rule.max_size)


def _route(settings: Folder, number: int, document: Document, values: Mapping[str, str]) -> Route:
    source_key = fill(settings.source_key, values).strip()
    if not source_key:
        raise _NotRoutedError(
            msg(
                "There is no source for this file: its source_key is empty. Choose a source for"
                " its folder."
            )
        )
    reference = fill(settings.reference, values).strip()
    if why := unusable_reference(reference):
        raise _NotRoutedError(why)
    return Route(
        account=settings.account,
        source_key=source_key,
        reference=reference,
        tags=_fill_items(settings.tags, values),
        metadatas=_fill_items(settings.metadatas, values),
        labels=tuple(_fill_label(label, values) for label in settings.labels),
        sync_parsing=settings.sync_parsing,
        sync_parsing_indexing=settings.sync_parsing_indexing,
        webhook_parsing_sending=settings.webhook_parsing_sending,
        created_at=_created_at(settings, document),
        rule=number,
    )


def _left_out(part: Part, accept: Callable[[Sniffed], bool]) -> Part:
    """Return a part as left out if it is a program, a film or the like."""
    found = part.begins_as
    if found is None or accept(found) or not _is_no_document(found):
        return part
    return replace(part, left_out=found.what)


def _open(
    sniffed: Sniffed, inside: Sequence[Part], accept: Callable[[Sniffed], bool], rule: int
) -> Open | Skip:
    """Return the documents inside a file, or why there are none."""
    parts = tuple(part for part in inside if not part.left_out)
    refused = [
        (part.name, part.begins_as.what)
        for part in parts
        if part.begins_as and _is_refused(part.begins_as, accept)
    ]
    others = [(part.name, part.left_out) for part in inside if part.left_out]
    left_out = msg(" Ignored: {parts:and}.", parts=_named(others)) if others else NOTHING
    if parts and not refused:
        return Open(opened_why(len(parts), left_out), parts, rule)
    if parts:
        told = msg(" Not accepted: {parts:and}.", parts=_named(refused))
        both = Message("{refused}{left_out}", {"refused": told, "left_out": left_out})
        return Open(opened_why(len(parts) - len(refused), both), parts, rule)
    if sniffed.media_type in _MAIL:
        why = msg(
            "This file is {what} that contains no document. Save its text as PDF.{left_out}",
            what=sniffed.what,
            left_out=left_out,
        )
    else:
        why = msg(
            "This file is {what} that contains no document. Add the document itself, or ignore"
            " this file.{left_out}",
            what=sniffed.what,
            left_out=left_out,
        )
    return Skip(State.REFUSED, why, rule)


def _is_refused(found: Sniffed, accept: Callable[[Sniffed], bool]) -> bool:
    """Return whether a part will be refused for its type, as far as its first bytes tell."""
    is_clear = not found.broken or found.media_type not in _UNCLEAR
    return is_clear and not accept(found)


def _named(parts: Sequence[tuple[str, Message]]) -> list[Message]:
    """Return the names of parts, each with what it is; of very many, only some."""
    named = [msg("{name} ({what})", name=harmless(name), what=what) for name, what in parts]
    if (more := len(named) - _NAMED) > 0:
        named[_NAMED:] = [plural("1 more", "{count:count} more", more)]
    return named


def _fill_items(items: tuple[Item, ...], values: Mapping[str, str]) -> tuple[Item, ...]:
    """Return the filled items; a later one replaces an earlier one of the same name.

    One without a value is left out, such as an email's subject for a document without an email.
    """
    filled: dict[str, Item] = {}
    for item in items:
        value = fill(item.value, values) if isinstance(item.value, str) else item.value
        if item.value and value == "":
            continue
        name = fill(item.name, values)
        filled[name] = Item(name=name, value=value)
    return tuple(filled.values())


def _fill_label(label: Label, values: Mapping[str, str]) -> dict[str, object]:
    filled = {
        name: fill(value, values) if isinstance(value, str) else value
        for name, value in asdict(label).items()
        if value is not None
    }
    stage = filled.get("stage")
    if isinstance(stage, str):
        filled["stage"] = stage = stage.lower()
        if stage not in LABEL_STAGES:
            raise _NotRoutedError(
                msg(
                    'The file\'s stage would be "{value}", but must be {names:or}. Change "stage"'
                    " in the configuration.",
                    value=stage,
                    names=LABEL_STAGES,
                )
            )
    return filled


def _created_at(settings: Folder, document: Document) -> str:
    if settings.created_at is CreatedAt.NONE:
        return ""
    if settings.created_at_format is CreatedAtFormat.TIMESTAMP:
        return str(document.dated)
    return datetime.fromtimestamp(document.dated, UTC).isoformat(timespec="seconds")


def _unaccepted(sniffed: Sniffed) -> Message:
    """Return why a kind of document is not sent, and what to do.

    The default kinds, which HrFlow can read, are refused only if ``accept`` leaves them out.
    """
    if not sniffed.media_type:
        return msg("This is not a document that HrFlow can read. Save it as PDF or Word.")
    if sniffed.media_type in _MAIL:
        return msg("This file is {what}. {how}", what=sniffed.what, how=formats.EXTRACT)
    if sniffed.advice:
        return msg("This file is {what}. {how}", what=sniffed.what, how=sniffed.advice)
    if _is_no_document(sniffed):
        return msg(
            "This file is {what}, not a document. Add the document instead, or ignore this file.",
            what=sniffed.what,
        )
    return msg(
        "This file is {what} ({type}), a type that this folder doesn't accept. To upload it,"
        ' add the type to "accept" in the configuration.',
        what=sniffed.what,
        type=sniffed.media_type,
    )


def _is_no_document(sniffed: Sniffed) -> bool:
    """Whether a known kind of file is one that nothing can be saved from as a document."""
    is_known = bool(sniffed.media_type) and sniffed.media_type not in _MAIL
    return is_known and not sniffed.advice and sniffed.media_type not in DEFAULT_ACCEPT


def _flag(value: bool) -> str:  # noqa: FBT001 - a conversion
    return "1" if value else "0"


def _array(items: list[Any]) -> str:
    return COMPACT.encode(items) if items else ""
