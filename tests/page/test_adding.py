"""Files dropped onto the page, or chosen there, are copied into a watched folder and uploaded."""

import os

import pytest

from tests.support.browser import rows, wait_for
from tests.support.samples import make_pdf
from watcher.documents.adding import PIECE


@pytest.fixture
def outside(person):
    """A folder with a folder of candidates, and files that are not for HrFlow."""
    outside = person.desk.root / "outside"
    (outside / "Nurses" / "day").mkdir(parents=True)
    make_pdf(outside / "own.pdf", "own", size=2 * PIECE)
    make_pdf(outside / "Nurses" / "ines.pdf", "ines")
    make_pdf(outside / "Nurses" / "day" / "noor.pdf", "noor")
    (outside / "Nurses" / ".DS_Store").write_bytes(b"x")
    return outside


def drag(page, place, *paths):
    """Drag files from the desktop over an element; returns what lets them go there."""
    devices = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}

    def send(kind, at):
        box = at.bounding_box()
        where = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        devices.send("Input.dispatchDragEvent", {"type": kind, "data": data, **where})

    send("dragEnter", place)
    send("dragOver", place)

    def drop(at):
        send("dragOver", at)
        send("drop", at)

    return drop


def open_with_choosers(person):
    """The page, with its file choosers passed to the test from the start."""
    page = person.open()
    page.on("filechooser", lambda _: None)
    return page


def tree(folder):
    return sorted(
        os.path.relpath(os.path.join(at, name), folder)
        for at, _, names in os.walk(folder)
        for name in names
    )


def test_files_and_whole_folders_are_dropped_onto_the_list(person, outside):
    (person.desk.folder / "own.pdf").write_bytes(b"%PDF-1.4\n%another\n%%EOF\n")
    person.start()
    page = person.open()
    wait_for(page, "own.pdf", "sent")
    drop = drag(page, page.locator("main"), outside / "own.pdf", outside / "Nurses")
    offered = page.locator("#drop").get_by_text("Drop here to add to cvs")
    offered.wait_for()
    drop(offered)
    page.locator("#said", has_text="3 files were added to cvs.").wait_for()
    assert ".DS_Store matches the ignored pattern" in page.locator("#said").inner_text()
    assert page.locator("#drop").is_hidden()
    for name in ("own (2).pdf", "ines.pdf", "noor.pdf"):
        wait_for(page, name, "sent")
    assert tree(person.desk.folder) == [
        "Nurses/day/noor.pdf", "Nurses/ines.pdf", "own (2).pdf", "own.pdf",
    ]  # fmt: skip
    copy = person.desk.folder / "own (2).pdf"
    assert copy.read_bytes() == (outside / "own.pdf").read_bytes()
    assert copy.stat().st_mtime == pytest.approx((outside / "own.pdf").stat().st_mtime, abs=0.01)
    assert len(person.desk.arrived()) == 4
    assert page.problems == []


def test_a_drop_onto_a_folder_s_box_goes_there_and_nowhere_else(person, outside):
    other = person.desk.root / "other"
    other.mkdir()
    person.desk.configure(f'[[folders]]\npath = "{other}"\nsource_key = "{"0" * 40}"\n')
    person.start()
    person.channel().post("/api/pause")
    page = person.open("folders")
    box = page.locator("#folder-list article", has_text=str(other))
    drag(page, box, outside / "Nurses" / "ines.pdf")(page.locator("#check"))  # which is no folder
    drag(page, box, outside / "Nurses" / "ines.pdf")(box)
    page.locator("#said", has_text="1 file was added to other.").wait_for()
    assert (tree(other), tree(person.desk.folder)) == (["ines.pdf"], [])
    assert page.problems == []


def test_a_file_that_is_dropped_to_be_checked_is_only_looked_at(person, outside):
    other = person.desk.root / "other"
    other.mkdir()
    person.desk.configure(
        f'[[folders]]\npath = "{other}"\nsource_key = "{"0" * 40}"\naccept = ["image/png"]\n'
    )
    person.start()
    page = person.open("folders")
    check = page.locator("#check")
    drag(page, check, outside / "own.pdf")(check)
    page.locator("#verdict", has_text="own.pdf is a PDF document and would be uploaded").wait_for()
    folders = page.locator("#verdict h4").all_inner_texts()
    verdicts = page.locator("#verdict .verdict").all_inner_texts()
    assert folders == [f"In {person.desk.folder}", f"In {other}"]
    assert [each[0] for each in verdicts] == ["✓", "·"]
    assert (tree(other), tree(person.desk.folder), tree(person.desk.places.spool)) == ([], [], [])
    assert page.problems == []


