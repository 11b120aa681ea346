"""The activity page in a real browser: what a person sees, does, and can do without a mouse."""

import contextlib
import functools
import re
import sqlite3

import pytest

from tests.support.browser import details, names, row, rows, see_no_problem, wait_for
from tests.support.mails import mail, pdf, save
from tests.support.waiting import PATIENCE
from watcher import sandbox as sb
from watcher.journal.writer import Journal
from watcher.model.entries import Stat
from watcher.model.files import Candidate
from watcher.model.kinds import Sign, State

REFUSE = sb.Fault(
    kind=sb.Kind.STATUS, status=400, message="<script>alert(2)</script>", file_name="bad*"
)
#: Whether the files of the list have these names, in this order.
SORTED_NAMES = "(n) => [...document.querySelectorAll('.c-name:not(th)')].map((e) => e.textContent).join() === n"


def test_dropped_files_appear_and_turn_into_ticks_without_a_reload(person):
    person.start()
    page = person.open()
    page.locator("#none", has_text="No files uploaded yet").wait_for(state="attached")
    person.drop("Aisha Rahman.pdf")
    wait_for(page, "Aisha Rahman.pdf", "sent")
    page.locator("#headline", has_text="Up to date · 1 today").wait_for()
    tags = row(page, "Aisha Rahman.pdf").locator(".c-tags")
    assert tags.inner_text().split() == ["office=Paris", "+1"]
    assert tags.get_attribute("title") == "office=Paris, urgent=true"
    handle = row(page, "Aisha Rahman.pdf").element_handle()
    person.drop("Second.pdf")
    wait_for(page, "Second.pdf", "sent")
    assert names(page) == ["Second.pdf", "Aisha Rahman.pdf"]
    assert handle.is_visible(), "a line that stays is not drawn anew: nothing flickers"
    bars = page.locator("#chart .hit")
    page.locator("#chart .hit[aria-label$=': 2']").wait_for()
    assert (bars.count(), bars.last.get_attribute("aria-label")[-3:]) == (30, ": 2")
    see_no_problem(page)


def test_an_email_tells_what_became_of_the_documents_inside(person):
    person.start()
    save(person.desk.folder, "mail.eml", mail(("CV.pdf", pdf("cv")), ("notes.txt", b"notes")))
    page = person.open()
    wait_for(page, "CV.pdf", "sent")
    wait_for(page, "notes.txt", "refused")
    details(page, "mail.eml")
    inside = page.get_by_role("dialog").locator("#d-parts li")
    inside.filter(has_text="CV.pdf · Uploaded").or_(
        inside.filter(has_text="CV.pdf · Parsed")
    ).wait_for()
    inside.filter(has_text="This file is a text file. Save it as PDF or Word.").wait_for()
    inside.get_by_role("button", name="CV.pdf").click()
    page.wait_for_function("() => document.activeElement.id === 'd-close'")
    assert page.locator("#d-inside").is_hidden()
    assert "mail.eml/CV.pdf" in page.locator("#d-facts").inner_text()
    page.locator("#d-facts").get_by_role("button", name="mail.eml").click()
    inside.filter(has_text="notes.txt").wait_for()
    see_no_problem(page)


def test_a_refused_file_is_looked_into_and_tried_again(person):
    person.desk.sandbox.faults.set(REFUSE)
    person.start()
    person.drop("bad one.pdf")
    page = person.open()
    wait_for(page, "bad one.pdf", "refused")
    person.desk.sandbox.faults.clear()
    details(page, "bad one.pdf")
    dialog = page.get_by_role("dialog")
    story = dialog.locator("#d-story li")
    assert re.search("Not accepted", story.last.inner_text())
    dialog.get_by_role("button", name="Retry").click()
    dialog.locator("#d-state", has_text="Uploaded").wait_for()
    story.last.locator("text=Uploaded").first.wait_for()
    page.keyboard.press("Escape")
    wait_for(page, "bad one.pdf", "sent")
    assert page.evaluate("document.activeElement.textContent") == "bad one"
    see_no_problem(page)


