"""What the sandbox reads in documents, the samples above all."""

import io
import os
import zipfile

import pypdf
import pytest

from tests.support.samples import SAMPLES
from watcher.sandbox.reading import Reading, find_facts, read_document, strip_rtf
from watcher.sandbox.samples import EMAIL, NAME, PHONE, sample_cv_pdf

PEOPLE = {
    # sample: name, email, phone, pages
    "Aisha Rahman - CV.pdf": ("Aisha Rahman", "aisha.rahman@example.org", "+00 555 0100", 1),
    "O'Brien, John (final).rtf": ("John O'Brien", "john.obrien@example.org", "+00 555 0106", 1),
    "fatima.html": ("Fatima Zahra El Idrissi", "fz.elidrissi@example.org", "+00 555 0105", 1),
    "leading junk.pdf": ("Łukasz Wójcik", "lukasz.wojcik@example.org", "+00 555 0101", 1),
    "no extension": ("John O'Brien", "john.obrien@example.org", "+00 555 0106", 1),
    "plain.txt": ("John Example", "john@example.org", "", 1),
    "portfolio.odp": ("Łukasz Wójcik", "lukasz.wojcik@example.org", "+00 555 0101", 2),
    "portfolio.pptx": ("Łukasz Wójcik", "lukasz.wojcik@example.org", "+00 555 0101", 2),
    "really a pdf.docx": ("John O'Brien", "john.obrien@example.org", "+00 555 0106", 1),
    "soren_agard.odt": ("Søren Ågård", "soren.agard@example.org", "+00 555 0104", 1),
    "template.dotx": ("Nguyễn Thị Mai", "mai.nguyen@example.org", "+00 555 0107", 1),
    "Łukasz Wójcik.docx": ("Łukasz Wójcik", "lukasz.wojcik@example.org", "+00 555 0101", 1),
}
#: Images and old binary formats would need more than a rehearsal is worth, the rest is damaged.
UNREAD = [
    "CV María José.doc",
    "archive of CVs.zip",
    "mai scan.jpeg",
    "portfolio.ppt",
    "renamed program.pdf",
    "small.bmp",
    "truncated.pdf",
    "陈晓明.png",
]


def sample(name):
    with open(os.path.join(SAMPLES, name), "rb") as file:
        return file.read()


@pytest.mark.parametrize("name", PEOPLE)
def test_a_sample_names_its_person(name):
    person, email, phone, pages = PEOPLE[name]
    assert read_document(sample(name)) == Reading(person, email, phone, pages, pages)


@pytest.mark.parametrize("name", UNREAD)
def test_what_cannot_be_read_names_nobody(name):
    assert read_document(sample(name)) == Reading()


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_a_broken_off_document_is_no_error(name, share):
    content = sample(name)
    assert isinstance(read_document(content[: int(len(content) * share)]), Reading)


def archive(**parts):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return buffer.getvalue()


WORD = '<w:document xmlns:w="w"><w:p><w:t>Jane Example</w:t></w:p>{}</w:document>'
HOSTILE = [
    ("a part of 100 MB", archive(**{"word/document.xml": WORD.format(" " * 100_000_000)})),
    ("an entity", archive(**{"word/document.xml": "<!DOCTYPE x [<!ENTITY a 'b'>]>" + WORD.format("")})),
    ("deep nesting", archive(**{"word/document.xml": WORD.format("<a>" * 90_000 + "</a>" * 90_000)})),
    ("no XML", archive(**{"word/document.xml": "Jane Example"})),
    ("nothing in it", archive()),
]  # fmt: skip


@pytest.mark.parametrize("content", [c for _, c in HOSTILE], ids=[why for why, _ in HOSTILE])
def test_a_hostile_archive_is_not_read(content):
    assert read_document(content) == Reading()


def test_ten_pages_of_a_document_are_read():
    writer = pypdf.PdfWriter()
    for _ in range(12):
        writer.append(io.BytesIO(sample_cv_pdf()))
    buffer = io.BytesIO()
    writer.write(buffer)
    read = read_document(buffer.getvalue())
    assert (read.name, read.total_pages, read.processed_pages) == (NAME, 12, 10)


def test_the_cv_made_in_code_is_a_sound_pdf():
    reader = pypdf.PdfReader(io.BytesIO(sample_cv_pdf()), strict=True)
    text = reader.pages[0].extract_text()
    assert "Université de Lyon" in text
    assert read_document(sample_cv_pdf()) == Reading(NAME, EMAIL, PHONE, 1, 1)
    assert sample_cv_pdf() == sample_cv_pdf()


NAMES = [
    # text, the name in it
    ("Jane Example", "Jane Example"),
    ("\n  Curriculum Vitae\n\nJane   Example\n", "Jane Example"),
    ("CV of Jane Example", "Jane Example"),
    ("Résumé \u2013 Jean-Luc d'Exemple", ""),  # a lower-case word that is no particle
    ("Lebenslauf: Anna von der Heide", "Anna von der Heide"),
    ("12 Example Street\nJane Example", "Jane Example"),
    ("jane@example.org\nJane Example", "Jane Example"),
    ("陈晓明\n软件工程师", "陈晓明"),
    ("Experience\nSkills", ""),
    ("Plain text CV", ""),
    ("A line that goes on and on\n" * 3, ""),
    ("", ""),
]


@pytest.mark.parametrize(("text", "name"), NAMES)
def test_the_first_plausible_line_is_the_name(text, name):
    assert find_facts(text).name == name


PHONES = [
    ("call +33 1 99 00 12 34 now", "+33 1 99 00 12 34"),
    ("(020) 7946-0958", "(020) 7946-0958"),
    ("0199001234", "0199001234"),
    ("2014-2016, 2016-2018", ""),
    ("A0123456789", ""),
]


@pytest.mark.parametrize(("text", "phone"), PHONES)
def test_a_phone_number_starts_like_one(text, phone):
    assert find_facts(text).phone == phone


RTF = [
    # RTF, text
    (rb"{\rtf1\ansi\ansicpg1252 Ren\'e9\par x}", "René\nx"),
    (rb"{\rtf1\ansi\ansicpg1250 \'a3ukasz}", "Łukasz"),
    (rb"{\rtf1\uc1 \u321?ukasz}", "Łukasz"),
    (rb"{\rtf1\uc2 \u321\'41\'42ukasz}", "Łukasz"),
    (rb"{\rtf1 \u-10179?\u-8704?}", "😀"),
    (rb"{\rtf1{\fonttbl{\f0 Arial;}}{\*\generator x;}a\{b\}\\}", r"a{b}\\"[:-1]),
    (rb"{\rtf1\ansicpg99999 x}", "x"),
    (rb"{\rtf1 a}}}", "a"),
]


@pytest.mark.parametrize(("content", "text"), RTF)
def test_rtf_is_stripped(content, text):
    assert strip_rtf(content) == text
