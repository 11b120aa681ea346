"""The doctor's checks on the page: what has to be done, and the button that does it."""

import pytest


def test_what_can_be_done_comes_first_and_the_rest_is_folded(person):
    person.start()
    page = person.open("health")
    page.locator("#health", has_text="Uploads work").wait_for()
    finding = page.locator("#findings li", has_text="Automatic start")
    assert page.locator("#lines").is_hidden()
    finding.get_by_role("button", name="Start at login").click()
    page.locator("#said", has_text="hrflow-watcher starts when you log in.").wait_for()
    finding.wait_for(state="detached")
    (entry,) = (person.desk.root / "settings").rglob("*hrflow-watcher*")
    assert str(person.desk.config) in entry.read_text()
    page.locator("#health.good", has_text="Everything works").wait_for()
    assert page.locator("#findings li").count() == 0, "one line when all is well"
    page.locator("#checks summary").click()
    page.locator("#lines li", has_text="Automatic start").wait_for()
    assert page.problems == []


def test_a_rejected_key_leads_to_its_field(person):
    person.desk.key = "ask_" + "0" * 32
    person.start()
    page = person.open("health")
    page.locator("#health.bad", has_text="keep").wait_for()
    assert page.locator("#findings li").first.get_attribute("class") == "finding is-bad"
    page.locator("#findings").get_by_role("link", name="Set API key").first.click()
    page.wait_for_function("() => document.activeElement.id === 'key'")


@pytest.mark.parametrize("width", [360, 1280])
def test_the_accessibility_checker_finds_nothing(person, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    person.start()
    page = person.open("health", viewport={"width": width, "height": 800}, color_scheme="dark")
    page.locator("#checks summary").click()
    page.locator("#lines li").first.wait_for()
    found = axe.run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
