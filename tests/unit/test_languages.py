"""A further language is one catalogue: with a made-up one, no text of ours stays English."""

import importlib
import json
import os
import re
import shutil
import sys

import pytest

from watcher.i18n.languages import LOCALE, catalog, languages, page_texts
from watcher.i18n.message import ENGLISH, as_json, from_json, msg
from watcher.model.entries import Entry
from watcher.model.kinds import State
from watcher.model.reasons import existing_why
from watcher.model.settings import Notifications, for_account
from watcher.model.snapshot import ActiveHold, Snapshot, Watched
from watcher.page.routes import draw
from watcher.present import listing, view
from watcher.present.menu import menu
from watcher.present.notifications import (
    HELD_SECONDS,
    LONGEST_DELAY,
    OFFLINE_SECONDS,
    NotificationTracker,
)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NOON = 1_772_712_000.0


def is_marked(text):
    """Whether all letters of ``text`` stand within marks, which may nest."""
    depth, outside = 0, ""
    for part in re.split(r"(\[!!|!!\])", text):
        if part == "[!!":
            depth += 1
        elif part == "!!]":
            depth -= 1
        elif not depth:
            outside += part
    return depth == 0 and not re.search(r"[^\W\d_]{2}", outside)


@pytest.fixture(scope="module")
def pseudo(tmp_path_factory):
    """The folder of a language in which every text is the English one within marks."""
    sys.path.insert(0, ROOT)
    try:
        catalogues = importlib.import_module("installers.catalogues")
    finally:
        sys.path.remove(ROOT)
    texts = catalogues.read("fr")
    for entry in texts:
        if entry.id and not entry.context:
            marked = [
                f"[!!{text}!!]" for text in ([entry.id] if isinstance(entry.id, str) else entry.id)
            ]
            entry.string = marked[0] if isinstance(entry.id, str) else tuple(marked)
    locale = tmp_path_factory.mktemp("locale")
    folder = locale / "fr" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    catalogues.compile_one(texts, str(folder))
    return str(locale)


REFUSED = Entry(
    1, "/1", "/1/2.exe", State.REFUSED,
    from_json(as_json(msg("This file is {what}, not a document. Add the document instead, or ignore this file.", what=msg("a program")))), changed_at=NOON,
)  # fmt: skip
FULL = Snapshot(
    at=NOON, version="1", counts={State.REFUSED: 1234, State.WAITING: 5}, attention=(REFUSED,) * 2,
    recent=(REFUSED,), offline_since=NOON - 60,
    holds=(ActiveHold("credential:1", msg("There is no API key{whose}.", whose=for_account("lyon")), 3),
          ActiveHold("existing:/1", existing_why("/1"), 2)),
    watched=(Watched("/1", "1", "1", msg("{path} doesn't exist.", path="/1")),),
)  # fmt: skip


def all_texts(items):
    for item in items:
        yield item.text
        yield from all_texts(item.items)


def test_the_menu(pseudo):
    word = catalog("fr", pseudo)
    names = {view.name(REFUSED)}
    for text in all_texts(menu(FULL, word)):
        assert is_marked(text.replace("2.exe", "")), (text, names)


def test_what_is_told(pseudo):
    notices = NotificationTracker(catalog("fr", pseudo))
    notices.update(Snapshot(at=NOON), Notifications(), 0.0, 0.0)
    notices.update(FULL, Notifications(), 0.0, 1.0)
    told = notices.update(
        FULL, Notifications(), 0.0, LONGEST_DELAY + HELD_SECONDS + OFFLINE_SECONDS
    )
    lines = [told.title, *told.text.splitlines()]
    assert len(lines) >= 4
    for line in lines:
        assert is_marked(line.replace("2.exe", "")), told


def test_a_row_and_its_story(pseudo):
    word = catalog("fr", pseudo)
    shown = listing.details(REFUSED, [(NOON, State.REFUSED, REFUSED.why)], word)
    for name in ("label", "why", "remark"):
        assert is_marked(shown[name]), shown
    (step,) = shown["story"]
    assert is_marked(step["label"])
    assert is_marked(step["why"])
    assert word(REFUSED.why) == (
        "[!!This file is [!!a program!!], not a document. Add the document instead, or ignore this"
        " file.!!]"
    )


