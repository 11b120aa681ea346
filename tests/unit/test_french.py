"""Icon, menu, notifications and files for a spreadsheet in French, and how the language is found."""

import math
from datetime import date, datetime

import pytest
from msgspec.structs import replace

from watcher.i18n.languages import catalog, first_of_list, system_language
from watcher.i18n.message import ENGLISH, NOTHING, msg
from watcher.model.entries import Entry
from watcher.model.kinds import State
from watcher.model.reasons import monthly_limit_why
from watcher.model.settings import Notifications, for_account
from watcher.model.snapshot import ActiveHold, Snapshot, Watched
from watcher.page.auth import TOKEN, AuthMiddleware, Sessions
from watcher.present.menu import menu
from watcher.present.notifications import (
    HELD_SECONDS,
    LONGEST_DELAY,
    OFFLINE_SECONDS,
    NotificationTracker,
)
from watcher.present.report import Span, make_period
from watcher.present.status import headline

FR = catalog("fr_FR.UTF-8")
NOON = datetime(2026, 3, 5, 12, 0).timestamp()  # noqa: DTZ001 - local, as people read it
DAY = 86_400
REFUSED = Entry(
    1,
    "/cvs",
    "/cvs/outil.exe",
    State.REFUSED,
    msg(
        "This file is {what}, not a document. Add the document instead, or ignore this file.",
        what=msg("a program"),
    ),
    changed_at=2.0,
)
NO_KEY = ActiveHold(
    "credential:lyon", msg("There is no API key{whose}.", whose=for_account("lyon")), 3
)
FOLDER = Watched(
    "/cvs",
    "default",
    "k",
    msg("{path} doesn't exist.", path="/cvs"),
)
FULL = Snapshot(
    at=NOON, version="1.0", counts={State.REFUSED: 1234}, attention=(REFUSED,), holds=(NO_KEY,),
    watched=(FOLDER,),
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"paused_until": NOON + 60}, "En pause jusqu’à 12:01"),
        ({"paused_until": NOON + DAY}, "En pause jusqu’au 6 mars 2026 à 12:00"),
        ({"paused_until": math.inf}, "En pause"),
        ({"offline_since": NOON - 60}, "Hors ligne depuis 11:59"),
        ({"offline_since": NOON - DAY}, "Hors ligne depuis le 4 mars 2026 à 12:00"),
        ({"today": 12345}, "À jour · 12\u202f345 aujourd’hui"),
    ],
)
def test_days_and_numbers_have_their_french_form(changes, line):
    assert headline(replace(Snapshot(at=NOON), **changes), FR) == line


def test_dates_in_sentences_have_their_french_form():
    why = monthly_limit_why(NOTHING, 2000, NOON)
    assert FR(why) == (
        "La limite mensuelle de 2\u202f000 envois est atteinte. Les fichiers attendent jusqu’au"
        " 1 avril 2026, ou jusqu’à votre approbation."
    )
    period = make_period(Span.WEEK, date(2026, 3, 5))
    assert FR(period.title) == "semaine du 2 mars 2026 au 8 mars 2026"
    assert ENGLISH(period.title) == "week from March 2, 2026 to March 8, 2026"
    assert FR(make_period(Span.MONTH, date(2026, 3, 5)).title) == "mars 2026"


def all_texts(items):
    for item in items:
        yield item.text
        yield from all_texts(item.items)


def test_the_menu_gives_its_reasons_in_french():
    shown = list(all_texts(menu(FULL, FR)))
    assert any(each.startswith("Ce fichier est un programme, pas un document.") for each in shown)
    assert "Il n’y a pas de clé d’API pour le compte «\u00a0lyon\u00a0»." in shown
    assert "/cvs n’existe pas." in shown
    assert "Afficher 1\u202f233 de plus…" in shown


