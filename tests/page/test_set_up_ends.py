"""The ends of the set-up in a real browser: a test CV that arrives, a folder that is given up."""

import os

import pytest

from watcher import sandbox as sb
from watcher.sandbox.samples import FILE_NAME, sample_cv_pdf


@pytest.fixture
def two(person):
    """Somebody who watches two folders; comments stand in the configuration."""
    other = person.desk.root / "other <b>folder"
    other.mkdir()
    person.desk.configure(
        f'# Sales is in Lyon.\n[[folders]]\npath = "{other}"  # theirs\n'
        f'source_key = "{sb.SALES.key}"'
    )
    person.other = other
    return person


def test_a_test_cv_is_sent_and_one_sees_it_arrive(person):
    person.start()
    page = person.open("setup")
    page.get_by_role("button", name="Upload a sample CV").click()
    page.locator("#tested.good", has_text="It has arrived in Engineering.").wait_for()
    page.locator("#test-story li", has_text="uploading").wait_for()
    page.locator("#tested", has_text="✓ parsed").wait_for()
    assert (person.desk.folder / FILE_NAME).read_bytes() == sample_cv_pdf()
    assert [record.file_name for record in person.desk.arrived()] == [FILE_NAME]
    page.get_by_role("button", name="Upload a sample CV").click()
    page.locator("#tested", has_text="✓ parsed").wait_for()
    assert len(person.desk.arrived()) == 1, "the one that lies there is not sent twice"
    page.get_by_role("link", name="File details").click()
    page.get_by_role("dialog").locator("#d-name", has_text=FILE_NAME).wait_for()
    assert page.problems == []


def test_a_test_cv_that_waits_says_for_what(person):
    person.start()
    person.channel().post("/api/pause")
    page = person.open("setup")
    page.get_by_role("button", name="Upload a sample CV").click()
    page.locator("#tested", has_text="… queued · Paused · 1 waiting").wait_for()
    page.get_by_role("button", name="Resume").click()
    page.locator("#tested.good", has_text="It has arrived in Engineering.").wait_for()


def test_a_test_cv_that_cannot_be_put_or_does_not_arrive_says_why(two):
    two.start()
    page = two.open("setup")
    (two.desk.folder / FILE_NAME).write_bytes(b"%PDF-1.4\n%somebody's own\n%%EOF\n")
    page.locator("#test-folder").select_option(str(two.desk.folder))
    page.get_by_role("button", name="Upload a sample CV").click()
    page.locator("#tested.bad", has_text="already exists and is not the sample CV").wait_for()
    assert b"somebody's own" in (two.desk.folder / FILE_NAME).read_bytes()
    two.desk.sandbox.faults.set(
        sb.Fault(kind=sb.Kind.STATUS, status=400, message="<b>no", file_name="Cam*")
    )
    page.locator("#test-folder").select_option(str(two.other))
    page.get_by_role("button", name="Upload a sample CV").click()
    page.locator("#tested.bad", has_text="✗ refused").wait_for()
    assert "<b>no" in page.locator("#tested").inner_text()


def test_a_folder_is_given_up_by_keyboard_after_a_question(two):
    two.start()
    page = two.open("setup")
    page.locator("#places .place").nth(1).wait_for()
    two.channel().post("/api/pause")
    (two.other / "waits.pdf").write_bytes(b"%PDF-1.4\n%waits\n%%EOF\n")
    # Not by wait_for_function: a function that gives a promise is not waited for.
    two.eventually(lambda: two.channel().get("/api/now")["now"]["groups"]["waiting"] == 1)
    before = two.desk.config.read_text()
    button = page.locator("#places .place").nth(1).get_by_role("button", name="Stop watching…")
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    assert page.evaluate("document.activeElement.id") == "leave-not", "the harmless one"
    assert dialog.get_by_role("heading").inner_text() == f"Stop watching {two.other}?"
    assert "Your files and their history are kept" in dialog.locator("#leave-stays").inner_text()
    assert "1 file is not uploaded yet" in dialog.locator("#leave-stays").inner_text()
    dialog.locator("summary").click()
    assert f'-path = "{two.other}"' in dialog.locator("#leave-difference").inner_text()
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert two.desk.config.read_text() == before
    page.wait_for_function("() => document.activeElement.dataset.is === 'leave'")  # where one was
    page.keyboard.press("Enter")
    dialog.wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "leave-sure"
    page.keyboard.press("Enter")
    page.locator("#said", has_text=f"{two.other} is no longer watched.").wait_for()
    page.locator("#places .place").nth(1).wait_for(state="detached")
    page.wait_for_function("() => document.activeElement.id === 'another'")
    left = two.desk.config.read_text()
    assert str(two.other) not in left
    assert "[account]" in left
    assert os.listdir(two.other) == ["waits.pdf"]
    page.locator("nav").get_by_role("link", name="Activity").click()
    page.locator("#rows .c-state", has_text="its folder is no longer watched").wait_for()
    assert page.problems == []


def test_the_last_folder_can_be_given_up_on_the_page_of_folders(person):
    person.start()
    page = person.open("folders")
    page.locator("#folder-list").get_by_role("button", name="Stop watching…").click()
    page.get_by_role("button", name="Stop watching", exact=True).click()
    page.locator("#folder-list", has_text="No folder is watched.").wait_for()
    page.locator("#headline", has_text="Not set up yet").wait_for()
    page.wait_for_function("() => document.activeElement.id === 'h-folders'")
    page.locator("nav").get_by_role("link", name="Set-up").click()
    page.locator("#places .place").wait_for()
    assert page.locator("#test").is_hidden()
    assert page.problems == []


def test_a_folder_that_is_given_up_elsewhere_does_not_come_back_with_the_form(two):
    two.start()
    page = two.open("setup")
    page.locator("#places .place").nth(1).wait_for()
    page.locator("nav").get_by_role("link", name="Folders").click()
    page.locator("#folder-list").get_by_role("button", name="Stop watching…").nth(1).click()
    page.get_by_role("button", name="Stop watching", exact=True).click()
    page.locator("#said", has_text="is no longer watched").wait_for()
    page.locator("nav").get_by_role("link", name="Set-up").click()
    page.wait_for_function("() => document.querySelectorAll('#places .place').length === 1")
    text = two.desk.config.read_text()
    assert text.count("[[folders]]") == 1
    two.desk.config.write_text(text.replace(str(two.desk.folder), str(two.desk.root / "new")))
    page.locator('#places [data-is="tags"]').fill("a=b")
    page.get_by_role("button", name="Save").click()
    page.locator("#said.bad", has_text="is no longer watched. Reload this page.").wait_for()
    assert str(two.desk.folder) + '"' not in two.desk.config.read_text()


def test_the_question_has_nothing_that_the_accessibility_checker_finds(two):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    two.start()
    page = two.open("setup", viewport={"width": 320, "height": 700}, color_scheme="dark")
    page.locator("#test:not([hidden])").wait_for()
    page.get_by_role("button", name="Upload a sample CV").click()
    page.locator("#test-story li").first.wait_for()
    assert axe.run(page).violations_count == 0, axe.run(page).generate_report()
    page.get_by_role("button", name="Stop watching…").first.click()
    page.get_by_role("dialog").wait_for()
    found = axe.run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    (two.desk.root / "question.png").write_bytes(page.screenshot())
