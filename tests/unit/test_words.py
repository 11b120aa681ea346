"""Every text of the page has its row in French, and no row is for nothing."""

import ast
import os
import re
import string

import pytest

from watcher import doctor
from watcher.doctor.findings import Level
from watcher.i18n.words import words
from watcher.i18n.words_page import FRENCH
from watcher.model.lifecycle import BY_HAND
from watcher.page import routes
from watcher.present import view

STATIC = os.path.join(os.path.dirname(routes.__file__), "static")
#: The same in both languages.
ALIKE = {
    "Pages", "Pause", "Pause…", "CSV", "Source", "Type", "Page {page}", "Configuration", "Journal",
    "HrFlow", "DNS", "TLS", "Webhook",
}  # fmt: skip


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


def of_the_doctor():
    """The label of every check, without the account that some name."""
    folder = os.path.dirname(doctor.__file__)
    found = set()
    for name in (each for each in os.listdir(folder) if each.endswith(".py")):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            tree = ast.parse(file.read())
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if getattr(call.func, "id", "") == "Check":
                label = ast.unparse(call.args[1]).removeprefix("f")[1:-1]
                found |= {
                    label.removesuffix("{self._of}").replace("{name}", group)
                    for group in ("parsed", "refused")
                }
    return found


def test_labels_are_found():
    assert {"Program", "API key", "Changes", "Command for refused files"} <= of_the_doctor()


def test_the_script_has_all_its_texts_and_no_other():
    assert of_the_script() == set(routes.SCRIPT)


def shown():
    return (
        of_the_frame() | of_the_script() | {look.word for look in view.LOOKS.values()}
        | {level.value for level in Level} | {BY_HAND} | of_the_doctor()
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


def test_a_word_before_a_number_fits_one_and_many():
    """Behind a colon any number may stand: what is before it is no word of many."""
    counted = {key: text for key, text in FRENCH.items() if re.search(r": \{files\}$", key)}
    assert "Chosen: {files}" in counted
    for key, text in counted.items():
        assert not re.search(r"s\W*: ?\{files\}$", text), key