def test_what_is_done_in_the_details_is_undone_there(person):
    person.desk.sandbox.faults.set(REFUSE)
    person.start()
    person.drop("bad one.pdf")
    page = person.open()
    wait_for(page, "bad one.pdf", "refused")
    page.locator("#held h3", has_text="bad one.pdf was not accepted").wait_for()
    details(page, "bad one.pdf")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Ignore").click()
    dialog.locator(".toast", has_text="1 file will be ignored.").wait_for()
    dialog.get_by_role("button", name="Undo").click()
    dialog.locator(".toast", has_text="Undone.").wait_for()
    assert page.evaluate("document.activeElement.id") == "d-close"
    page.keyboard.press("Escape")
    page.locator("body > .toasts").wait_for(state="attached")
    dialog.wait_for(state="hidden")
    wait_for(page, "bad one.pdf", "refused")
    see_no_problem(page)


def test_several_are_chosen_and_ignored_and_all_with_one_reason_tried_again(person):
    person.desk.sandbox.faults.set(REFUSE)
    person.start()
    for number in range(4):
        person.drop(f"bad {number}.pdf")
    page = person.open("attention")
    page.locator("#rows tr").nth(3).wait_for()
    pressed = page.locator('#counts [aria-pressed="true"]')
    assert pressed.get_attribute("data-group") == "attention"
    for number in (0, 1):
        page.get_by_role("checkbox", name=f"Select bad {number}.pdf").check()
    page.locator("#selected").get_by_role("button", name="Ignore 2 files").click()
    page.locator(".toast", has_text="2 files will be ignored.").wait_for()
    rows(page, 2)
    person.desk.sandbox.faults.clear()
    card = page.locator("#held .notice", has_text="2 files were not accepted")
    with page.expect_response("**/api/show") as answer:
        card.get_by_role("button", name="Open folder").click()
    assert answer.value.json() == {"shown": 1, "folders": 1}
    card.get_by_role("button", name="Retry 2 files").click()
    page.locator(".toast", has_text="2 files will be retried.").wait_for()
    rows(page, 0)
    page.locator("#none", has_text="No matching files").wait_for()
    page.locator("#counts button", has_text="Skipped").click()
    wait_for(page, "bad 0.pdf", "ignored")
    see_no_problem(page)


def test_what_was_done_to_many_is_undone(person):
    person.desk.sandbox.faults.set(REFUSE)
    person.start()
    for number in range(3):
        person.drop(f"bad {number}.pdf")
    person.drop("fine.pdf")
    page = person.open()
    card = page.locator("#held .notice", has_text="3 files were not accepted")
    card.wait_for()
    page.locator("#headline", has_text="3 files need attention").wait_for()
    card.get_by_role("button", name="Show 3 files").click()
    rows(page, 3)
    page.locator("#only").get_by_role("button", name="Show all").click()
    card.get_by_role("button", name="Ignore 3 files").click()
    page.locator(".toast").get_by_role("button", name="Undo").click()
    page.locator(".toast", has_text="Undone.").wait_for()
    page.locator(".toast").wait_for(state="detached")
    card.get_by_role("button", name="Ignore 3 files").focus()
    page.keyboard.press("Enter")
    page.locator(".toast button").wait_for()
    page.keyboard.press("Control+z")
    page.locator(".toast", has_text="Undone.").wait_for()
    card.get_by_role("button", name="Ignore 3 files").click()
    page.locator(".toast", has_text="3 files will be ignored.").wait_for()
    page.close()
    ignored = functools.partial(person.channel().get, "/api/files?state=ignored")
    person.eventually(lambda: len(ignored()["files"]) == 3, "a closed page changes nothing")


