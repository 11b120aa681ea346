"""What became of an upload, told by the webhook."""

import hashlib
import os
import shutil
import socket

import pytest
from msgspec.structs import replace

from tests.support.follow_up import asked, one, sentences
from tests.support.samples import PDF, make_pdf
from watcher import sandbox as sb
from watcher.model.errors import CredentialError
from watcher.model.settings import (
    AfterUpload,
    Webhook,
)
from watcher.pipeline.messages import Resume, Retry
from watcher.sandbox import Fault, Kind

SECRET = "a secret of the webhook"


@pytest.fixture
def hooked(world, clock):
    """A world whose sandbox sends webhooks, and the program that receives them."""
    world.settings = {"webhook": Webhook(enabled=True, port=free_port())}
    world.options = {"webhook_secret": lambda allow: SECRET}
    world.sandbox.webhooks.url = f"http://127.0.0.1:{world.settings['webhook'].port}/webhook"
    world.sandbox.webhooks.secret = SECRET
    return world


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def start_hooked(world, clock, **settings):
    folder = world.folder(webhook_parsing_sending=True, **settings)
    world.start(folder, clock=clock)
    world.wait_for(lambda: world.app._webhooks.port)
    return folder


def test_the_webhook_tells_at_once(hooked, clock, eventually):
    world = hooked
    folder = start_hooked(world, clock)
    shutil.copy(PDF, os.path.join(folder.path, "Aisha.pdf"))
    eventually(lambda: [str(e.state) for e in world.entries()] == ["parsed"])
    assert one(world).profile_name == "Aisha Rahman"
    assert world.sandbox.webhooks.answers == [200]
    assert len(asked(world)) == 1


def test_the_webhook_is_enough_for_a_key_that_may_only_write(hooked, clock, eventually):
    world = hooked
    world.keys.key = sb.WRITE_KEY
    folder = start_hooked(world, clock)
    shutil.copy(PDF, os.path.join(folder.path, "Aisha.pdf"))
    eventually(lambda: [str(e.state) for e in world.entries()] == ["parsed"])
    assert one(world).profile_key == world.sandbox.profiles()[0].key


def test_what_cannot_be_parsed_is_sent_again_under_another_reference(hooked, clock, eventually):
    world = hooked
    world.sandbox.api.unparsable = "*.pdf"
    folder = start_hooked(world, clock)
    shutil.copy(PDF, os.path.join(folder.path, "Aisha.pdf"))
    eventually(lambda: [str(e.state) for e in world.entries()] == ["parse_failed"])
    assert "could not parse" in str(one(world).why)
    first = world.arrived()[0].reference
    world.app.post(Retry((one(world).file_id,)))
    eventually(lambda: len(world.arrived()) == 2)
    eventually(lambda: one(world).state == "parse_failed")
    world.sandbox.api.unparsable = ""
    world.app.post(Retry((one(world).file_id,)))
    eventually(lambda: one(world).state == "parsed")
    assert [record.reference for record in world.arrived()] == [first, f"{first}-2", f"{first}-3"]
    assert one(world).profile_key == world.sandbox.profiles()[-1].key


def event_of(path, source=sb.ENGINEERING.key, kind="success", key="k" * 40):
    """What HrFlow tells of a file that is uploaded under the reference of its content."""
    with open(path, "rb") as file:
        reference = hashlib.sha256(file.read()).hexdigest()
    profile = {"key": key, "reference": reference, "source": {"key": source}}
    return {"type": f"profile.parsing.{kind}", "message": "m", "profile": profile}


@pytest.mark.parametrize("kind", ["success", "update", "error"])
def test_an_event_that_is_faster_than_the_answer_survives_a_restart(
    hooked, clock, eventually, kind
):
    world = hooked
    world.keys.key = sb.WRITE_KEY  # so that nothing but the event can tell
    world.sandbox.webhooks.url = f"http://127.0.0.1:{world.settings['webhook'].port}/webhook"
    folder = start_hooked(world, clock)
    event = event_of(PDF, kind=kind)
    assert world.sandbox.webhooks.send(event) == 200
    world.nudge()
    world.stop()
    world.sandbox.webhooks.secret = "nobody's"  # the sandbox's own event is not believed
    world.start(folder, clock=clock)
    world.wait_for(lambda: world.app._webhooks.port)
    shutil.copy(PDF, os.path.join(folder.path, "Aisha.pdf"))
    expected = "parse_failed" if kind == "error" else "parsed"
    eventually(lambda: [str(e.state) for e in world.entries()] == [expected])
    assert one(world).profile_key == ("" if kind == "error" else "k" * 40)


@pytest.mark.parametrize("key", [sb.WRITE_KEY, sb.READ_WRITE_KEY])
def test_an_upload_without_an_answer_is_not_sent_again_once_the_webhook_tells_of_it(
    hooked, clock, eventually, key
):
    world = hooked
    world.keys.key = key
    world.sandbox.faults.set(sb.Fault(kind=sb.Kind.CUT_BEFORE_ANSWER, method="POST", times=1))
    folder = start_hooked(world, clock)
    shutil.copy(PDF, os.path.join(folder.path, "Aisha.pdf"))
    eventually(lambda: world.sandbox.webhooks.answers == [200])
    eventually(lambda: [str(e.state) for e in world.entries()] == ["parsed"])
    assert list(world.sandbox.parses().values()) == [1]
    assert one(world).profile_key == world.sandbox.profiles()[0].key


