"""The setup in a real browser: from nothing, a test CV that arrives, a folder that is given up."""

import os
import re
import sys

import pytest

from tests.support import file_keyring
from tests.support.browser import row, wait_for
from watcher import sandbox as sb
from watcher.sandbox.samples import FILE_NAME, sample_cv_pdf

#: What a person calls what has the focus: its label or its text.
NAME = (
    "((e) => (e.getAttribute('aria-label') ?? e.labels?.[0]?.firstChild.textContent "
    "?? e.textContent).trim())(document.activeElement)"
)


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
    page.locator("#tested.good", has_text="The sample CV has arrived in Engineering.").wait_for()
    page.locator("#test-story li", has_text="uploading").wait_for()
    page.locator("#tested", has_text="✓ Profile created").wait_for()
    assert (person.desk.folder / FILE_NAME).read_bytes() == sample_cv_pdf()
    assert [record.file_name for record in person.desk.arrived()] == [FILE_NAME]
    page.get_by_role("button", name="Upload a sample CV").click()
    page.locator("#tested", has_text="✓ Profile created").wait_for()
    assert len(person.desk.arrived()) == 1, "the one that lies there is not sent twice"
    page.get_by_role("link", name="File details").click()
    page.get_by_role("dialog").locator("#d-facts", has_text=FILE_NAME).wait_for()
    assert page.problems == []


def test_a_test_cv_that_waits_says_for_what(person):
    person.start()
    person.channel().post("/api/pause")
    page = person.open("setup")
    page.get_by_role("button", name="Upload a sample CV").click()
    page.locator("#tested", has_text="… queued · Paused · 1 waiting").wait_for()
    page.get_by_role("button", name="Resume").click()
    page.locator("#tested.good", has_text="The sample CV has arrived in Engineering.").wait_for()


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
    page.locator("#tested.bad", has_text="✗ Not accepted").wait_for()
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
    assert "1 file has not been uploaded yet" in dialog.locator("#leave-stays").inner_text()
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
    page.locator("#rows .c-state", has_text="Its folder is no longer watched").wait_for()
    assert page.problems == []


def test_the_last_folder_can_be_given_up_on_the_page_of_folders(person):
    person.start()
    page = person.open("folders")
    page.locator("#folder-list").get_by_role("button", name="Stop watching…").click()
    page.get_by_role("button", name="Stop watching", exact=True).click()
    page.locator("#folder-list", has_text="No folder is watched.").wait_for()
    page.locator("#headline", has_text="Not set up yet").wait_for()
    page.wait_for_function("() => document.activeElement.id === 'h-folders'")
    page.locator("nav").get_by_role("link", name="Setup").click()
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
    page.locator("nav").get_by_role("link", name="Setup").click()
    page.wait_for_function("() => document.querySelectorAll('#places .place').length === 1")
    text = two.desk.config.read_text()
    assert text.count("[[folders]]") == 1
    two.desk.config.write_text(text.replace(str(two.desk.folder), str(two.desk.root / "new")))
    page.locator('#places [data-is="tags"]').fill("a=b")
    page.get_by_role("button", name="Save").click()
    page.locator(".mistake", has_text="is no longer watched. Reload this page.").wait_for()
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


@pytest.fixture
def newcomer(person):
    """Somebody with a home and a keyring, and nothing set up."""
    desk = person.desk
    desk.config.unlink()
    desk.folder.rmdir()
    own = desk.root / "own" / "config.toml"
    environ = desk.environ(
        HRFLOW_API_KEY="", HRFLOW_WATCHER_CONFIG=str(own),
        **file_keyring.environ(desk.root / "box.json"),
    )  # fmt: skip
    desk.environ = lambda: environ
    desk.command = lambda *arguments: [
        sys.executable, "-m", "watcher", "--state", person.places.state, *arguments
    ]  # fmt: skip
    person.own_config = own
    return person


def go_on(page):
    page.get_by_role("button", name="Continue").click()


def fill_account(page, newcomer):
    page.get_by_label("Email of your HrFlow account").fill(sb.EMAIL)
    page.get_by_text("Custom API address").click()
    page.get_by_label("Address", exact=True).fill(newcomer.desk.sandbox.url)
    page.get_by_label("API key").fill(sb.READ_WRITE_KEY)


def test_a_mistake_stands_beside_its_field_which_has_the_focus(newcomer):
    newcomer.start()
    page = newcomer.open()
    page.locator("#steps [aria-current]", has_text="Account").wait_for()
    assert page.locator("#step-folders, #step-write").locator("visible=true").count() == 0
    go_on(page)
    assert page.locator(".mistake").inner_text() == "Enter the email of your HrFlow account."
    assert page.evaluate("document.activeElement.id") == "email"
    fill_account(page, newcomer)
    page.locator("#key").fill("ask_" + "0" * 32)
    go_on(page)
    page.locator("#key + .mistake", has_text="HrFlow").wait_for()
    page.wait_for_function("() => document.activeElement.id === 'key'")
    page.locator("#key").fill(sb.READ_WRITE_KEY)
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.dataset.is === 'path'")
    place = page.locator("#places .place")
    go_on(page)
    place.locator(".mistake", has_text="Choose the source").wait_for()
    place.locator('[data-is="source"]').select_option(label="Engineering")
    place.locator('[data-is="path"]').fill("relative")
    go_on(page)
    place.locator(".mistake", has_text="relative is not a full path").wait_for()
    page.wait_for_function("() => document.activeElement.dataset.is === 'path'")