def test_the_focus_goes_on_to_the_content_when_its_card_disappears(person):
    person.desk.sandbox.faults.set(REFUSE)
    person.start()
    person.drop("bad one.pdf")
    page = person.open()
    page.locator("#held").get_by_role("button", name="Ignore 1 file").press("Enter")
    page.locator("#held .notice").wait_for(state="detached")
    page.wait_for_function("() => document.activeElement.id === 'main'")
    see_no_problem(page)


def test_a_wrong_key_is_one_card_that_leads_to_its_field(person):
    person.desk.sandbox.faults.set(sb.Fault(kind=sb.Kind.STATUS, status=401, message="Invalid key"))
    person.start()
    for number in range(3):
        person.drop(f"{number}.pdf")
    page = person.open()
    card = page.locator("#held .notice", has_text="3 files are on hold")
    card.wait_for()
    page.locator("#headline", has_text="3 files are on hold").wait_for()
    page.locator("#counts button", has_text="Needs attention").locator("b", has_text="3").wait_for()
    card.get_by_role("link", name="Fix the key").click()
    page.wait_for_function("() => document.activeElement.id === 'key'")
    page.locator("nav").get_by_role("link", name="Activity").click()
    person.desk.sandbox.faults.clear()
    card.get_by_role("button", name="Retry 3 files").click()
    card.wait_for(state="detached")
    wait_for(page, "0.pdf", "sent")


def test_a_missing_folder_has_a_card_and_is_in_the_headline(person):
    missing = person.desk.root / "missing"
    person.desk.configure(f'[[folders]]\npath = "{missing}"\nsource_key = "{sb.SALES.key}"\n')
    person.start()
    page = person.open()
    card = page.locator("#held .notice", has_text="A folder can't be watched")
    assert card.locator("p").inner_text().startswith(str(missing)), "its path is not altered"
    page.locator("#headline", has_text="1 folder can't be watched").wait_for()
    person.channel().post("/api/pause")
    page.locator("#headline", has_text="Paused · 1 folder can't be watched").wait_for()
    card.get_by_role("link", name="Edit folders").click()
    page.locator("#folder-list .bad", has_text=str(missing)).wait_for()
    see_no_problem(page)


def test_the_chart_tells_its_values_and_leads_to_the_files_of_a_day(person):
    person.start()
    person.drop("a.pdf")
    page = person.open()
    wait_for(page, "a.pdf", "sent")
    page.locator("#chart .hit[aria-label$=': 1']").hover()
    page.locator("#chart-value", has_text=": 1").wait_for()
    page.get_by_role("button", name="Week").click()
    page.wait_for_function("() => document.querySelectorAll('#chart .hit').length === 7")
    page.locator("#chart .hit").last.focus()
    page.keyboard.press("ArrowLeft")
    page.locator("#chart-value", has_text=": 0").wait_for()
    page.keyboard.press("Enter")
    rows(page, 0)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    rows(page, 1)
    page.get_by_role("button", name="Year").click()
    bars = page.locator("#chart .hit")
    bars.locator("nth=11").wait_for()
    assert bars.count() == 12, "whole months"
    assert bars.last.get_attribute("aria-label").endswith(": 1")
    see_no_problem(page)


