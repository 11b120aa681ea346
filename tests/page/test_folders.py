"""Folders on the page: edited in place, chosen from the disk, and what would become of a file."""

import os
import threading

import pytest

from tests.support.mails import mail, pdf, save
from watcher import sandbox as sb
from watcher.model.errors import UnusableError, UsageError
from watcher.page.folders import Picker, drives


def test_a_folder_is_edited_in_place_by_keyboard(person):
    person.start()
    page = person.open("folders")
    box = page.locator("#folder-list article")
    box.get_by_role("button", name="Edit").focus()
    page.keyboard.press("Enter")
    source = box.get_by_label("Source")
    source.locator("option:checked", has_text="Engineering").wait_for(state="attached")
    page.wait_for_function("() => document.activeElement.tagName === 'SELECT'")
    page.keyboard.press("Escape")
    page.wait_for_function("() => document.activeElement.textContent === 'Edit'")
    page.keyboard.press("Enter")
    box.get_by_label("Tags").fill("office")
    box.get_by_role("button", name="Save").click()
    box.locator(".mistake", has_text="office").wait_for()
    page.wait_for_function("() => document.activeElement.getAttribute('aria-invalid')")
    box.get_by_label("Source").select_option(label="Sales")
    box.get_by_label("Tags").fill("office=Lyon")
    box.get_by_label("After upload").select_option(label="Move it to Sent")
    box.get_by_role("button", name="Save").click()
    page.locator("#said", has_text="Saved and active.").wait_for()
    box.locator("dd", has_text="office=Lyon").wait_for()
    box.locator("dd", has_text="Sales").wait_for()
    page.wait_for_function("() => document.activeElement.textContent === 'Edit'")
    text = person.desk.config.read_text()
    assert f'source_key = "{sb.SALES.key}"' in text
    assert 'after_upload = "move"' in text
    person.drop("a.pdf")
    person.eventually(person.desk.arrived)
    assert person.desk.arrived()[0].source_key == sb.SALES.key


def test_a_folder_is_picked_from_the_disk(person):
    (person.desk.root / "home" / "Applications").mkdir(parents=True)
    (person.desk.root / "home" / ".hidden").mkdir()
    (person.desk.root / "home" / "elsewhere").symlink_to("/")
    environ = person.desk.environ(HOME=str(person.desk.root / "home"))
    person.desk.environ = lambda: environ
    person.start()
    page = person.open("setup")
    page.get_by_role("button", name="Add another folder").click()
    page.locator("#places .place").nth(1).get_by_role("button", name="Choose…").click()
    dialog = page.get_by_role("dialog", name="Choose a folder")
    dialog.get_by_role("listitem").first.wait_for()
    assert dialog.get_by_role("listitem").all_inner_texts() == ["Applications/"]
    page.wait_for_function("() => document.activeElement.textContent === 'Applications/'")
    page.keyboard.press("Enter")
    dialog.get_by_text("There are no folders here.").wait_for()
    page.wait_for_function("() => document.activeElement.id === 'picker-take'")
    page.keyboard.press("Enter")
    dialog.wait_for(state="hidden")
    chosen = page.locator("#places .place").nth(1).get_by_label("Folder to watch")
    assert chosen.input_value() == str(person.desk.root / "home" / "Applications")
    page.wait_for_function("() => document.activeElement.dataset.is === 'choose'")
    assert page.problems == []


