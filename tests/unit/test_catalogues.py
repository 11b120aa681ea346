"""The catalogues of messages: complete, current, and all that a language needs."""

import ast
import copy
import importlib
import os
import pathlib
import re
import sys
from datetime import timedelta, timezone

import babel.messages.catalog
import pytest

from watcher.cli import cli

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@pytest.fixture(scope="module")
def catalogues():
    sys.path.insert(0, ROOT)
    try:
        return importlib.import_module("installers.catalogues")
    finally:
        sys.path.remove(ROOT)


def po(text, *, header='"Plural-Forms: nplurals=2; plural=(n > 1);\\n"\n'):
    return f'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n{header}\n{text}'


@pytest.fixture(scope="module")
def extracted(catalogues):
    """What is in the sources, read once: it takes seconds."""
    return catalogues.extract()


@pytest.fixture(scope="module")
def sources():
    """Every module's nodes, by the module's path."""
    return {
        path: list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        for path in pathlib.Path(ROOT, "watcher").rglob("*.py")
    }


@pytest.fixture
def locale(catalogues, extracted, tmp_path, monkeypatch):
    """A folder with the template and one language, whose catalogue is given as its text."""
    folder = tmp_path / "fr" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    monkeypatch.setattr(catalogues, "LOCALE", str(tmp_path))
    monkeypatch.setattr(catalogues, "TEMPLATE", str(tmp_path / "hrflow-watcher.pot"))
    monkeypatch.setattr(catalogues, "extract", lambda: copy.deepcopy(extracted))
    (tmp_path / "hrflow-watcher.pot").write_bytes(catalogues.text_of(extracted))

    def write(text):
        (folder / "hrflow-watcher.po").write_text(po(text), encoding="utf-8")
        return folder

    return write


@pytest.mark.parametrize(
    ("entry", "mistake"),
    [
        ('msgid "a"\nmsgstr ""\n', "is not translated"),
        ('#, fuzzy\nmsgid "a"\nmsgstr "b"\n', "is marked fuzzy"),
        ('msgid "a {x}"\nmsgstr "b"\n', "has other places"),
        ('msgid "a {x:size}"\nmsgstr "b {x}"\n', "has other places"),
        ('msgid "a {x}"\nmsgstr "b {y}"\n', "has other places"),
        ('msgid "1 a"\nmsgid_plural "{count:count} a"\nmsgstr[0] "1 b"\nmsgstr[1] "b"\n',
         "has other places"),
        ('msgid "1 a"\nmsgid_plural "{count:count} a"\nmsgstr[0] "1 b"\nmsgstr[1] ""\n',
         "is not translated"),
        ('msgid "a"\nmsgstr "b : c"\n', "needs spaces that do not break"),
        ('msgid "a"\nmsgstr "deux machines"\n', 'says "machine", not "ordinateur"'),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_translation_is_found(catalogues, locale, entry, mistake):
    locale(entry)
    (found,) = catalogues.check()
    assert mistake in found


def test_a_good_translation_passes(catalogues, locale):
    locale(
        'msgid "1 a of {x}"\nmsgid_plural "{count:count} a of {x}"\n'
        'msgstr[0] "1 b de {x}"\nmsgstr[1] "{count:count} b de {x}"\n'
    )
    assert catalogues.check() == []


def test_a_template_that_is_not_current_is_found(catalogues, locale, tmp_path):
    locale('msgid "a"\nmsgstr "b"\n')
    with open(tmp_path / "hrflow-watcher.pot", "a", encoding="utf-8") as file:
        file.write('\nmsgid "nobody says this"\nmsgstr ""\n')
    (found,) = catalogues.check()
    assert "template" in found


def test_every_message_of_the_sources_is_in_the_template(extracted, sources):
    """Babel overlooks calls inside f-strings and inside calls of its own keywords."""
    known = {entry.id if isinstance(entry.id, str) else entry.id[0] for entry in extracted}
    missing = []
    for path, nodes in sources.items():
        for node in nodes:
            match node:
                case ast.Call(ast.Name("msg" | "plural" | "word"), [ast.Constant(str(text)), *_]):
                    missing += [(path.name, node.lineno, text)] * (text not in known)
    assert missing == []


def test_no_hint_takes_it_for_granted_how_the_command_is_called(sources):
    """A message says ``{hrflow_watcher} run``, other text ``{command_name()} run``."""
    named = re.compile(rf"hrflow-watcher ({'|'.join(cli.list_commands(None))})\b")
    found = []
    for path, nodes in sources.items():
        docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        texts = [
            each for each in nodes if isinstance(each, ast.Constant) and id(each) not in docstrings
        ]
        # What has several lines is a file that is written: that may be read anywhere.
        hints = [each for each in texts if "\n" not in str(each.value)]
        found += [f"{path}:{each.lineno}" for each in hints if named.search(str(each.value))]
    assert found == []


def test_an_update_keeps_what_is_translated_and_is_stable(catalogues, locale):
    folder = locale('msgid "Health"\nmsgstr "Santé"\n')
    catalogues.update()
    first = (folder / "hrflow-watcher.po").read_bytes()
    assert 'msgid "Health"\nmsgstr "Santé"'.encode() in first
    catalogues.update()
    assert (folder / "hrflow-watcher.po").read_bytes() == first


def test_what_is_compiled_does_not_tell_when(catalogues, tmp_path, monkeypatch):
    def compiled():
        catalogues.compile_one(catalogues.read("fr"), str(tmp_path))
        return (tmp_path / "hrflow-watcher.mo").read_bytes()

    here = compiled()
    elsewhere = timezone(timedelta(hours=9))  # it is another time there
    monkeypatch.setattr(babel.messages.catalog, "LOCALTZ", elsewhere)
    assert compiled() == here


def test_headers_have_no_placeholders_and_no_dates(catalogues):
    unwanted = ("FIRST AUTHOR", "EMAIL@ADDRESS", "ORGANIZATION", "VERSION", "YEAR", "Date:")
    for path in (catalogues.TEMPLATE, *map(catalogues.path_of, catalogues.languages())):
        with open(path, encoding="utf-8") as file:
            head = file.read(600)
        assert not [each for each in unwanted if each in head], path