def test_a_profile_that_is_parsed_again_changes_nothing_for_a_file_that_is_parsed(
    hooked, clock, eventually
):
    world = hooked
    folder = start_hooked(world, clock)
    path = os.path.join(folder.path, "Aisha.pdf")
    shutil.copy(PDF, path)
    eventually(lambda: [str(e.state) for e in world.entries()] == ["parsed"])
    before = one(world)
    event = event_of(path, kind="update", key=before.profile_key)
    assert world.sandbox.webhooks.send(event) == 200
    world.nudge()
    assert one(world) == before
    assert list(world.sandbox.parses().values()) == [1]


def test_an_event_that_nobody_signed_changes_nothing(hooked, clock, eventually):
    world = hooked
    world.sandbox.api.parse_seconds = 1e9
    folder = start_hooked(world, clock)
    shutil.copy(PDF, os.path.join(folder.path, "Aisha.pdf"))
    world.wait_idle(1)
    profile = world.sandbox.profiles()[0]
    event = {
        "type": "profile.parsing.error",
        "profile": {"key": profile.key, "reference": profile.reference},
    }
    send = world.sandbox.webhooks.send
    assert send(event, secret="another") == 401
    world.nudge()
    assert one(world).state == "accepted"
    assert send(event) == 200
    eventually(lambda: one(world).state == "parse_failed")
    assert send(event) == 409
    world.stop()
    world.start(folder, clock=clock)
    world.wait_for(lambda: world.app._webhooks.port)
    world.app.post(Retry((one(world).file_id,)))
    eventually(lambda: len(world.arrived()) == 2)
    eventually(lambda: one(world).state == "accepted")
    assert send(event) == 200  # taken, and known to the journal
    world.nudge()
    assert one(world).state == "accepted"


def no_secret(_allow_insecure):
    raise CredentialError("There is no secret for the webhook.")


def test_without_a_secret_nothing_is_received(world, clock):
    world.settings = {"webhook": Webhook(enabled=True, port=free_port())}
    world.options = {"webhook_secret": no_secret}
    world.start(world.folder(), clock=clock)
    world.wait_for(lambda: any("No webhooks are received" in each for each in sentences(world)))
    assert world.app._webhooks.port == 0


def test_settings_that_change_open_and_close_the_port(hooked, clock, eventually):
    world = hooked
    folder = start_hooked(world, clock)
    first = world.app._webhooks.port
    other = free_port()
    config = world.config(folder)
    world.app.reload(replace(config, webhook=Webhook(enabled=True, port=other)))
    eventually(lambda: world.app._webhooks.port == other)
    socket.create_server(("127.0.0.1", first)).close()  # it is free again
    world.app.reload(config)
    assert world.app._webhooks.port == 0
    socket.create_server(("127.0.0.1", other)).close()
    world.app.reload(replace(config, webhook=Webhook(enabled=True, port=other)))
    eventually(lambda: world.app._webhooks.port == other)
    world.sandbox.webhooks.url = f"http://127.0.0.1:{other}/webhook"
    assert world.sandbox.webhooks.send({"type": "x"}) == 200


def test_a_port_that_is_taken_is_said_and_all_else_goes_on(hooked, clock, eventually):
    world = hooked
    with socket.create_server(("127.0.0.1", world.settings["webhook"].port)):
        folder = world.folder()
        world.start(folder, clock=clock)
        world.wait_for(lambda: any("can't be received" in each for each in sentences(world)))
        make_pdf(os.path.join(folder.path, "a.pdf"))
        world.wait_idle(1)
    world.app.post(Resume())
    eventually(lambda: world.app._webhooks.port)


def test_an_event_that_is_faster_than_the_uploads_answer_is_not_lost(hooked, clock, eventually):
    world = hooked
    world.keys.key = sb.WRITE_KEY  # so that nobody asks
    world.sandbox.faults.set(Fault(kind=Kind.DELAY, method="POST", delay=0.7))
    folder = start_hooked(world, clock)
    shutil.copy(PDF, os.path.join(folder.path, "Aisha.pdf"))
    eventually(lambda: world.sandbox.webhooks.answers == [200])
    assert [str(entry.state) for entry in world.entries()] == ["uploading"]
    eventually(lambda: [str(e.state) for e in world.entries()] == ["parsed"])


def test_a_file_that_was_filed_away_is_retried_once_it_is_back(hooked, clock, eventually):
    world = hooked
    world.sandbox.api.unparsable = "*.pdf"
    folder = start_hooked(world, clock, after_upload=AfterUpload.MOVE)
    path = os.path.join(folder.path, "Aisha.pdf")
    shutil.copy(PDF, path)
    eventually(lambda: [str(e.state) for e in world.entries()] == ["parse_failed"])
    eventually(lambda: one(world).filed_to)
    world.app.post(Retry((one(world).file_id,)))
    world.wait_for(lambda: any("Put it back" in each for each in sentences(world)))
    assert one(world).state == "parse_failed"
    world.sandbox.api.unparsable = ""
    os.rename(one(world).filed_to, path)
    eventually(lambda: world.read_configured(path))
    world.app.post(Retry((one(world).file_id,)))
    eventually(lambda: one(world).state == "parsed")
    assert [record.reference[-2:] for record in world.arrived()][1] == "-2"