def test_a_file_is_picked_and_its_fate_told_in_a_sentence(person):
    person.start()
    person.channel().post("/api/pause")
    person.drop("question.pdf")
    (person.desk.folder / "setup.exe").write_bytes(b"MZ" + b"\0" * 100)
    page = person.open("folders")
    page.locator("#folder-list article").wait_for()
    page.locator("#check").get_by_role("button", name="Choose…").click()
    dialog = page.get_by_role("dialog", name="Choose a file")
    dialog.get_by_role("button", name="question.pdf").click()
    said = "question.pdf is a PDF document and would be uploaded to"
    page.locator("#verdict", has_text=said).wait_for()
    assert page.locator("#verdict dl").is_hidden()
    page.locator("#verdict summary").click()
    page.locator("#verdict dd", has_text="application/pdf").first.wait_for()
    page.get_by_label("What would happen to this file?").fill(str(person.desk.folder / "setup.exe"))
    page.get_by_role("button", name="Check").click()
    page.locator(
        "#verdict", has_text="setup.exe: This file is a program, not a document."
    ).wait_for()
    path = save(person.desk.folder, "mail.eml", mail(("CV.pdf", pdf("cv"))))
    page.get_by_label("What would happen to this file?").fill(path)
    page.get_by_role("button", name="Check").click()
    page.locator("#verdict", has_text="mail.eml: This file contains 1 document").wait_for()
    page.locator("#verdict", has_text="CV.pdf is a PDF document and would be uploaded").wait_for()
    assert page.problems == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_the_accessibility_checker_finds_nothing(person, scheme, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    person.start()
    page = person.open("folders", color_scheme=scheme, viewport={"width": width, "height": 800})
    page.get_by_role("button", name="Edit").click()
    page.locator(".edit").wait_for()
    found = axe.run(page)
    assert found.violations_count == 0, found.generate_report()
    page.locator("#check").get_by_role("button", name="Choose…").click()
    page.get_by_role("dialog").wait_for()
    found = axe.run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_directories_are_listed_to_the_owner_alone(person, browser):
    person.start()
    page = person.open()
    base = page.url.partition("#")[0]
    alone = browser.new_context()
    assert alone.request.get(f"{base}api/directories?path=/").status == 403
    assert (
        alone.request.get(f"{base}api/directories?path=/", headers={"Origin": "http://evil"}).status
        == 403
    )
    alone.close()


def test_hidden_and_unreadable_directories_and_links_are_left_out(tmp_path):
    for name in ("b", "A", ".hidden", "secret", "line\nbreak"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "b")
    (tmp_path / "cv.pdf").write_bytes(b"x")
    (tmp_path / "secret").chmod(0)
    found = Picker().list({"path": str(tmp_path)})
    expected = ["A", "b", "secret"] if os.access(tmp_path / "secret", os.R_OK) else ["A", "b"]
    assert found["directories"] == expected
    assert (found["files"], found["is_whole"]) == ([], True)
    assert found["parent"] == str(tmp_path.parent)
    assert Picker().list({"path": str(tmp_path), "files": "1"})["files"] == ["cv.pdf"]
    (tmp_path / "secret").chmod(0o700)


def test_a_long_directory_is_cut_off(tmp_path):
    for number in range(501):
        (tmp_path / f"{number:04}").mkdir()
    found = Picker().list({"path": str(tmp_path)})
    assert (len(found["directories"]), found["is_whole"]) == (500, False)


@pytest.mark.parametrize(
    ("path", "error"),
    [("relative", UsageError), ("/a\0b", UsageError), ("/" + "a" * 5000, UsageError),
     ("/no/such/directory", UnusableError)],
)  # fmt: skip
def test_what_is_no_directory_is_refused(path, error):
    with pytest.raises(error):
        Picker().list({"path": path})


def test_a_directory_that_never_answers_is_given_up_and_does_not_stop_others(eventually):
    wake = threading.Event()

    def read(path, *, with_files):
        if path == "/hangs":
            wake.wait()
        return {"path": path, "files": with_files}

    picker = Picker(read, timeout=0.05)
    for _ in range(3):
        with pytest.raises(UnusableError, match="/hangs doesn't respond"):
            picker.list({"path": "/hangs"})

    def answers():
        try:
            return picker.list({"path": "/other"})
        except UnusableError:  # a slow machine
            return None

    assert eventually(answers) == {"path": "/other", "files": False}
    wake.set()


def test_drives_are_listed_by_their_letters():
    assert drives(0b1000_0000_0000_0000_0000_0000_1101) == ["A:\\", "C:\\", "D:\\"]
