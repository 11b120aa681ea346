"""The measurements run, at their smallest; how fast it is, is not tested."""

import json
import sys
import xml.etree.ElementTree as ET

import pytest

from tests.bench import __main__ as bench
from tests.bench import picture, steps
from tests.bench.rows import Row

ROWS = [
    Row("latency", "close → request", "1 ms", "curl 2 ms", 0.5, 1.5, beside="curl"),
    Row("burst", "noticed", "9 of 10", "all", 0.9, 1, at_most=False),
    Row("idle", "CPU | wake-ups", "0 s", "nobody", 0.0, 2, unit="s"),
    Row("start", "run", "300 ms", "10 ms", 30.0),
]


@pytest.mark.parametrize("name", ["start", "restart", "latency"])
def test_it_measures_and_keeps_what_it_found(tmp_path, name):
    bench.main([name, "--quick", "--json", str(tmp_path / "found")])
    found = json.loads((tmp_path / "found").read_text())
    rows = [Row(**row) for row in found["rows"]]
    assert rows
    assert all(row.ratio > 0 for row in rows)
    assert any(row.target for row in rows)
    assert "cores" in found["machine"]


@pytest.mark.skipif(sys.platform != "linux", reason="marks what watches folders on Linux")
def test_every_step_of_a_lone_file_is_seen(capsys, monkeypatch):
    monkeypatch.setattr(steps, "FILES", 10)
    monkeypatch.setattr(steps, "WARM", 1)
    steps.main()
    printed = capsys.readouterr().out
    for _, what in steps.WAY:
        assert what in printed


def test_a_target_is_reached_from_its_own_side():
    assert [row.reached for row in ROWS] == [True, False, True, None]


def test_table_and_picture_say_the_same(tmp_path, monkeypatch):
    results, drawn = tmp_path / "RESULTS.md", tmp_path / "speed.svg"
    monkeypatch.setattr(picture, "RESULTS", results)
    monkeypatch.setattr(picture, "PICTURE", drawn)
    results.write_text(f"before\n{picture.BEGIN}old\n{picture.END}\nafter\n", encoding="utf-8")
    picture.write(ROWS, "a machine")
    text = results.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert text.count("✓") - 1 == text.count("✗") == 2  # and what they mean
    assert "| idle | CPU / wake-ups |" in text
    words = " ".join(ET.parse(drawn).getroot().itertext())
    assert "close → request / curl" in words
    assert "✗ 0.90" in words
    assert "run" not in words.split()  # nothing is promised of it