def test_everything_is_set_up_from_nothing(newcomer):
    newcomer.start()
    page = newcomer.open()
    page.locator("#headline", has_text="Not set up yet").wait_for()
    fill_account(page, newcomer)
    go_on(page)
    page.locator("#workspace", has_text='Key accepted (workspace "Sandbox")').wait_for()
    place = page.locator("#places .place")
    page.wait_for_function("() => document.activeElement.dataset.is === 'path'")
    assert place.locator('[data-is="path"]').input_value() == "~/CVs"
    place.locator('[data-is="source"]').select_option(label="Engineering")
    place.locator('[data-is="path"]').fill(str(newcomer.desk.folder))
    place.locator('[data-is="tags"]').fill('office=Paris, zip="75001"')
    go_on(page)
    page.wait_for_function("() => document.activeElement.id === 'review'")
    assert "Engineering" in page.locator("#review").inner_text()
    page.get_by_role("button", name="Back").click()
    page.wait_for_function("() => document.activeElement.dataset.is === 'path'")
    go_on(page)
    page.get_by_label("Start automatically when you log in").check()
    page.locator("#review", has_text="75001").wait_for()
    assert "not there yet" not in page.locator("#review").inner_text()
    assert not newcomer.own_config.exists()
    page.get_by_role("button", name="Save").click()
    page.locator("#said", has_text=re.compile(r"^Saved and active\.$")).wait_for()
    page.wait_for_function("() => document.activeElement.id === 'h-test'")
    page.get_by_role("button", name="Change settings").click()
    page.locator("#saved", has_text="Saved and active").wait_for()
    assert sb.READ_WRITE_KEY not in newcomer.own_config.read_text()
    page.locator("#label-login").wait_for(state="hidden")
    (entry,) = (newcomer.desk.root / "settings").rglob("*hrflow-watcher*")
    assert str(newcomer.own_config) in entry.read_text()
    assert page.locator("#key").input_value() == ""
    assert sb.READ_WRITE_KEY not in str(newcomer.channel().get("/api/setup"))
    assert sb.READ_WRITE_KEY not in page.content()
    listed = newcomer.desk.run("--config", str(newcomer.own_config), "folder", "list")
    assert f"\t{sb.ENGINEERING.name}\t" in listed.stdout
    for name in ("hrflow-watcher.log", "instance.json"):
        with open(os.path.join(newcomer.places.state, name), encoding="utf-8") as file:
            assert sb.READ_WRITE_KEY not in file.read()
    newcomer.drop("first.pdf")
    page.get_by_role("link", name="Activity", exact=True).click()
    wait_for(page, "first.pdf", "sent")
    tags = row(page, "first.pdf").locator(".c-tags")
    assert tags.get_attribute("title") == "office=Paris, zip=75001"
    (record,) = newcomer.desk.arrived()
    assert record.source_key == sb.ENGINEERING.key


