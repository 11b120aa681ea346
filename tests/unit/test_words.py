"""Every text of the page has its row in French, and no row is for nothing."""

import os
import re
import string

import pytest

from watcher import view
from watcher.doctor.findings import Level
from watcher.page import texts
from watcher.states import BY_HAND
from watcher.words import words
from watcher.words_page import FRENCH

STATIC = os.path.join(os.path.dirname(texts.__file__), "static")
#: The same in both languages.
ALIKE = {"Pages", "Pause", "Pause…", "CSV", "Source", "Type", "Page {page}"}


def read(name):
    with open(os.path.join(STATIC, name), encoding="utf-8") as file:
        return file.read()


def of_the_frame():
    return set(re.findall(r"\[\[(.+?)\]\]", read("page.html")))


def of_the_script():
    code = "".join(read(name) for name in os.listdir(STATIC) if name.endswith(".js"))
    found = set(re.findall(r'\bt\(\s*"([^"]+)"', code))
    for pair in re.findall(r'\bcount\([^"]*?"([^"]+)",\s*"([^"]+)"\)', code):
        found |= set(pair)
    return found


def test_the_script_has_all_its_texts_and_no_other():
    assert of_the_script() == set(texts.SCRIPT)


def shown():
    return (
        of_the_frame() | of_the_script() | {look.word for look in view.LOOKS.values()}
        | {level.value for level in Level} | {BY_HAND}
    )  # fmt: skip


@pytest.mark.parametrize("key", sorted(shown()))
def test_every_text_is_in_the_table(key):
    assert key in FRENCH
    assert (words("fr_FR.UTF-8")(key) == key) == (key in ALIKE)


@pytest.mark.parametrize("key", sorted(FRENCH))
def test_a_translation_has_the_same_places(key):
    def places(text):
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert places(key) == places(FRENCH[key])