def test_the_chart_is_seen_by_source_and_the_report_downloaded(person):
    other = person.desk.root / "other"
    other.mkdir()
    person.desk.configure(
        f'[[folders]]\npath = "{other}"\nsource_key = "{sb.SALES.key}"\nsettle_seconds = 0.3\n'
    )
    person.start()
    person.drop("a.pdf")
    (other / "b.pdf").write_bytes(b"%PDF-1.4\n%b\n%%EOF\n")
    person.eventually(lambda: len(person.desk.arrived()) == 2)
    page = person.open()
    sales = page.locator("#sources").get_by_role("button", name="Sales")
    page.locator("#chart .hit[aria-label$=': 2']").wait_for()
    sales.focus()
    page.keyboard.press("Enter")
    page.locator("#chart .hit[aria-label$=': 1']").wait_for()
    assert sales.get_attribute("aria-pressed") == "true"
    assert page.evaluate("document.activeElement.dataset.key") == sb.SALES.key
    page.locator("#chart .hit").last.click()
    page.locator("#only", has_text="Source: Sales").wait_for()
    rows(page, 1)
    assert names(page) == ["b.pdf"]
    page.locator("#only").get_by_role("button", name="Show all").click()
    rows(page, 2)
    page.locator("#report summary").click()
    with page.expect_download() as download:
        page.locator("#report").get_by_role("link", name="This week").click()
    assert re.fullmatch(r"cvs-week-\d{4}-\d\d-\d\d\.html", download.value.suggested_filename)
    with open(download.value.path(), encoding="utf-8") as file:
        text = file.read()
    assert str(other) in text
    assert "2 files" in text
    assert page.locator("#report a").first.is_hidden()
    see_no_problem(page)


