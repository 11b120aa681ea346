"""The store of profiles, where its edges are not seen over HTTP, and what is read in a CV."""

import io
from dataclasses import dataclass

import pypdf
import pytest

from tests.support.documents import read
from watcher.sandbox.checks import Form
from watcher.sandbox.profiles import Profiles, Reading, read_document
from watcher.sandbox.samples import PERSON, PERSON_EMAIL, sample_cv_pdf

NAMES = ("Ada Example", "Ben Example", "Cid Example")


@dataclass
class Arrived:
    """What an upload's body has become."""

    content: bytes
    sha256: str = "a"
    file_name: str = "A File.txt"
    content_type: str = "text/plain"
    size: int = 1


def add(profiles, name):
    return profiles.add(Form("source", reference=name), Arrived(name.encode()), 0, "at_once")


def test_documents_that_nobody_asks_for_do_not_pile_up():
    profiles = Profiles(lambda: 1.0, max_memory=25)
    kept = [add(profiles, name) for name in NAMES]
    names = [profiles.reading(profile).name for profile in kept]
    assert names == ["Ada Example", "Ben Example", "A File"]
    assert profiles.reading(add(profiles, "Eve Example")).name == "Eve Example", (
        "there is room again"
    )


@pytest.mark.parametrize(
    ("name", "person", "email"),
    [
        ("Aisha Rahman - CV.pdf", "Aisha Rahman", "aisha.rahman@example.org"),
        ("leading junk.pdf", "Łukasz Wójcik", "lukasz.wojcik@example.org"),
        ("Łukasz Wójcik.docx", "Łukasz Wójcik", ""),  # by its name, as all that follow
        ("CV María José.doc", "María José", ""),
        ("fatima.html", "fatima", "fz.elidrissi@example.org"),
        ("truncated.pdf", "truncated", ""),
        ("small.bmp", "small", ""),
    ],
)
def test_a_document_names_its_person(name, person, email):
    assert read_document(read(name), name) == Reading(person, email)


def test_ten_pages_of_a_document_are_read():
    writer = pypdf.PdfWriter()
    for _ in range(12):
        writer.append(io.BytesIO(sample_cv_pdf()))
    buffer = io.BytesIO()
    writer.write(buffer)
    found = read_document(buffer.getvalue(), "cv.pdf")
    assert (found.name, found.total_pages, found.processed_pages) == (PERSON, 12, 10)


def test_the_cv_made_in_code_is_a_sound_pdf():
    reader = pypdf.PdfReader(io.BytesIO(sample_cv_pdf()), strict=True)
    assert "Université de Lyon" in reader.pages[0].extract_text()
    assert read_document(sample_cv_pdf(), "") == Reading(PERSON, PERSON_EMAIL)
    assert sample_cv_pdf() == sample_cv_pdf()


@pytest.mark.parametrize(
    ("text", "file_name", "name"),
    [
        ("\n  Jane Example \nEngineer", "cv.txt", "Jane Example"),
        ("Jean-Luc d'Exemple", "cv.txt", "Jean-Luc d'Exemple"),
        ("陈晓明\n软件工程师", "cv.txt", "陈晓明"),
        ("12 Example Street", "jane_example-CV.txt", "jane example"),
        ("", "résumé.txt", "résumé.txt"),
    ],
)
def test_the_first_line_is_the_name_or_else_the_files(text, file_name, name):
    assert read_document(text.encode(), file_name).name == name


def test_a_key_tells_source_reference_content_and_repetition_apart():
    profiles = Profiles(lambda: 1.0)
    upload = Arrived(b"x")
    forms = [Form("one"), Form("one"), Form("two"), Form("one", reference="r")]
    keys = [profiles.add(form, upload, 0, "never").key for form in forms]
    assert len(set(keys)) == 4
    assert all(len(key) == 40 for key in keys)