def test_the_pages_frame(pseudo):
    frame = draw(catalog("fr", pseudo), "proof", {})
    body = frame[frame.index("<body") :]
    texts = re.findall(r">([^<>]+)<", body)
    texts += re.findall(r'(?:aria-label|placeholder|title|data-label)="([^"]*)"', body)
    plain = {text.strip() for text in texts if not is_marked(text)}
    # Names (a language is named in itself), and examples of what is typed.
    names = {"hrflow-watcher"}
    assert plain - names <= {"https://api.hrflow.ai/v1", "office=Paris, urgent=true"}


def test_the_pages_script_has_every_text_that_it_asks_for(pseudo):
    texts = page_texts("fr", pseudo)
    folder = os.path.join(ROOT, "watcher", "page", "static")
    asked = set()
    for name in os.listdir(folder):
        if name.endswith(".js"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                literals = re.findall(r'\btn?\(("(?:[^"\\]|\\.)+")', file.read())
                asked |= set(map(json.loads, literals))
    assert len(asked) > 50
    assert asked <= texts.keys()
    for text in texts.values():
        for form in text.values() if isinstance(text, dict) else [text]:
            assert is_marked(form)
    assert texts["1 selected"].keys() >= {"one", "other"}


def test_without_compiled_catalogues_all_is_english(tmp_path):
    folder = tmp_path / "fr" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    shutil.copy(os.path.join(LOCALE, "fr", "LC_MESSAGES", "hrflow-watcher.po"), folder)
    assert catalog("fr_FR.UTF-8", str(tmp_path)) is ENGLISH
    assert languages(str(tmp_path)) == []
    assert page_texts("fr", str(tmp_path)) == {}


def test_the_compiled_catalogues_are_there():
    assert languages() == ["fr"]
    with open(os.path.join(LOCALE, "fr", "LC_MESSAGES", "page.json"), encoding="utf-8") as file:
        assert json.load(file)["Folder"] == "Dossier"


@pytest.mark.parametrize(
    ("language", "found"),
    [("fr", "fr"), ("fr_FR.UTF-8", "fr"), ("fr-CA", "fr"), ("fr_FR@euro", "fr"), ("de", "en"),
     ("", "en"), ("C", "en"), ("../fr", "en")],
)  # fmt: skip
def test_the_language_of_a_system_finds_its_catalogue(language, found):
    assert catalog(language).language == found


# --- The command's name -----------------------------------------------------------------------


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The program beside its interpreter, on a PATH without it."""
    script = tmp_path / "hrflow-watcher"
    script.touch(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", os.devnull)
    monkeypatch.delenv("HRFLOW_WATCHER_COMMAND")
    return script


def test_hints_name_the_command_as_it_can_be_typed(installed, monkeypatch):
    hint = msg("Start it with: {hrflow_watcher} run")
    assert str(hint) == f"Start it with: {installed} run"
    monkeypatch.setenv("PATH", str(installed.parent))
    assert str(hint) == "Start it with: hrflow-watcher run"
    monkeypatch.setenv("HRFLOW_WATCHER_COMMAND", "python3 installers/bootstrap.py")
    assert str(hint) == "Start it with: python3 installers/bootstrap.py run"


def test_a_hint_in_the_journal_names_the_command_of_its_reader(installed, monkeypatch):
    stored = as_json(msg("Start it with: {hrflow_watcher} run"))
    monkeypatch.setenv("HRFLOW_WATCHER_COMMAND", "python3 installers/bootstrap.py")
    assert catalog("fr")(from_json(stored)) == "Start it with: python3 installers/bootstrap.py run"


@pytest.mark.parametrize("text", ["", "Timed out", '{"id":3}', '{"id":"a","args":[]}', '{"id":'])
def test_what_is_no_stored_message_is_read_as_it_is(text):
    assert str(from_json(text)) == text
