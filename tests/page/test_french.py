"""The page of a person whose system speaks French: no sentence of ours stays in English."""

import contextlib
import functools
import gettext
import os
import re
import string

import pytest

from tests.support.browser import details
from watcher import sandbox as sb
from watcher.i18n.languages import LOCALE
from watcher.journal.reader import Reader

ACCOUNT = sb.Fault(kind=sb.Kind.STATUS, status=401, message="secret key: x", file_name="held*")
REFUSE = sb.Fault(kind=sb.Kind.STATUS, status=400, message="HrFlow's words", file_name="bad*")
#: Everything that can be read, or heard by a screen reader.
TEXTS = """() => [document.title, document.body.innerText,
  ...[...document.querySelectorAll('[placeholder]')].map((each) => each.placeholder),
  ...[...document.querySelectorAll('[aria-label]')].map((each) => each.getAttribute('aria-label')),
].join('\\n')"""


def pieces():
    """What the English of our texts is recognised by: its parts of some words."""
    with open(os.path.join(LOCALE, "fr", "LC_MESSAGES", "hrflow-watcher.mo"), "rb") as file:
        table = gettext.GNUTranslations(file)._catalog
    for key, french in table.items():
        english = key[0] if isinstance(key, tuple) else key
        for piece, *_ in string.Formatter().parse(english if french != english else ""):
            words = piece.strip(" .;,:()")
            if len(words) > 9 and " " in words and words not in french:
                yield words


ENGLISH = sorted(set(pieces()))
#: What hardly any English sentence is without, and no French one has.
COMMON = re.compile(
    r"\b(the|is|are|was|were|which|with|has|cannot|this|there|it|and|of|from|not|by|than)\b",
    re.IGNORECASE,
)


def see_no_english(page):
    shown = re.sub(r"(~|/)[/\w.-]+", "…", page.evaluate(TEXTS))  # paths
    assert [piece for piece in ENGLISH if piece in shown] == []
    assert [
        shown[max(0, found.start() - 40) : found.end() + 40] for found in COMMON.finditer(shown)
    ] == []


def see_all_buttons(page):
    """Words are longer in French: none is cut off in the list."""
    widths = page.evaluate(
        "[...document.querySelectorAll('td.c-acts')].map((e) => [e.scrollWidth, e.clientWidth])"
    )
    assert all(needed <= there for needed, there in widths), widths


def go(page, place):
    page.locator(f"nav a[href='#{place}']").click()


def wait_for(page, name, label, reason=""):
    row = page.locator("#rows tr", has=page.locator(".c-name").get_by_text(name, exact=True))
    row.locator(".c-state", has_text=label).wait_for()
    row.locator(".c-state", has_text=reason).wait_for()
    return row


@pytest.fixture
def assistant(person):
    """Somebody in France."""
    person.desk.environ = functools.partial(person.desk.environ, LC_ALL="fr_FR.UTF-8")
    return person


def test_pieces_are_found():
    assert {
        "The file is not in a watched folder",
        "HrFlow rejected this file",
        "is not a full path",
    } <= set(ENGLISH)