def told(snapshot, after):
    notices = NotificationTracker(FR)
    notices.update(Snapshot(at=NOON), Notifications(), 0.0, 0.0)
    notices.update(snapshot, Notifications(), 0.0, 1.0)
    found = notices.update(snapshot, Notifications(), 0.0, after)
    return [found.title, *found.text.splitlines()]


def test_messages_give_their_reasons_in_french():
    one = replace(FULL, counts={State.REFUSED: 1})
    assert told(one, LONGEST_DELAY + HELD_SECONDS) == [
        "3 fichiers sont bloqués",
        "Il n’y a pas de clé d’API pour le compte «\u00a0lyon\u00a0».",
        "Pour y remédier, ouvrez la page de configuration.",
        "outil.exe n’a pas été accepté",
    ]


def test_an_offline_of_days_is_told_with_its_day():
    snapshot = Snapshot(at=NOON, offline_since=NOON - DAY, counts={State.WAITING: 5})
    assert told(snapshot, OFFLINE_SECONDS + 2) == [
        "HrFlow est injoignable depuis le 4 mars 2026 à 12:00",
        "5 fichiers attendent\u00a0; ils seront envoyés automatiquement.",
    ]


# -- who is spoken to


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "Ouvrez cette page"),
        ({f"HTTP_{TOKEN.replace('-', '_').upper()}": "wrong"}, "Open this page"),
    ],
)
def test_who_is_not_let_in_hears_it_in_the_right_language(headers, said, monkeypatch):
    monkeypatch.setattr("watcher.page.auth.is_other_user", lambda *_: False)
    guard = AuthMiddleware(lambda *_: [], Sessions(lambda: 0.0, "token", lambda _: None), 80, FR)
    environ = {"HTTP_HOST": "127.0.0.1:80", "REMOTE_ADDR": "127.0.0.1", "REMOTE_PORT": "1",
               "REQUEST_METHOD": "GET", "PATH_INFO": "/", **headers}  # fmt: skip
    (body,) = guard(environ, lambda *_: None)
    assert body.decode().startswith(said)


# -- the system's language


def never(platform):
    raise AssertionError(platform)


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({"LC_ALL": "fr_FR.UTF-8", "LANG": "en_GB.UTF-8"}, "fr_FR.UTF-8"),
        ({"LC_MESSAGES": "fr_CA", "LANG": "en_GB.UTF-8"}, "fr_CA"),
        ({"LC_ALL": "", "LANG": "en_GB.UTF-8"}, "en_GB.UTF-8"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "fr:en"}, "fr"),
        ({"LC_ALL": "C", "LANGUAGE": "fr"}, ""),  # as scripts want it
        ({"LANG": "C.UTF-8"}, "fr_FR.UTF-8"),  # a service manager's own, if it was told nothing
        ({}, "fr_FR.UTF-8"),
    ],
)
def test_the_environment_says_it_and_else_the_machine_does(environ, language, tmp_path):
    locale = tmp_path / "locale"
    locale.write_text('# written by an installer\nexport LANG="fr_FR.UTF-8"\n')
    files = (str(tmp_path / "missing"), str(locale))
    assert system_language(environ, "linux", files=files, ask=never) == language


def test_a_machine_that_says_nothing_speaks_english(tmp_path):
    locale = tmp_path / "locale"
    locale.write_text("LANG=C.UTF-8\nnonsense\n")
    assert system_language({}, "linux", files=(str(locale), str(tmp_path)), ask=never) == ""


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_windows_and_macos_are_asked_for_it(platform):
    assert system_language({}, platform, ask=lambda asked: f"fr-{asked}") == f"fr-{platform}"
    assert system_language({"LANG": "en_GB"}, platform, ask=never) == "en_GB"


def test_the_first_of_the_languages_of_macos_counts():
    assert first_of_list('(\n    "fr-FR",\n    "en-FR"\n)\n') == "fr-FR"
    assert first_of_list("(\n    de,\n)\n") == "de"
    assert first_of_list("()") == ""
