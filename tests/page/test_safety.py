"""What the page shows of others' texts, and who can use it."""

import contextlib
import sqlite3

from tests.support.browser import details, names, row, see_no_problem, wait_for
from tests.support.waiting import PATIENCE
from watcher import sandbox as sb

SCRIPT_NAME = "bad <img src=x onerror=alert(1)>.pdf"
REFUSE = sb.Fault(
    kind=sb.Kind.STATUS, status=400, message="<script>alert(2)</script>", file_name="bad*"
)


def call_the_candidate(person, name):
    """What HrFlow could say of a candidate; the sandbox reads no such names."""
    connected = sqlite3.connect(person.places.journal, timeout=PATIENCE, isolation_level=None)
    with contextlib.closing(connected) as journal:
        journal.execute("UPDATE files SET profile_name = ?", (name,))


def test_names_and_messages_of_others_stay_texts(person):
    person.desk.sandbox.faults.set(REFUSE)
    person.start()
    person.drop(SCRIPT_NAME)
    page = person.open()
    opened = []
    page.on("dialog", lambda dialog: (opened.append(dialog.message), dialog.dismiss()))
    wait_for(page, SCRIPT_NAME, "refused")
    call_the_candidate(
        person, "Eve <img src=x onerror=alert(3)> </script><script>alert(4)</script>"
    )
    assert names(page) == [SCRIPT_NAME]
    assert "<script>alert(2)</script>" in row(page, SCRIPT_NAME).locator(".c-state").inner_text()
    details(page, SCRIPT_NAME)
    page.reload()
    page.locator("#rows tr").wait_for()
    assert "Eve <img src=x" in row(page, SCRIPT_NAME).locator(".c-candidate").inner_text()
    assert page.locator("main img, main script").count() == 0
    assert opened == []
    see_no_problem(page)


def test_a_foreign_page_can_neither_frame_it_nor_ask_it_anything(person, browser):
    """What a page of another origin, open in the same browser, gets."""
    person.start()
    page = person.open()
    base = page.url.partition("#")[0]
    other = page.context.new_page()
    other.goto(person.desk.sandbox.origin + "/")
    answer = other.evaluate(
        "(url) => fetch(url, {credentials: 'include'}).then((a) => a.text(), () => 'nothing')",
        base + "api/files",
    )
    assert answer == "nothing"
    done = other.evaluate(
        "(url) => fetch(url, {method: 'POST', mode: 'no-cors', credentials: 'include', body: '{}'})"
        ".then(() => 'sent', () => 'nothing')",
        base + "api/pause",
    )
    assert done in ("sent", "nothing")
    assert not person.channel().get("/api/now")["now"]["paused"]
    other.evaluate(
        "(url) => { const f = document.createElement('iframe'); f.src = url; document.body.append(f) }",
        base,
    )
    frame = other.locator("iframe").element_handle().content_frame()
    assert frame is None or frame.locator("#headline").count() == 0
    other.close()
    alone = browser.new_context()
    stranger = alone.new_page()
    answer = stranger.goto(base)
    assert (answer.status, "Open this page" in stranger.content()) == (403, True)
    alone.close()


def test_a_link_lets_in_once(person, browser):
    person.start()
    link = person.channel().post("/api/link")["link"]
    contexts = [browser.new_context(), browser.new_context()]
    first, second = (context.new_page() for context in contexts)
    first.goto(link)
    first.wait_for_selector("#headline:not(:empty)")
    assert second.goto(link).status == 403
    assert first.evaluate("document.cookie") == ""
    for context in contexts:
        context.close()
