"""Every text that Python asks for by ``word("…")`` has its row in French, with the same places."""

import ast
import os
import string

import pytest

import watcher
from watcher.desktop.session import advice
from watcher.i18n import words_desktop, words_page
from watcher.i18n.words import words

ROOT = os.path.dirname(watcher.__file__)
#: Asked for by a variable.
ADVICE = {advice("ubuntu:GNOME"), advice("XFCE")}
#: The same in both languages.
ALIKE = {"Pause", "Pages", "CSV", "Source", "Type"}


def modules():
    for folder, _, names in os.walk(ROOT):
        for name in names:
            if name.endswith(".py"):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    yield ast.parse(file.read())


def asked_for():
    """The first argument of each call of ``word`` or ``self._word`` that is a plain text."""
    for tree in modules():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            key = node.args[0]
            if name in ("word", "_word") and isinstance(key, ast.Constant):
                yield str(key.value)


KEYS = sorted({*asked_for(), *ADVICE})


def places(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_texts_are_found():
    assert {"Up to date", "1 file was not accepted", "Quit"} <= set(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_a_text_has_its_row(key):
    in_french = words("fr")(key)
    assert (in_french == key) == (key in ALIKE), "there is no French for it"
    assert places(in_french) == places(key)


def test_no_text_has_two_rows():
    assert not words_desktop.FRENCH.keys() & words_page.FRENCH.keys()


def test_no_row_is_for_nothing():
    assert not words_desktop.FRENCH.keys() - set(KEYS)
