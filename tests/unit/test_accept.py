"""The kinds of documents that a folder accepts: named one by one, or the default ones and more."""

import pytest

from watcher.config import load
from watcher.model.errors import ConfigError
from watcher.model.settings import DEFAULT_ACCEPT

TEXT = """
[account]
email = "jo@example.com"
[defaults]
{defaults}
[[folders]]
path = "{path}"
source_key = "0123456789abcdef0123456789abcdef01234567"
{folder}
"""


def read(tmp_path, folder="", defaults=""):
    (tmp_path / "in").mkdir(exist_ok=True)
    config = tmp_path / "config.toml"
    config.write_text(TEXT.format(path=tmp_path / "in", folder=folder, defaults=defaults))
    return load(str(config), environ={}, home="/home/jo", state_dir="/var/own")


@pytest.mark.parametrize(
    ("folder", "defaults", "accept", "why"),
    [
        ("", "", DEFAULT_ACCEPT, "nothing is said"),
        ('accept = ["default"]', "", DEFAULT_ACCEPT, "the same, said"),
        ('accept = ["default", "text/plain"]', "", (*DEFAULT_ACCEPT, "text/plain"), "one more"),
        ('accept = ["text/plain", "default"]', "", ("text/plain", *DEFAULT_ACCEPT), "any order"),
        ('accept = ["default", "text/html"]', "", DEFAULT_ACCEPT, "one that is there already"),
        ('accept = ["text/plain"]', "", ("text/plain",), "these alone"),
        ("", 'accept = ["default", "text/plain"]', (*DEFAULT_ACCEPT, "text/plain"), "everywhere"),
        ('accept = ["default"]', 'accept = ["text/plain"]', DEFAULT_ACCEPT, "the program's, not those of [defaults]"),
    ],
)  # fmt: skip
def test_default_stands_for_the_types_that_hrflow_reads(tmp_path, folder, defaults, accept, why):
    loaded = read(tmp_path, folder, defaults)
    assert loaded.config.folders[0].accept == accept, why
    assert not loaded.warnings


def test_a_rule_for_one_of_the_default_types_can_apply(tmp_path):
    rule = '\n[[folders.rules]]\nmedia_types = ["image/png"]\nignore = true\n'
    assert not read(tmp_path, 'accept = ["default", "text/plain"]' + rule).warnings


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ('accept = ["default", "text/plian"]', 'accept[2]: "text/plian" is not a known media type'),
        ('accept = ["Default"]', "is not a known media type"),
        (
            '[[folders.rules]]\nmedia_types = ["default"]\nignore = true',
            "is not a known media type",
        ),
    ],
)
def test_it_stands_for_them_there_alone(tmp_path, folder, said):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, folder)
    assert said in "\n".join(map(str, caught.value.mistakes))
