"""The tables [webhook] and [hooks]: what makes no sense in them is said where it stands."""

import pytest

from tests.support.configuration import ACCOUNT, FOLDER, GOOD
from watcher.config import show
from watcher.config.checks import is_host
from watcher.model.settings import Hooks, Webhook

WEBHOOK = GOOD + "[webhook]\n"
HOOKS = GOOD + "[hooks]\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (WEBHOOK + 'enabled = "yes"', '7: webhook.enabled: "yes" is not true or false'),
        (WEBHOOK + "port = 0", "7: webhook.port: 0 must be between 1 and 65535"),
        (WEBHOOK + "port = 65536", "7: webhook.port: 65536 must be between"),
        (
            WEBHOOK + 'host = "0.0.0"',
            '7: webhook.host: "0.0.0" is not a valid host; write one like "127.0.0.1"',
        ),
        (WEBHOOK + 'host = "http://x"', "7: webhook.host:"),
        (WEBHOOK + 'host = ""', "7: webhook.host:"),
        (
            WEBHOOK + "prot = 1",
            '7: webhook.prot: this setting is not known here; did you mean "port"?',
        ),
        (WEBHOOK + 'secret = "x"', "7: webhook.secret: this file must not contain secrets"),
        ("webhook = 5\n" + GOOD, "1: webhook: must be a table"),
        (HOOKS + 'parsed = "x {path}"', '7: hooks.parsed: "x {path}" is not a list like'),
        (
            HOOKS + 'parsed = ["x", "{pth}"]',
            '7: hooks.parsed[2]: "{pth}": {pth} is not a known placeholder; did you mean "path"?',
        ),
        (HOOKS + 'parsed = ["x", "{name}"]', "7: hooks.parsed[2]:"),
        (HOOKS + 'parsed = ["x", "{path"]', "is unmatched"),
        (
            HOOKS + 'parsed = ["{path}"]',
            "7: hooks.parsed[1]: must begin with the name or path of the program to run",
        ),
        (
            HOOKS + 'refused = [""]',
            "7: hooks.refused[1]: must begin with the name or path of the program to run",
        ),
        (
            HOOKS + 'refused = ["C:/tell.BAT"]',
            "7: hooks.refused[1]: batch files are run by a shell",
        ),
        (HOOKS + "timeout_seconds = 0", "7: hooks.timeout_seconds: 0"),
        (HOOKS + "timeout = 5", 'did you mean "timeout_seconds"?'),
        (
            ACCOUNT + "follow_up_share = 1.5\n" + FOLDER,
            "3: account.follow_up_share: 1.5 must be between 0 and 1",
        ),
        (GOOD + 'host = "x"', "it belongs in [webhook]"),
    ],
)
def test_each_mistake_is_said_where_it_stands(mistakes, text, expected):
    assert any(expected in each for each in mistakes(text)), mistakes(text)


def warnings(loaded):
    return [str(each) for each in loaded.warnings]


def test_nothing_is_on_that_nobody_asked_for(load_text):
    config = load_text(GOOD).config
    assert (config.webhook, config.hooks) == (Webhook(), Hooks())
    assert not config.webhook.enabled
    assert not (config.hooks.parsed or config.hooks.refused)


def test_what_is_written_is_in_force(load_text):
    text = "[webhook]\nenabled = true\nport = 9000\n[hooks]\n"
    text += 'parsed = ["/usr/bin/tell", "{path}", "{{x}}"]\ntimeout_seconds = 5\n'
    loaded = load_text(ACCOUNT + FOLDER + "webhook_parsing_sending = true\n" + text)
    assert loaded.config.webhook == Webhook(enabled=True, port=9000)
    assert loaded.config.hooks == Hooks(
        parsed=("/usr/bin/tell", "{path}", "{{x}}"), timeout_seconds=5.0
    )
    assert not warnings(loaded)
    shown = {key: (value, origin) for key, value, origin in show(loaded)}
    assert shown["webhook.port"][0] == "9000"
    assert shown["webhook.port"][1].endswith("config.toml:9")
    assert shown["webhook.host"] == ('"127.0.0.1"', "built-in default")


def test_a_listener_for_other_machines_is_a_warning(load_text):
    text = FOLDER + "webhook_parsing_sending = true\n[webhook]\nenabled = true\n"
    assert not warnings(load_text(ACCOUNT + text))
    (warning,) = warnings(load_text(ACCOUNT + text + 'host = "0.0.0.0"\n'))
    assert "other computers" in warning


def test_a_webhook_that_nobody_sends_is_a_warning(load_text):
    (warning,) = warnings(load_text(WEBHOOK + "enabled = true"))
    assert "webhook_parsing_sending" in warning
    rule = '[[folders.rules]]\nmatch = "x/**"\nwebhook_parsing_sending = true\n'
    assert not warnings(load_text(GOOD + rule + "[webhook]\nenabled = true"))


@pytest.mark.parametrize(
    ("host", "usable"),
    [
        ("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", True), ("::", True),
        ("192.168.1.5", True), ("office.example.com", True), ("1.2.3", False), ("-x", False),
        ("a b", False), ("", False),
    ],
)  # fmt: skip
def test_hosts(host, usable):
    assert is_host(host) == usable
