"""Names are taken out of the logs while the program writes them."""

import threading
import unicodedata

import pytest

from tests.support.waiting import PATIENCE
from watcher.daemon.event_log import scrub_logs
from watcher.daemon.state_folder import Places


@pytest.fixture
def places(tmp_path):
    made = Places(str(tmp_path / "state"))
    made.prepare()
    return made


def scrub(places, text, *words):
    with open(places.log, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        file.write(text)
    scrub_logs(places, words)
    with open(places.log, encoding="utf-8", errors="surrogateescape", newline="") as file:
        return file.read()


@pytest.mark.parametrize(
    ("text", "words", "left"),
    [
        ("Joined by Jo, Jo.", ["Jo"], "Joined by **, **."),  # a name within a word is none
        ("BanJo and Jo2 and Jo_1", ["Jo"], "BanJo and Jo2 and **_1"),
        ("file 1: Jo.pdf", ["Jo", "Jo.pdf"], "file 1: ******"),  # the longest first
        ("élise, lise", ["lise"], "élise, ****"),  # letters of all scripts go on
        ("Jose\u0301, Jose", ["Jose"], "Jose\u0301, ****"),  # as do accents of their own
        ("Jos\u00e9, Jose\u0301!", ["Jos\u00e9"], "*****, ******!"),  # both are that name
        ("陈晓明: 陈晓明 a", ["陈晓明"], "*********: ********* a"),
        ("bad\udcff.pdf\r\n", ["bad\udcff.pdf"], "********\r\n"),  # no text in a name
        ("(x).pdf (x).pdf", ["(x).pdf"], "******* *******"),
        ("nothing", ["", "else"], "nothing"),
        ("aaa a aa", ["a"], "aaa * aa"),
    ],
)
def test_whole_names_are_replaced_and_nothing_else(places, text, words, left):
    assert scrub(places, text, *words) == left


def test_logs_that_have_rotated_are_gone_through_too(places):
    for end in ("", ".1", ".2"):
        with open(places.log + end, "w") as file:
            file.write("Zoraida was here\n")
    with open(places.log + ".3", "w") as file:
        file.write("nobody was\n")
    assert scrub_logs(places, ["Zoraida"]) == 3


def test_what_is_logged_meanwhile_is_kept(places):
    lines = 3000
    with open(places.log, "w") as file:
        file.write("Zoraida Quimby came\n" * 2000)
    begun, ended = threading.Event(), threading.Event()

    def write():
        with open(places.log, "a", buffering=1) as log:
            for number in range(lines):
                log.write(f"line {number} of another\n")
                begun.set()
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert begun.wait(PATIENCE)
    while not ended.is_set():
        scrub_logs(places, ["Zoraida Quimby"])
        with open(places.log, "r+") as file:  # so that each round has something to replace
            file.write("Zoraida Quimby")
    writer.join()
    scrub_logs(places, ["Zoraida Quimby"])
    with open(places.log) as file:
        found = file.read().splitlines()
    assert [line for line in found if line.startswith("line")] == [
        f"line {number} of another" for number in range(lines)
    ]
    assert len(found) == lines + 2000
    assert not any("Zoraida" in line for line in found)


def test_a_name_in_any_normal_form_is_found(places):
    for form in ("NFC", "NFD"):
        text = unicodedata.normalize(form, "Zoë Müller.pdf was sent")
        assert scrub(places, text, "Zoë Müller.pdf").endswith("* was sent")
