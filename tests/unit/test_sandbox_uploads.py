"""A multipart body gives the same upload however it is cut into pieces."""

import hashlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.sandbox.uploads import MAX_KEPT, Upload

BOUNDARY = b"bound"
TYPE = "multipart/form-data; boundary=bound"


def read(body, cuts=(), content_type=TYPE):
    """Read ``body`` in pieces that end at ``cuts``."""
    upload = Upload(content_type, len(body))
    ends = [*sorted(cut for cut in cuts if 0 < cut < len(body)), len(body)]
    for start, end in itertools.pairwise([0, *ends]):
        upload.feed(body[start:end])
    return upload


def build(fields, content, name="cv.pdf"):
    parts = [
        b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (BOUNDARY, key, value)
        for key, value in fields
    ]
    head = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    return b"".join([*parts, b"--bound\r\n", head, content, b"\r\n--bound--\r\n"])


CONTENT = st.lists(
    st.sampled_from([b"\r\n--bound", b"\r\n--boun", b"\r", b"\n", b"--", b"x", b"\x00\xff"]), max_size=9
).map(b"".join).filter(lambda content: b"\r\n--bound" not in b"\r\n" + content)  # fmt: skip


@given(
    content=CONTENT,
    value=st.text(max_size=20).filter(lambda text: "\n--bound" not in text),
    cuts=st.lists(st.integers(1, 300), max_size=12, unique=True),
)
def test_where_a_body_is_cut_makes_no_difference(content, value, cuts):
    upload = read(build([(b"reference", value.encode())], content), cuts)
    assert (upload.error, upload.is_complete) == ("", True)
    assert upload.fields == [("reference", value)]
    assert upload.content == content
    assert (upload.size, upload.sha256) == (len(content), hashlib.sha256(content).hexdigest())


@given(st.binary(max_size=300), st.lists(st.integers(1, 300), max_size=5, unique=True))
def test_no_body_is_an_error_of_ours(body, cuts):
    upload = read(body, cuts)
    assert upload.is_complete
    assert upload.error


def test_a_large_file_is_hashed_but_not_kept():
    content = b"x" * (MAX_KEPT + 1)
    upload = read(build([], content))
    assert upload.content == b""
    assert upload.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "multipart/form-data", "multipart/form-data; boundary="]
)
def test_a_body_needs_its_content_type(content_type):
    assert read(build([], b"content"), content_type=content_type).error


def test_fields_are_counted():
    assert read(build([(b"tags", b"")] * 201, b"content")).error


def test_names_arrive_as_they_were_written():
    assert read(build([], b"x", "Zoë 'x' (final) 100%.pdf")).file_name == "Zoë 'x' (final) 100%.pdf"