def test_without_a_keyring_all_but_the_key_is_set_up(newcomer):
    environ = {**newcomer.desk.environ(), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    newcomer.desk.environ = lambda: environ
    newcomer.start()
    page = newcomer.open("setup")
    page.locator("#about-key", has_text="HRFLOW_API_KEY").wait_for()
    fill_account(page, newcomer)
    go_on(page)
    page.locator("#workspace", has_text="Key accepted").wait_for()
    place = page.locator("#places .place")
    place.locator('[data-is="path"]').fill(str(newcomer.desk.folder))
    place.locator('[data-is="source"]').select_option(label="Engineering")
    go_on(page)
    page.get_by_role("button", name="Save").click()
    said = page.locator(
        "#said.bad", has_text="Everything is set up except the key, which is not stored"
    )
    assert "This computer has no keyring. Put the key into" in said.inner_text()
    assert sb.ENGINEERING.key in newcomer.own_config.read_text()
    assert sb.READ_WRITE_KEY not in newcomer.own_config.read_text()
    assert newcomer.desk.folder.is_dir()
    assert "not there yet" not in said.inner_text()


def test_what_is_set_for_the_machine_is_shown_and_not_asked_for(newcomer):
    desk = newcomer.desk
    machine = desk.root / "machine" / "config.toml"
    machine.parent.mkdir()
    machine.write_text(
        f'locked = ["account.api_url", "folders"]\n[account]\napi_url = "{desk.sandbox.url}"\n'
        f'[[folders]]\npath = "{desk.folder}"\nsource_key = "{sb.ENGINEERING.key}"\n'
        "settle_seconds = 0.3\n",
        encoding="utf-8",
    )
    newcomer.start()
    page = newcomer.open("setup")
    email = page.get_by_label("Email of your HrFlow account")
    email.fill(sb.EMAIL)
    page.locator("#key").fill(sb.READ_WRITE_KEY)
    page.get_by_role("button", name="Test key").click()
    page.locator("#tried", has_text="Key accepted").wait_for()
    for locked in (page.locator("#api-url"), page.locator('#places [data-is="path"]')):
        assert not locked.is_editable()
        assert locked.get_attribute("title") == "Set by your administrator"
    assert page.locator("#another").is_hidden()
    assert page.locator('#places [data-is="remove"]').is_hidden()
    assert page.locator('#places [data-is="source"]').is_disabled()
    page.get_by_role("button", name="Save").click()
    page.locator("#said", has_text="Saved and active").wait_for()
    own = newcomer.own_config.read_text()
    assert f'email = "{sb.EMAIL}"' in own
    assert "api_url" not in own
    assert "[[folders]]" not in own
    newcomer.drop("first.pdf")
    page.get_by_role("link", name="Activity", exact=True).click()
    wait_for(page, "first.pdf", "sent")


def test_mistakes_in_the_machines_configuration_are_shown_until_they_are_mended(newcomer):
    desk = newcomer.desk
    machine = desk.root / "machine" / "config.toml"
    machine.parent.mkdir()
    good = (
        f'[account]\nemail = "{sb.EMAIL}"\napi_url = "{desk.sandbox.url}"\n'
        f'[[folders]]\npath = "{desk.folder}"\nsource_key = "{sb.ENGINEERING.key}"\n'
    )
    desk.folder.mkdir(exist_ok=True)
    machine.write_text("nonsense = 1\n" + good, encoding="utf-8")
    newcomer.start()
    page = newcomer.open()
    page.locator("#headline", has_text="The configuration has mistakes").wait_for()
    page.locator("#held .notice.bad", has_text="nonsense").wait_for()
    machine.write_text(good, encoding="utf-8")
    page.locator("#headline", has_text="Up to date").wait_for()
    page.locator("#held .notice", has_text="nonsense").wait_for(state="detached")


def test_the_first_profile_is_reached_by_keyboard_alone(newcomer):
    """From nothing, by what is seen and what the keys reach."""
    newcomer.start()
    page = newcomer.open()
    page.wait_for_function(f"() => {NAME} === 'Email of your HrFlow account'")

    def tab_to(name):
        """Press Tab until what has the focus is called so."""
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate(NAME) == name:
                return
        raise AssertionError(f"{name} cannot be reached by Tab")

    page.keyboard.type(sb.EMAIL)
    tab_to("API key")
    page.keyboard.type(sb.READ_WRITE_KEY)
    tab_to("Custom API address")
    page.keyboard.press("Enter")
    tab_to("Address")
    page.keyboard.type(newcomer.desk.sandbox.url)
    page.keyboard.press("Enter")
    page.get_by_text('Key accepted (workspace "Sandbox")').locator("visible=true").wait_for()
    page.wait_for_function(f"() => {NAME} === 'Folder to watch'")
    page.keyboard.press("Control+A")
    page.keyboard.type(str(newcomer.desk.folder))
    tab_to("Source")
    page.keyboard.type("Eng")
    tab_to("Continue")
    page.keyboard.press("Enter")
    page.wait_for_function(f"() => {NAME} === 'Your settings'")
    tab_to("Save")
    page.keyboard.press("Enter")
    page.wait_for_function(f"() => {NAME} === 'Try it out'")
    tab_to("Upload a sample CV")
    page.keyboard.press("Enter")
    page.get_by_text("The sample CV has arrived in Engineering.").wait_for()
    tab_to("Open activity")
    page.keyboard.press("Enter")
    row(page, FILE_NAME).locator(".c-state", has_text="Profile created").wait_for()
    assert page.problems == []


def test_where_no_cv_has_come_the_page_says_where_they_go(person):
    person.start()
    page = person.open()
    page.locator("#empty", has_text=f"Drop CVs here, or into {person.desk.folder}").wait_for()
    assert page.locator("#counts, #search, #chart").locator("visible=true").count() == 0
    page.locator("#empty").get_by_role("button", name="Open folder").wait_for()
    person.drop("first.pdf")
    wait_for(page, "first.pdf", "sent")
    assert page.locator("#empty").is_hidden()
    assert page.problems == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_the_accessibility_checker_finds_nothing_in_any_step(newcomer, scheme, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    newcomer.start()
    page = newcomer.open(color_scheme=scheme, viewport={"width": width, "height": 800})

    def see_nothing():
        found = axe.run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    go_on(page)
    page.locator(".mistake").wait_for()
    see_nothing()
    fill_account(page, newcomer)
    go_on(page)
    page.locator("#step-folders").wait_for()
    see_nothing()
    page.locator("#places").get_by_label("Source").select_option(label="Engineering")
    page.get_by_label("Folder to watch").fill(str(newcomer.desk.folder))
    go_on(page)
    page.locator("#step-write").wait_for()
    see_nothing()
    page.get_by_role("button", name="Save").click()
    page.locator("#test").wait_for()
    see_nothing()
    page.locator("nav").get_by_role("link", name="Activity").click()
    page.locator("#empty").wait_for()
    see_nothing()
