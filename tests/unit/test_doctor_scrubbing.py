"""What stays of a text that is sent to support, and what must not."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.doctor.bundle import MASK, Scrubber, own_words

#: Names that many people have.
NAMES = [
    "Aisha", "Alexander", "Ali", "Amelia", "Ana", "Andrea", "Anna", "Antonio", "Ben",
    "Carlos", "Chen", "Chiara", "Clara", "Daniel", "David", "Elena", "Emma", "Eva",
    "Fatima", "Felix", "Finn", "Frank", "Grace", "Hannah", "Hans", "Heidi", "Hugo",
    "Ines", "Ivan", "Jack", "James", "Jan", "Jean", "Joan", "John", "José",
    "Juan", "Julia", "Karl", "Kim", "Lara", "Laura", "Lee", "Lena", "Leo",
    "Li", "Lisa", "Lucas", "Luca", "Luis", "Maria", "María", "Marie", "Mark",
    "Martin", "Mary", "Max", "Mia", "Michael", "Mohammed", "Nina", "Noah", "Nora",
    "Olga", "Olivia", "Omar", "Oscar", "Paul", "Peter", "Pierre", "Robin", "Rosa",
    "Rose", "Sam", "Sara", "Sean", "Sofia", "Sophie", "Stephan", "Thomas", "Tom",
    "Victor", "Wang", "Wei", "Will", "Yusuf", "Zoe", "Zofia", "Müller", "Schmidt",
    "Smith", "Garcia", "García", "Nguyen", "Ivanov", "Rossi", "Dupont", "Martínez",
]  # fmt: skip


@pytest.fixture(scope="module")
def words():
    return own_words()


@pytest.fixture
def scrubber(words):
    made = Scrubber(words)
    made.add("/home/ana", "<home>")
    made.add("/home/ana/CVs of Ana", "<folder-1>")
    made.add("Ana Silva.pdf", "file-7.pdf")
    made.add("Ana Silva", "<person of file-7>")
    made.add("new", "<value of folder-1>")
    return made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/home/ana/CVs of Ana/Ana Silva.pdf cannot be read", "<folder-1>/file-7.pdf cannot be read"),
        ("the same as Ana Silva.pdf, Ana Silva.pdf", "the same as file-7.pdf, file-7.pdf"),
        ("/home/anabel/x.pdf", f"/home/{MASK}/x.pdf"),  # another home than ana's
        ("a new file, news", "a <value of folder-1> file, news"),  # whole words only
        ("Marie Curie.pdf is too large", f"{MASK}.pdf is too large"),  # nobody remembers it
        ("May Curie 1985-03-02.pdf", f"{MASK}.pdf"),  # beside a name, a word is one too
        ("Curie, May 2.pdf", f"{MASK}.pdf"),
        ("marie.curie@example.museum", f"{MASK}@example.{MASK}"),
        ("call +33 612345678", f"call +{MASK}"),
        ("ask_0123456789abcdef0123456789abcdef", f"ask_{MASK}"),
        ("2026-11-23 19:04:23,123 INFO watcher.daemon.core: the journal", None),
        ('  File "watcher/daemon/core.py", line 131, in start', None),
        ("OSError: [Errno 28] No space left on device", None),
        ("SomeForeignError", None),
    ],
)  # fmt: skip
def test_what_stays(scrubber, text, expected):
    assert scrubber.text(text) == (text if expected is None else expected)


def test_no_word_of_ours_is_a_name(words):
    found = set(NAMES) & words
    assert not found, "they would stay: write something else, or put them among _NAMES_TOO"


def test_empty_and_short_texts_are_not_replaced(words):
    scrubber = Scrubber(words)
    for text in ("", " ", "12"):
        scrubber.add(text, "<never>")
    assert scrubber.text("12 files in 12 folders") == "12 files in 12 folders"


@given(st.text(max_size=200))
def test_only_known_words_stay(text):
    scrubber = Scrubber(frozenset({"file"}))
    for word in re.findall(r"[^\W_]+", scrubber.text(text)):
        known = word == "file" or (word.isdigit() and len(word) <= 6)
        assert known or re.fullmatch(r"[A-Z][A-Za-z]*(Error|Exception|Timeout|Warning)", word)


@given(st.text(alphabet="Aa1_.- •\n", max_size=3000))
def test_no_text_takes_long(text):
    assert Scrubber(frozenset()).text(text).count("\n") == text.count("\n")