def test_a_profiles_key_is_copied_with_one_click(person):
    person.start()
    person.drop("a.pdf")
    page = person.open()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    wait_for(page, "a.pdf", "parsed")
    row(page, "a.pdf").get_by_role("button", name="Copy the profile key").click()
    page.locator("#said", has_text="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == person.channel().get("/api/files")["files"][0]["profile"]
    see_no_problem(page)


def test_files_are_sorted_filtered_by_date_and_shown_with_more_columns(person):
    person.start()
    for name in ("b.pdf", "a.pdf", "c.pdf"):
        person.drop(name)
        person.eventually(lambda name=name: name in [
            each["name"] for each in person.channel().get("/api/files?state=arrived")["files"]
        ])  # fmt: skip
    page = person.open()
    rows(page, 3)
    heads = page.locator("#files thead")
    heads.get_by_role("button", name="File").click()
    page.wait_for_function(SORTED_NAMES, arg="a.pdf,b.pdf,c.pdf")
    assert heads.locator("[aria-sort]").get_attribute("aria-sort") == "ascending"
    heads.get_by_role("button", name="File").click()
    page.wait_for_function(SORTED_NAMES, arg="c.pdf,b.pdf,a.pdf")
    assert row(page, "a.pdf").locator(".c-type").is_hidden()
    page.locator("#column-menu summary").click()
    page.get_by_role("checkbox", name="Type").check()
    assert row(page, "a.pdf").locator(".c-type").inner_text() == "PDF"
    page.keyboard.press("Escape")
    page.reload()
    row(page, "a.pdf").locator(".c-type", has_text="PDF").wait_for()
    page.locator("#period").select_option("7")
    rows(page, 3)
    page.locator("#period").select_option("dates")
    page.locator("#until").fill("2020-01-01")
    rows(page, 0)
    page.locator("#period").select_option("")
    rows(page, 3)
    page.locator("h1").click(force=True)
    page.keyboard.press("?")
    page.get_by_role("heading", name="Keyboard shortcuts").wait_for()
    page.wait_for_function("() => document.activeElement.id === 'h-help'")
    page.keyboard.press("/")
    page.wait_for_function("() => document.activeElement.id === 'text'")
    see_no_problem(page)


def test_in_a_narrow_window_the_list_comes_before_the_chart(person):
    person.start()
    person.drop("a.pdf")
    page = person.open(viewport={"width": 360, "height": 800})
    wait_for(page, "a.pdf", "sent")
    assert page.locator("#chart").bounding_box()["y"] > page.locator("#files").bounding_box()["y"]


def test_on_a_phone_the_list_can_be_sorted(person):
    person.start()
    for name in ("b.pdf", "a.pdf", "c.pdf"):
        person.drop(name)
        person.eventually(lambda name=name: person.desk.read_json("history", name))
    page = person.open(viewport={"width": 360, "height": 800})
    rows(page, 3)
    page.get_by_role("columnheader", name="File").get_by_role("button").click()
    page.wait_for_function(SORTED_NAMES, arg="a.pdf,b.pdf,c.pdf")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_search_and_filters_work_as_one_types_and_pages_are_turned(person):
    person.start()
    for number in range(60):
        person.drop(f"cv {number:02}.pdf")
    person.eventually(lambda: len(person.desk.arrived()) == 60)
    page = person.open()  # with all of them, or the second page would begin where some are missing
    rows(page, 50)
    page.get_by_role("button", name="Older").click()
    rows(page, 10)
    page.locator("#where", has_text="Page 2").wait_for()
    page.get_by_role("button", name="Newer").click()
    page.locator("#text").fill("CV 07")
    rows(page, 1)
    assert names(page) == ["cv 07.pdf"]
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == "cvs.csv"
    page.locator("#text").fill("nobody")
    page.locator("#none:not([hidden])").wait_for()
    see_no_problem(page)


def test_a_pause_is_begun_and_ended(person):
    person.start()
    page = person.open()
    page.locator("#pause summary").click()
    page.keyboard.press("Escape")
    assert page.get_by_role("button", name="1 hour").is_hidden()
    page.keyboard.press("Enter")  # it has the focus still
    page.keyboard.press("Tab")
    assert not person.channel().get("/api/now")["now"]["paused"], "nothing is done on the way"
    page.keyboard.press("Enter")
    page.locator("#headline", has_text="Paused until").wait_for()
    assert page.get_by_role("button", name="1 hour").is_hidden()
    person.drop("a.pdf")
    wait_for(page, "a.pdf", "queued")
    page.get_by_role("button", name="Resume").click()
    wait_for(page, "a.pdf", "sent")
    see_no_problem(page)


def test_files_that_were_there_first_wait_for_a_yes(person):
    person.desk.configure('existing = "ask"')
    for name in ("a.pdf", "b.pdf"):
        person.drop(name)
    person.start()
    page = person.open()
    page.locator("#held", has_text="Already in").wait_for()
    page.get_by_role("button", name="Upload all 2 files").click()
    wait_for(page, "a.pdf", "sent")
    wait_for(page, "b.pdf", "sent")
    page.locator("#held .notice").wait_for(state="detached")
    see_no_problem(page)


def test_very_many_new_files_wait_for_a_yes_or_are_skipped(person, eventually):
    person.desk.configure("ask_above = 2")
    person.start()
    person.drop("first.pdf")
    eventually(lambda: len(person.desk.arrived()) == 1)
    for number in range(7):
        person.drop(f"{number}.pdf")
    page = person.open()
    page.locator("#held", has_text="waiting for your approval").wait_for()
    eventually(lambda: set(person.desk.states()) <= {"held", "accepted", "parsed"})
    waiting = person.desk.states().count("held")
    card = page.locator("#held .notice", has_text=f"{waiting} files (")
    card.get_by_role("button", name=f"Ignore {waiting} files").click()
    page.locator(".toast", has_text=f"{waiting} files will be ignored").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.locator(".toast", has_text="Undone").wait_for()
    assert person.desk.states().count("held") == waiting
    card.get_by_role("button", name=f"Upload all {waiting} files").click()
    page.locator(".toast", has_text=f"{waiting} files will be uploaded").wait_for()
    eventually(lambda: len(person.desk.arrived()) == 8)
    page.locator("#held .notice").wait_for(state="detached")
    see_no_problem(page)


def test_folders_a_file_in_question_and_health_are_shown(person):
    person.desk.configure('[[folders.rules]]\nmatch = "private/**"\nignore = true')
    person.start()
    path = person.drop("question.pdf")
    page = person.open("folders")
    assert page.locator("#folder-list h3").inner_text() == str(person.desk.folder)
    assert "private/** → ignored" in page.locator("#folder-list ol").inner_text()
    page.get_by_label("What would happen to this file?").fill(str(path) + ".not")
    page.get_by_role("button", name="Check").click()
    page.locator("#verdict", has_text="question.pdf.not was not found").wait_for()
    page.get_by_label("What would happen to this file?").fill(str(path))
    page.keyboard.press("Enter")
    page.locator("#verdict", has_text="a PDF document").wait_for()
    page.locator("nav").get_by_role("link", name="Setup").click()
    chosen = page.locator('#places [data-is="source"] option:checked')
    chosen.wait_for(state="attached")
    assert chosen.inner_text() == "Engineering", "the key that is there is asked for names"
    page.get_by_role("button", name="Show changes").click()
    page.locator("#difference", has_text="No changes.").wait_for()
    page.get_by_role("link", name="Health").click()
    page.locator("#checks summary").click()
    page.locator("#lines li", has_text="HrFlow").first.wait_for()
    assert "Key accepted" in page.locator("#lines").inner_text()
    see_no_problem(page)


def test_a_source_is_called_by_its_name_once_that_is_known(person):
    person.start()
    path = person.drop("a.pdf")
    page = person.open()
    row(page, "a.pdf").locator(".c-source", has_text="Engineering").wait_for()
    page.locator("nav").get_by_role("link", name="Folders").click()
    page.locator("#folder-list dd", has_text="Engineering").wait_for()
    assert sb.ENGINEERING.key not in page.locator("#folder-list").inner_text()
    other = path.with_name("b.pdf.part")
    other.write_bytes(path.read_bytes() + b"%more\n%%EOF\n")
    person.channel().post("/api/pause")
    other.rename(path.with_name("b.pdf"))
    page.get_by_label("What would happen to this file?").fill(str(path.with_name("b.pdf")))
    page.get_by_role("button", name="Check").click()
    page.locator("#verdict", has_text="would be uploaded to Engineering").wait_for()
    page.locator("#verdict summary").click()
    page.locator("#verdict dd", has_text=f"Engineering ({sb.ENGINEERING.key})").wait_for()
    see_no_problem(page)


def test_everything_can_be_done_by_keyboard_alone(person):
    person.desk.sandbox.faults.set(REFUSE)
    person.start()
    person.drop("bad one.pdf")
    person.drop("fine.pdf")
    page = person.open()
    wait_for(page, "bad one.pdf", "refused")
    wait_for(page, "fine.pdf", "sent")

    def tab_to(wanted):
        for _ in range(60):
            page.keyboard.press("Tab")
            said = page.evaluate(
                "((e) => [e.id, e.textContent.trim(), e.getAttribute('aria-label')])"
                "(document.activeElement)"
            )
            if wanted in said:
                return
        raise AssertionError(f"{wanted} cannot be reached")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.locator(".skip").bounding_box()["x"] > 0, "it is seen while it has the focus"
    tab_to("Pause…")
    tab_to("text")
    page.keyboard.type("bad")
    rows(page, 1)  # those that fit are listed: nothing moves any more
    tab_to("Select bad one.pdf")
    page.keyboard.press("Space")
    page.locator("#selected:not([hidden])").wait_for()
    tab_to("bad one")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid", "the focus is seen"
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    person.desk.sandbox.faults.clear()
    tab_to("d-retry")
    page.keyboard.press("Enter")
    page.locator("#d-state", has_text="Uploaded").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    see_no_problem(page)


@pytest.mark.parametrize(
    ("scheme", "contrast", "width"),
    [("light", "no-preference", 1280), ("dark", "no-preference", 390), ("dark", "more", 1280)],
)
def test_nothing_is_found_by_the_accessibility_checker(person, scheme, contrast, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    person.desk.sandbox.faults.set(REFUSE)
    person.start()
    person.drop("bad one.pdf")
    for copy in (b"1", b"2"):  # two reasons for equally many files
        person.drop(f"program {copy.decode()}.pdf", content=b"MZ" + bytes(200) + copy)
        person.drop(f"archive {copy.decode()}.zip", content=b"PK\x03\x04zzzz" + copy)
    person.drop("good one.pdf")
    page = person.open(
        color_scheme=scheme, contrast=contrast, viewport={"width": width, "height": 800}
    )
    wait_for(page, "bad one.pdf", "refused")
    for name in ("program 1.pdf", "program 2.pdf", "archive 1.zip", "archive 2.zip"):
        wait_for(page, name, "refused")
    wait_for(page, "good one.pdf", "sent")
    for place, ready in (("activity", "#rows tr"), ("folders", "article"), ("setup", ".place"),
                         ("health", "#findings li"), ("help", "#h-help")):  # fmt: skip
        page.evaluate(f"location.hash = '{place}'")
        page.locator(ready).first.wait_for()
        found = axe.run(page)
        assert found.violations_count == 0, f"{place}: {found.generate_report()}"
    page.evaluate("location.hash = 'activity'")
    details(page, "bad one.pdf")
    page.get_by_role("dialog").get_by_role("button", name="Ignore").click()
    page.locator(".toast button").wait_for()
    found = axe.run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", [320, 768, 1080, 1920])
def test_it_fits_narrow_and_wide_windows(person, width):
    person.start()
    person.drop(
        "A name that is so long that it cannot stand in one line of a telephone " * 2 + ".pdf"
    )
    page = person.open(viewport={"width": width, "height": 800})
    page.locator("#rows tr").wait_for()
    for place in ("activity", "folders", "setup", "help"):
        page.evaluate(f"location.hash = '{place}'")
        page.locator(f"#at-{place}:not([hidden])").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, place
    page.evaluate("location.hash = 'activity'")
    for menu in ("#pause", "#report", "#column-menu"):
        page.locator(f"{menu} summary").click()
        box = page.locator(f"{menu} > :last-child").bounding_box()
        assert box["x"] >= 0, menu
        assert box["x"] + box["width"] <= width, menu
        page.locator("h1").click(force=True)
        page.locator(f"{menu}:not([open])").wait_for()
    table = "document.querySelector('.wide')"
    assert page.evaluate(f"{table}.scrollWidth - {table}.clientWidth") <= 0, "columns are cut off"


def start_with_links(person, language):
    """Start with links to profiles, in a language, and drop a file."""
    text = person.desk.config.read_text()
    link = '[account]\nprofile_url = "https://example.org/{profile_key}"'
    person.desk.config.write_text(text.replace("[account]", link, 1))
    person.start()
    person.channel().post("/api/language", language=language)
    person.drop("a.pdf")


@pytest.mark.parametrize("width", [768, 1000, 1280])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_nothing_of_an_ordinary_row_is_cut_off(person, width, language):
    start_with_links(person, language)
    page = person.open(viewport={"width": width, "height": 800})
    page.locator("#rows td.c-acts a:visible").wait_for()
    cut = "(e) => e.scrollWidth > e.clientWidth"
    cells = page.locator("#rows td:not(.c-state):visible")
    assert not [cell.inner_text() for cell in cells.all() if cell.evaluate(cut)]


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_all_four_actions_of_a_row_are_seen(person, width, language):
    start_with_links(person, language)
    person.eventually(lambda: person.desk.read_json("history", "--only", "parsed"))
    connected = sqlite3.connect(person.places.journal, timeout=PATIENCE, isolation_level=None)
    with contextlib.closing(connected) as journal:
        journal.execute("UPDATE files SET state = 'parse_failed'")
    page = person.open(viewport={"width": width, "height": 800})
    cell = page.locator("#rows td.c-acts")
    actions = cell.locator("> :visible")
    page.wait_for_function("document.querySelectorAll('td.c-acts > :not([hidden])').length === 4")
    box = cell.bounding_box()
    for action in actions.all():
        part = action.bounding_box()
        assert part["x"] >= box["x"], action.inner_text()
        assert part["x"] + part["width"] <= box["x"] + box["width"], action.inner_text()
        assert part["y"] + part["height"] <= box["y"] + box["height"], action.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_at_1280_pixels_all_columns_are_seen_and_long_texts_end_in_dots(person):
    person.start()
    person.drop("A name that is so long that it cannot stand in one line " * 2 + ".pdf")
    page = person.open()
    page.locator("#rows .c-state", has_text="Uploaded").wait_for()
    connected = sqlite3.connect(person.places.journal, timeout=PATIENCE, isolation_level=None)
    with contextlib.closing(connected) as journal:
        journal.execute(
            "UPDATE files SET profile_name = 'Maria Magdalena Theodora Featherstonehaugh', "
            "profile_key = ?, reference = ?, size = 12345678", ("0123456789" * 4, "ref-" * 20),
        )  # fmt: skip
    page.reload()
    page.locator("#column-menu summary").click()
    for box in page.locator("#columns").get_by_role("checkbox").all():
        box.check()
    page.keyboard.press("Escape")
    page.locator("#rows .c-profile", has_text="0123456789").wait_for()
    wide = "document.querySelector('.wide')"
    assert page.evaluate(f"{wide}.scrollWidth - {wide}.clientWidth") <= 0
    cell = "document.querySelector('#rows .c-profile')"
    assert page.evaluate(f"{cell}.scrollWidth > {cell}.clientWidth")
    assert page.evaluate(f"getComputedStyle({cell}).textOverflow") == "ellipsis"
    (person.desk.root / "wide.png").write_bytes(page.screenshot())


def test_what_was_said_stays_where_it_was_said(person):
    person.start()
    page = person.open("folders")
    page.get_by_role("button", name="Rescan all folders").click()
    page.locator("#said", has_text="All folders are being rescanned.").wait_for()
    page.locator("nav").get_by_role("link", name="Activity").click()
    page.locator("#at-activity:not([hidden])").wait_for()
    assert page.locator("#said").inner_text() == ""


def test_it_speaks_french_where_the_system_does(person):
    person.desk.environ = functools.partial(person.desk.environ, LC_ALL="fr_FR.UTF-8")
    person.start()
    person.drop("a.pdf")
    page = person.open()
    row(page, "a.pdf").locator(".c-state", has_text="Envoyé").wait_for()
    assert page.evaluate("document.documentElement.lang") == "fr"
    assert page.locator("nav a").all_inner_texts()[0] == "Activité"
    see_no_problem(page)


def fill(journal, first, last):
    """Put files into a journal that were parsed long ago."""
    with contextlib.closing(sqlite3.connect(journal, timeout=PATIENCE)) as connected, connected:
        connected.execute(
            "WITH RECURSIVE n (i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2) "
            "INSERT INTO files (directory_id, name, state, size, mtime_ns, noticed_at, changed_at) "
            "SELECT 1, CAST('Candidate ' || i || '.pdf' AS BLOB), 'parsed', 1000, 1, i, i FROM n",
            (first, last),
        )


def time_until_painted(page):
    """The shortest of some times until the page is first painted, in milliseconds."""
    took = []
    for _ in range(5):
        page.reload()
        rows(page, 50)
        painted = page.wait_for_function(
            "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
        )
        took.append(painted.json_value())
    return min(took)


def test_a_hundred_thousand_files_are_shown_at_once(person):
    """200 ms is the promise on an idle machine; on any, a long history costs little more."""
    journal = Journal(person.places.journal)
    path = f"{person.desk.folder}/first.pdf"
    journal.files.add(
        Candidate(str(person.desk.folder), path, Sign.SCANNED), Stat(1, 1), 1.0, State.GONE
    )
    journal.commit()
    journal.close()
    fill(person.places.journal, 1, 100)
    person.start()
    page = person.open()
    rows(page, 50)
    short = time_until_painted(page)
    fill(person.places.journal, 101, 100_000)
    long = time_until_painted(page)
    assert long < 5 * short + 200, (short, long)
    page.locator("#text").fill("candidate 77777.pdf")
    rows(page, 1)
    see_no_problem(page)