def test_files_are_chosen_by_keyboard_and_do_not_wait_for_a_scan(person, outside):
    person.desk.configure('watch = "poll"\npoll_seconds = 3600\n')
    person.start()
    person.eventually(lambda: person.channel().get("/api/now")["now"]["is_set_up"])
    person.channel().post("/api/pause")
    page = open_with_choosers(person)
    page.get_by_role("button", name="Add files…").focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name="Add files").wait_for()
    page.get_by_role("button", name="Choose files…").focus()
    with page.expect_file_chooser() as chosen:
        page.keyboard.press("Enter")
    chosen.value.set_files([outside / "own.pdf", outside / "Nurses" / "ines.pdf"])
    page.locator("#said", has_text="2 files were added to cvs.").wait_for()
    page.wait_for_function("() => document.activeElement.id === 'add'")
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name="Add files").wait_for()
    page.get_by_role("button", name="Choose a whole folder…").focus()
    with page.expect_file_chooser() as chosen:
        page.keyboard.press("Enter")
    chosen.value.set_files(outside / "Nurses")
    page.locator("#said", has_text="2 files were added to cvs.").wait_for()
    rows(page, 4)
    assert page.problems == []


def test_what_is_being_added_can_be_cancelled_and_leaves_nothing(person, outside):
    (outside / "large.pdf").write_bytes(b"%PDF-1.4\n" + b" " * 90_000_000 + b"\n%%EOF\n")
    person.start()
    page = open_with_choosers(person)
    with page.expect_file_chooser() as chosen:
        page.get_by_role("button", name="Add files…").click()
        page.get_by_role("button", name="Choose files…").click()
    page.route("**/api/add?*offset=2000000*", lambda route: (
        page.get_by_role("button", name="Cancel").click(), route.continue_()))  # fmt: skip
    chosen.value.set_files([outside / "large.pdf", outside / "own.pdf"])
    page.locator("#said", has_text="0 files were added").wait_for()
    assert tree(person.desk.folder) == []
    assert page.problems == []


def test_a_file_that_is_too_large_is_not_copied(person, outside):
    with open(outside / "huge.pdf", "wb") as file:
        file.truncate(100_000_001)
    person.start()
    page = open_with_choosers(person)
    with page.expect_file_chooser() as chosen:
        page.get_by_role("button", name="Add files…").click()
        page.get_by_role("button", name="Choose files…").click()
    chosen.value.set_files([outside / "huge.pdf"])
    page.locator("#said.bad", has_text="huge.pdf is larger than 100.0 MB.").wait_for()
    assert tree(person.desk.folder) == []
    assert page.problems == []


def test_only_the_page_itself_can_add_files(person, browser):
    person.start()
    page = person.open()
    address = f"{page.url.partition('#')[0]}api/add?folder={person.desk.folder}&name=a.pdf&size=1"
    script = """([address, headers]) => fetch(address, {method: "POST", body: "x", headers})
        .then((answer) => answer.status, () => 0)"""
    proof = page.locator("body").get_attribute("data-proof")
    statuses = [page.evaluate(script, [address, headers]) for headers in (
        {}, {"X-Watcher-Proof": "wrong"}, {"X-Watcher-Proof": proof},
    )]  # fmt: skip
    assert statuses == [403, 403, 200]
    alone = browser.new_context()
    assert alone.request.post(address, data="x").status == 403
    alone.close()
    other = page.context.new_page()
    other.goto(person.desk.sandbox.origin + "/")
    other.evaluate(script, [address, {}])
    other.close()
    assert tree(person.desk.folder) == ["a.pdf"]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_the_accessibility_checker_finds_nothing(person, outside, scheme, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    person.start()
    page = person.open(color_scheme=scheme, viewport={"width": width, "height": 800})
    page.get_by_role("button", name="Add files…").click()
    page.get_by_role("dialog", name="Add files").wait_for()
    found = axe.run(page)
    assert found.violations_count == 0, found.generate_report()
    page.keyboard.press("Escape")
    drag(page, page.locator("main"), outside / "own.pdf")
    page.locator("#drop").get_by_text("Drop here").wait_for()
    found = axe.run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
