"""Draws the README's pictures of the page anew: ``python -m tests.pictures.page``.

The real program works on made-up files against the sandbox, and the real page is photographed;
only the candidates' names and earlier days are put into the journal by hand.
"""

import contextlib
import datetime as dt
import os
import pathlib
import sqlite3
import tempfile

from playwright.sync_api import sync_playwright

from tests.support.browser import CHROMIUM, QUIET, Person
from tests.support.desk import Desk
from tests.support.waiting import wait_until
from watcher import sandbox as sb

ROOT = pathlib.Path(__file__).resolve().parents[2]
PICTURES = ROOT / "installers" / "pictures"
PEOPLE = (
    "Aisha Rahman", "Jean-Élodie Martin", "Łukasz Wójcik", "María José García", "Søren Ågård",
    "Fatima Zahra", "John O'Brien", "Mai Nguyen", "Noor Haddad", "Émile Dubois", "Ana Souza",
)  # fmt: skip
REFUSE = sb.Fault(
    kind=sb.Kind.STATUS, status=400, message="the file has a password", file_name="scan*"
)


def eventually(condition, why=""):
    assert wait_until(condition), why
    return condition()


def make_history(path):
    """Names of the candidates, and how many files arrived on the days before."""
    today = dt.datetime.now(tz=dt.UTC).astimezone().date()
    with contextlib.closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as journal:
        for number, person in enumerate(PEOPLE):
            journal.execute(
                "UPDATE files SET profile_name = ?, profile_key = ?, size = ? WHERE name = ?",
                (person, f"{number * 7919 + 13:040x}"[::-1], 90_000 + number * 31_337,
                 f"CV {person}.pdf".encode()),
            )  # fmt: skip
        for back in range(1, 30):
            day = today - dt.timedelta(days=back)
            arrived = 0 if day.weekday() > 4 else 11 + back * 37 % 41
            journal.execute("INSERT OR REPLACE INTO days VALUES (?, ?)", (str(day), arrived))


def photograph(person, name, **options):
    page = person.open(**options)
    page.wait_for_selector("#rows tr")
    page.wait_for_function("() => document.fonts.status === 'loaded'")
    (PICTURES / name).write_bytes(page.screenshot())


def main():
    with (
        tempfile.TemporaryDirectory(prefix="ada-") as place,
        sb.Sandbox(parse_seconds=0.1) as sandbox,
    ):
        desk = Desk(pathlib.Path(place), sandbox)
        sandbox.faults.set(REFUSE)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
            person = Person(desk, browser, eventually)
            person.start()
            for name in ("scan 0017", *(f"CV {each}" for each in reversed(PEOPLE))):
                person.drop(f"{name}.pdf")
                eventually(lambda: person.channel().get("/api/now")["now"]["total"] == 0)
            eventually(lambda: len(desk.arrived()) == len(PEOPLE))
            eventually(lambda: person.channel().get("/api/now")["now"]["groups"]["attention"])
            eventually(
                lambda: (
                    person.channel().get("/api/now")["now"]["counts"].get("parsed") == len(PEOPLE)
                )
            )
            make_history(person.places.journal)
            photograph(person, "page.png", viewport={"width": 1180, "height": 880})
            photograph(
                person, "page-narrow.png", color_scheme="dark",
                viewport={"width": 360, "height": 720},
            )  # fmt: skip
            person.close()
            browser.close()
        for process in desk.processes:
            process.end()


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
