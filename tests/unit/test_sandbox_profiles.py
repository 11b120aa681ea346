"""The store of profiles, where its edges are not seen over HTTP."""

from watcher.sandbox.checks import Form
from watcher.sandbox.profiles import Profiles
from watcher.sandbox.uploads import Upload

NAMES = ("Ada Example", "Ben Example", "Cid Example")


def add(profiles, name):
    content = name.encode()
    upload = Upload(file_name="cv.txt", size=len(content), sha256=name, content=content)
    return profiles.add(Form("source", reference=name), upload, 0, "at_once")


def test_documents_that_nobody_asks_for_do_not_pile_up():
    profiles = Profiles(lambda: 1.0, max_unread=15)
    kept = [add(profiles, name) for name in NAMES]
    assert profiles._unread_size <= 15
    assert [profiles.reading(profile).name for profile in kept] == list(NAMES)
    assert profiles._unread_size == 0


def test_a_key_tells_source_reference_content_and_repetition_apart():
    profiles = Profiles(lambda: 1.0)
    upload = Upload(file_name="cv.txt", size=1, sha256="a", content=b"x")
    forms = [Form("one"), Form("one"), Form("two"), Form("one", reference="r")]
    keys = [profiles.add(form, upload, 0, "never").key for form in forms]
    assert len(set(keys)) == 4
    assert all(len(key) == 40 for key in keys)
