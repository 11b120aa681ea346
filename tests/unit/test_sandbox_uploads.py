"""A multipart body gives the same upload however it is cut into pieces."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.sandbox.uploads import MAX_KEPT, Upload, read_upload

BOUNDARY = b"bound"
TYPE = "multipart/form-data; boundary=bound"


def read(body, cuts=(), content_type=TYPE, path=""):
    """Read ``body`` in pieces that end at ``cuts``."""
    ends = iter([*sorted(cut for cut in cuts if 0 < cut < len(body)), len(body)])
    position = 0

    def take(size):
        nonlocal position
        end = min(next(ends, len(body)), position + size)
        piece, position = body[position:end], end
        return piece or body[position : (position := position + 1)]

    upload = Upload()
    read_upload(upload, take, len(body), content_type, path=path, watch=lambda: None)
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
    assert (upload.error, upload.whole) == ("", True)
    assert upload.fields == [("reference", value)]
    assert upload.content == content
    assert (upload.size, upload.sha256) == (len(content), hashlib.sha256(content).hexdigest())


@given(st.binary(max_size=300), st.lists(st.integers(1, 300), max_size=5, unique=True))
def test_no_body_is_an_error_of_ours(body, cuts):
    upload = read(body, cuts)
    assert upload.complete
    assert upload.error


def test_a_large_file_is_hashed_but_not_kept():
    content = b"x" * (MAX_KEPT + 1)
    upload = read(build([], content))
    assert upload.content is None
    assert upload.sha256 == hashlib.sha256(content).hexdigest()


def test_a_file_may_go_to_the_disk(tmp_path):
    path = str(tmp_path / "part")
    upload = read(build([], b"content"), path=path)
    assert (upload.content, (tmp_path / "part").read_bytes()) == (None, b"content")
    upload.discard()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "multipart/form-data", "multipart/form-data; boundary="]
)
def test_a_body_needs_its_content_type(content_type):
    assert read(build([], b"content"), content_type=content_type).error


def test_fields_are_counted():
    assert read(build([(b"tags", b"")] * 201, b"content")).error == "too many fields"


def test_names_arrive_as_they_were_written():
    assert read(build([], b"x", "Zoë 'x' (final) 100%.pdf")).file_name == "Zoë 'x' (final) 100%.pdf"