def test_reasons_stories_health_rules_and_mistakes_are_in_french(assistant):
    assistant.desk.sandbox.faults.set(REFUSE, ACCOUNT)
    assistant.start()
    assistant.drop("setup.exe", b"MZ" + b"\0" * 100)
    assistant.drop("bad.pdf")
    assistant.drop("good.pdf")
    page = assistant.open(locale="fr-FR")
    wait_for(page, "setup.exe", "Non accepté", "Ce fichier est un programme, pas un document")
    wait_for(
        page,
        "bad.pdf",
        "Non accepté",
        "HrFlow a refusé ce fichier (400)\u00a0: «\u00a0HrFlow's words\u00a0».",
    )
    wait_for(page, "good.pdf", "envoyé")
    assistant.drop("held.pdf")
    wait_for(page, "held.pdf", "Bloqué", "HrFlow a refusé la clé d’API")
    page.locator("#held", has_text="HrFlow a refusé la clé d’API").wait_for()
    page.locator("#held h3", has_text="1 fichier est bloqué").wait_for()
    page.locator("#headline", has_text="3 fichiers demandent votre attention").wait_for()
    see_no_english(page)
    see_all_buttons(page)

    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    table = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert table[0].startswith("state;label;path;why;")
    assert any(
        line.startswith("refused;Non accepté;")
        and "setup.exe;Ce fichier est un programme, pas un document." in line
        for line in table
    )

    details(page, "bad.pdf")
    page.locator("#d-story li", has_text="HrFlow a refusé ce fichier (400)").wait_for()
    see_no_english(page)
    page.keyboard.press("Escape")

    go(page, "folders")
    page.locator("#folder-list article").wait_for()
    for path, answer in (
        (assistant.desk.folder / "setup.exe", "est un programme, pas un document"),
        (assistant.desk.folder / "none.pdf", "est introuvable\u00a0; vérifiez le chemin"),
        (assistant.desk.folder, "C’est un dossier. Choisissez les fichiers"),
        ("a.pdf", "Indiquez le chemin complet du fichier."),
    ):
        page.locator("#check-path").fill(str(path))
        page.locator("#check-path").press("Enter")
        page.locator("#verdict", has_text=answer).wait_for()
        see_no_english(page)

    go(page, "health")
    page.locator("#findings", has_text="Le programme est en marche, mais ne démarre pas").wait_for()
    page.locator("#checks summary").click()
    page.wait_for_function("() => document.querySelectorAll('#lines li').length > 15")
    see_no_english(page)

    go(page, "setup")
    page.locator("#setup").wait_for()
    page.get_by_label("Clé d’API").fill("this is no key")
    page.get_by_role("button", name="Tester la clé").click()
    page.locator("#key + .mistake", has_text="Ce n’est pas une clé d’API").wait_for()
    page.get_by_label("Dossier à surveiller").fill("relative")
    page.get_by_role("button", name="Afficher les modifications").click()
    page.locator(
        ".mistake", has_text="relative n’est pas un chemin complet. Commencez par"
    ).wait_for()
    see_no_english(page)
    page.get_by_label("Dossier à surveiller").fill("~")
    page.get_by_role("button", name="Afficher les modifications").click()
    page.locator(".mistake", has_text="est votre dossier personnel").wait_for()
    see_no_english(page)
    assert page.problems == []


def test_the_help_and_the_report_are_in_french(assistant):
    assistant.start()
    assistant.drop("good.pdf")
    page = assistant.open("help", locale="fr-FR")
    page.get_by_role("heading", name="Raccourcis clavier").wait_for()
    see_no_english(page)
    go(page, "activity")
    page.locator("#report summary").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Cette semaine").click()
    report = download.value.path().read_text(encoding="utf-8")
    assert "CV ajoutés\u00a0: semaine du " in report
    assert "dim." in report


def test_commands_speak_english_to_the_same_program(assistant):
    """What stands in a script, and is read by a program, does not change with the system."""
    assistant.start()
    assistant.drop("setup.exe", b"MZ" + b"\0" * 100)
    assistant.eventually(lambda: assistant.channel().get("/api/now")["now"]["groups"]["attention"])
    now = assistant.channel().get("/api/now")["now"]
    assert now["headline"] == "1 file needs attention"
    assert now["attention"][0]["remark"].startswith("This file is a program, not a document.")


def test_a_chosen_language_is_kept_by_the_program(person):
    process = person.start()
    page = person.open("health")
    page.locator("#language").select_option(label="Français")
    page.locator("h2", has_text="Diagnostic").wait_for()
    assert page.evaluate("document.documentElement.lang") == "fr"
    assert page.url.endswith("#health")
    with contextlib.closing(Reader(person.places.journal)) as reader:
        person.eventually(lambda: reader.language() == "fr")
    now = person.channel().get("/api/now")["now"]
    assert now["headline"] == "Up to date", "commands are answered in English"
    process.end()
    person.start()
    page = person.open()
    page.locator("#language").select_option(label="Système")
    page.locator("footer", has_text="Language").wait_for()
    assert page.problems == []
