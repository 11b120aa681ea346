"""Where a document goes: patterns, placeholders, ignored names, routes, form fields."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.model import Document, Route, Skip, Sniffed, Stat, State, Tag
from watcher.patterns import PatternError, compile_pattern
from watcher.placeholders import fill, names_in
from watcher.rules import Facts, form_fields, ignore_filter, router
from watcher.settings import CreatedAt, CreatedAtFormat, Folder, Item, Label, Rule

FACTS = Facts(hostname="pc-7", user="jo")
PDF = Sniffed("application/pdf", ".pdf", "a PDF document", whole=True)
SHA = "ab" * 32


def folder(**settings):
    values = {"path": "/srv/cvs", "account": "default", "source_key": "k"}
    return Folder(**{**values, **settings})


def document(below="jane.pdf", sniffed=PDF, size=1000, mtime_ns=1_700_000_000_500_000_000):
    return Document("/srv/cvs", f"/srv/cvs/{below}", Stat(size, mtime_ns), SHA, sniffed, "jane.pdf")


def route(below="jane.pdf", sniffed=PDF, size=1000, **settings):
    return router(folder(**settings), FACTS)(document(below, sniffed, size))


@pytest.mark.parametrize(
    ("pattern", "path", "captured"),
    [
        ("*.pdf", "a.pdf", {}),
        ("*.pdf", "b/a.pdf", None),  # a star stays within one name
        ("**/*.pdf", "a.pdf", {}),  # two stars reach any depth, also none
        ("**/*.pdf", "b/c/a.pdf", {}),
        ("jobs/**", "jobs/a/b.pdf", {}),
        ("jobs/**", "job/a.pdf", None),
        ("?.pdf", "a.pdf", {}),
        ("?.pdf", "ab.pdf", None),
        ("{job}/**", "dev-42/a.pdf", {"job": "dev-42"}),
        ("{job}/**", "a.pdf", None),
        (
            "{job}/{stage:yes|no}/**",
            "dev/YES/a.pdf",
            {"job": "dev", "stage": "yes"},
        ),  # our spelling
        ("{job}/{stage:yes|no}/**", "dev/maybe/a.pdf", None),
        ("JOBS/*", "jobs/a.pdf", {}),  # people type either way
        ("cv-{id}.pdf", "cv-7.pdf", {"id": "7"}),  # a piece of a name
        ("a.b", "axb", None),  # a dot is a dot
    ],
)
def test_patterns(pattern, path, captured):
    assert compile_pattern(pattern).match(path) == captured


@pytest.mark.parametrize(
    "pattern", ["", "/a", "a\\b", "{", "}", "{a", "{}", "{a b}", "{a}{a}", "{1}"]
)
def test_what_is_no_pattern(pattern):
    with pytest.raises(PatternError):
        compile_pattern(pattern)


@given(st.text(alphabet="ab*?/{}:|x", max_size=30), st.text(alphabet="ab/x", max_size=60))
def test_any_pattern_compiles_or_says_why_and_never_hangs(pattern, path):
    begin = time.perf_counter()
    try:
        compile_pattern(pattern).match(path)
    except PatternError as error:
        assert str(error)
    assert time.perf_counter() - begin < 5


@pytest.mark.parametrize(
    "pattern",
    ["a*" * 30 + "b", "**/" * 30 + "b", "**" * 30 + "b", "{a}*{b}*{c}*{d}*/b", "*" * 50 + "b"],
)
def test_a_greedy_pattern_does_not_take_for_ever(pattern):
    compiled = compile_pattern(pattern)
    begin = time.perf_counter()
    assert compiled.match("a" * 250) is None
    assert compiled.match("a/" * 100 + "a") is None
    assert time.perf_counter() - begin < 5


IGNORED = [
    (".hidden", "hidden"),
    ("a/.git/config", "in a hidden directory"),
    ("._Aisha.pdf", "side file of macOS"),
    (".DS_Store", "likewise"),
    ("~$cv.docx", "Word's lock"),
    (".~lock.cv.odt#", "LibreOffice's lock"),
    ("~WRL0001.tmp", "Word's temporary file"),
    ("x.tmp", "temporary"),
    ("x.part", "download"),
    ("x.partial", "download"),
    ("x.crdownload", "Chrome's download"),
    ("x.download", "Safari's download"),
    ("x.opdownload", "Opera's download"),
    ("x.filepart", "WinSCP's upload"),
    ("X.TMP", "whatever its case"),
    ("Thumbs.db", "Windows"),
    ("desktop.ini", "Windows"),
    (".cv.swp", "vim"),
    (".syncthing.x.tmp", "Syncthing"),
    (".nfs000123", "NFS"),
    ("Sent/2026-01-01/x.pdf", "what we filed away"),
    ("refused/x.pdf", "likewise, whatever the case"),
    ("x.pdf.error.txt", "our own note"),
    ("old draft.pdf", "the folder's own name pattern"),
    ("private/x.pdf", "the folder's own path pattern"),
]
TAKEN = [
    "cv.pdf",
    "cv.v1.2.pdf",
    "part.pdf",
    "tmp/cv.pdf",
    "Sentinel.pdf",
    "a/Sent/x.pdf",
    "temp.docx",
]


@pytest.mark.parametrize(("below", "why"), IGNORED)
def test_what_is_ignored(below, why):
    assert ignore_filter(folder(ignore=("*draft*", "private/**")))(below), why


@pytest.mark.parametrize("below", TAKEN)
def test_what_is_not_ignored(below):
    assert ignore_filter(folder())(below) == ""


def test_placeholders_are_filled_everywhere():
    found = route(
        "dev-42/yes/Jane Doe.pdf",
        tags=(Item(name="{folder}", value="{parent}/{stem}.{extension}"), Item(name="n", value=3)),
        metadatas=(Item(name="who", value="{user}@{hostname} {date} {{x}}"),),
        rules=(
            Rule(
                match="{job}/{stage}/**",
                source_key="source-{job}",
                reference="{job}-{sha256}",
                labels=(Label(job_reference="{job}", stage="{stage}", rating=0.5),),
                tags=(Item(name="n", value="{job}"),),
            ),
        ),
    )
    assert found == Route(
        account="default",
        source_key="source-dev-42",
        reference=f"dev-42-{SHA}",
        tags=(Tag("cvs", "yes/Jane Doe.pdf"), Tag("n", "dev-42")),
        metadatas=(Tag("who", "jo@pc-7 2023-11-14 {x}"),),
        labels=({"job_reference": "dev-42", "stage": "yes", "rating": 0.5},),
        created_at="2023-11-14T22:13:20+00:00",
        rule=1,
    )


def test_the_first_fitting_rule_wins():
    rules = (
        Rule(match="*.docx", source_key="a"),
        Rule(media_types=("image/*",), source_key="b"),
        Rule(min_size=500, max_size=2000, source_key="c"),
        Rule(source_key="d"),
    )
    assert route(rules=rules).source_key == "c"
    assert route(size=10, rules=rules).source_key == "d"
    png = Sniffed("image/png", ".png", "a PNG image", whole=True)
    assert route(sniffed=png, rules=rules).rule == 2


@pytest.mark.parametrize(
    ("settings", "state", "words"),
    [
        ({"accept": ("image/png",)}, State.REFUSED, "a PDF document"),
        ({"max_size": 10}, State.REFUSED, "max_size"),
        ({"rules": (Rule(match="*", ignore=True),)}, State.IGNORED, "rule 1"),
        ({"rules": (Rule(match="{x}", labels=(Label(job_key="j", stage="{x}"),)),)}, State.REFUSED, "'jane.pdf'"),
        ({"reference": "x" * 300}, State.REFUSED, "300 characters"),
    ],
)  # fmt: skip
def test_what_is_not_sent_says_why(settings, state, words):
    found = route(**settings)
    assert isinstance(found, Skip)
    assert found.state is state
    assert words in found.why


def test_programs_and_riddles_are_told_apart():
    assert "program" in route(sniffed=Sniffed("application/x-elf", ".bin", "a program")).why
    assert "not a document" in route(sniffed=Sniffed("", "", "unknown")).why


def test_the_reception_date_travels_as_asked():
    assert route(created_at_format=CreatedAtFormat.TIMESTAMP).created_at == "1700000000"
    assert route(created_at=CreatedAt.NONE).created_at == ""
    assert route(rules=(Rule(created_at=CreatedAt.NONE),)).created_at == ""


def test_names_that_are_no_text_become_harmless_values():
    assert route("a\udcff\n.pdf", tags=(Item(name="f", value="{stem}"),)).tags == (
        Tag("f", "a\ufffd\ufffd"),
    )


@given(st.text(max_size=40))
def test_a_template_names_all_that_filling_it_needs(template):
    values = dict.fromkeys(names_in(template), "x")
    assert isinstance(fill(template, values), str)


def test_form_fields_are_in_order_exact_and_without_what_is_not_set():
    found = Route(
        "default", "k", "ref", tags=(Tag("é", "ü"), Tag("t", True), Tag("n", 0.5)),
        labels=({"job_key": "j"},), sync_parsing=True, created_at="1",
    )  # fmt: skip
    assert form_fields(found, "application/pdf") == (
        ("source_key", "k"),
        ("sync_parsing", "1"),
        ("webhook_parsing_sending", "0"),
        ("profile_content_type", "application/pdf"),
        ("reference", "ref"),
        ("labels", '[{"job_key":"j"}]'),
        ("tags", '[{"name":"é","value":"ü"},{"name":"t","value":true},{"name":"n","value":0.5}]'),
        ("created_at", "1"),
    )
    assert json.loads(dict(form_fields(found, "x"))["tags"])[1]["value"] is True
