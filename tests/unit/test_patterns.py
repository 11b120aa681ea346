"""Patterns of paths: what fits, what is captured, what is no pattern, and that none takes long."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.routing.names import search_key
from watcher.routing.patterns import PatternError, compile_pattern


@pytest.mark.parametrize(
    ("pattern", "path", "captured"),
    [
        ("*.pdf", "a.pdf", {}),
        ("*.pdf", "b/a.pdf", None),  # a star stays within one name
        ("**/*.pdf", "a.pdf", {}),  # two stars reach any depth, also none
        ("**/*.pdf", "b/c/a.pdf", {}),
        ("a/**/b/**/c", "a/x/b/y/b/z/c", {}),  # the last two stars take what the first ones leave
        ("**/**/a", "b/a", {}),  # two stars twice are two stars
        ("jobs/**", "jobs/a/b.pdf", {}),
        ("jobs/**", "job/a.pdf", None),
        ("jobs/**", "jobs", None),  # everything below it, not itself
        ("**", "a/b", {}),
        ("?.pdf", "a.pdf", {}),
        ("?.pdf", "ab.pdf", None),
        ("{job}/**", "dev-42/a.pdf", {"job": "dev-42"}),
        ("{job}/**", "a.pdf", None),
        ("{job}/{stage:yes|no}/**", "dev/YES/a.pdf", {"job": "dev", "stage": "yes"}),  # our spelling
        ("{job}/{stage:yes|no}/**", "dev/maybe/a.pdf", None),
        ("{s: yes | no}/*", "No /a.pdf", {"s": "no"}),  # blanks around a whole name do not count
        ("{s:yes|no}/*", " yes\u00a0/a.pdf", {"s": "yes"}),
        ("cv{s: yes| no}.pdf", "cv yes.pdf", {"s": " yes"}),  # within one they do
        ("{s:refusé|reçu}/*", "REFUSE\u0301/a.pdf", {"s": "refusé"}),  # an accent of its own
        ("{s:refuse\u0301}/*", "refusé/a.pdf", {"s": "refusé"}),
        ("{job}/*", "Re\u0301gie /a.pdf", {"job": "Régie"}),
        ("{job}/*", " /a.pdf", {"job": " "}),  # a name of a blank alone
        ("JOBS/*", "jobs/a.pdf", {}),  # people type either way
        ("cv-{id}.pdf", "cv-7.pdf", {"id": "7"}),  # a piece of a name
        ("cv-{id}.pdf", "cv-.pdf", None),  # a capture holds something
        ("{a}-{b}", "x-y-z", {"a": "x", "b": "y-z"}),  # the shortest first
        ("*{s:yes|no}.pdf", "cv-yes.pdf", {"s": "yes"}),  # choices behind something free
        ("{n}{x:1|2}.pdf", "jane2.pdf", {"n": "jane", "x": "2"}),
        ("{a:b|bc}*c", "bc", {"a": "b"}),  # the longest choice, unless the rest needs its end
        ("{a:b|bc}*", "bc", {"a": "bc"}),
        ("a*b*c", "a-b-b-c-c", {}),  # a star gives way more than once
        ("a.b", "axb", None),  # a dot is a dot
        ("a+(b)", "a+(b)", {}),  # and so are an expression's other signs
        ("?", "\n", {}),  # names may hold line ends
        ("*.pdf", "\udcff.pdf", {}),  # and bytes that are no text
        ("*İ*", "xİx", {}),  # a letter whose small one is two
    ],
)  # fmt: skip
def test_patterns(pattern, path, captured):
    assert compile_pattern(pattern).match(path) == captured


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("", "inside the folder"),
        ("/a", "inside the folder"),
        ("a\\b", '"/" between'),
        ("a//b", 'the part ""'),
        ("a/", 'the part ""'),
        ("./a", 'the part "."'),
        ("a/../b", 'the part ".."'),
        ("{", "no matching brace"),
        ("}", "no matching brace"),
        ("{a", "no matching brace"),
        ("{a{b}}", "no matching brace"),
        ("{}", "not a capture"),
        ("{a b}", "not a capture"),
        ("{1}", "not a capture"),
        ("{a}{a}", "twice"),
        ("{a}/{a}", "twice"),
        ("{a:x|}", "empty"),
        ("{a:}", "empty"),
        ("{a:x/y}", 'can\'t contain "/"'),
        ("a" * 1001, "1000 characters"),
    ],
)
def test_what_is_no_pattern(pattern, why):
    with pytest.raises(PatternError, match=re.escape(why)):
        compile_pattern(pattern)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_a_pattern_or_says_why(pattern, path):
    try:
        found = compile_pattern(pattern).match(path)
    except PatternError as error:
        assert str(error)
    else:
        assert found is None or isinstance(found, dict)


@given(
    st.text(alphabet="ab*?/", min_size=1, max_size=8),
    st.lists(st.text(alphabet="ab", min_size=1, max_size=3), min_size=1, max_size=4).map("/".join),
)
def test_it_agrees_with_an_expression_that_may_go_back(pattern, path):
    """The obvious translation, which is right and too slow for long patterns."""
    try:
        found = compile_pattern(pattern).match(path)
    except PatternError:
        return
    parts = pattern.split("/")
    slow = "".join(
        (".+" if at == len(parts) - 1 else "(?:[^/]*/)*")
        if part == "**"
        else re.sub(r"\*+", "[^/]*", part.replace("?", "[^/]")) + "/" * (at < len(parts) - 1)
        for at, part in enumerate(parts)
    )
    assert (found is not None) == (re.fullmatch(slow, path) is not None), slow


GREEDY = [
    "a*" * 30 + "b",
    "**/" * 30 + "b",
    "**/a/" * 30 + "b",
    "**" * 30 + "b",
    "*" * 50 + "b",
    "".join(f"{{c{n}}}" for n in range(30)) + "b",
    "".join(f"{{c{n}:a|aa}}" for n in range(30)) + "b",
    "".join(f"{{c{n}:a|aa}}*" for n in range(20)) + "b",
    "{a}*{b}*{c}*{d}*/b",
]


@pytest.mark.parametrize("pattern", GREEDY)
@pytest.mark.parametrize("path", ["a" * 255, "a/" * 100 + "a", ("a" * 50 + "/") * 5 + "a"])
def test_a_greedy_pattern_does_not_take_for_ever(pattern, path):
    compiled = compile_pattern(pattern)
    begin = time.process_time()
    assert compiled.match(path) is None
    assert time.process_time() - begin < 0.5  # measured: 30 ms; one that goes back takes years


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("María José", "MARIA JOSE"),
        ("Jose\u0301", "jos\u00e9"),  # an accent of its own
        ("Straße", "STRASSE"),
        ("Ｊａｎｅ", "jane"),  # full-width letters
        ("İnci", "inci"),
    ],
)
def test_searches_ignore_case_and_accents(one, other):
    assert search_key(one) == search_key(other)


def test_searches_tell_letters_and_vowel_signs_apart():
    assert len({search_key(name) for name in ("Ann", "Ana", "किरण", "करण")}) == 4
