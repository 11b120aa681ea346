"""The page's server ends whoever comes at that very moment."""

import contextlib
import os
import socket

from watcher.daemon.instance import Places
from watcher.i18n.catalog import catalog
from watcher.page.server import Server

#: What the server keeps of its own: a place to be woken at, and one or two ports.
LISTENING = 2


def make(_server):
    def app(_environ, start):
        start("200 OK", [("Content-Length", "0")])
        return [b""]

    return app


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


def test_a_connection_that_comes_while_the_server_ends_is_closed_and_keeps_nothing_alive(
    tmp_path, eventually
):
    places = Places(str(tmp_path))
    server = Server(places, make, catalog("en"))
    server.start()
    came = [connect(server)]
    eventually(lambda: len(server._loop) > LISTENING)  # the server is made for the first who comes
    dispatcher = server._server.task_dispatcher
    end = dispatcher.shutdown

    def end_while_somebody_comes(timeout):
        ended = end(timeout=timeout)
        before = len(server._loop)
        came.append(connect(server))
        eventually(lambda: len(server._loop) > before, 20)  # it is let in
        came.append(connect(server))  # and this one perhaps
        came[-1].sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return ended

    dispatcher.shutdown = end_while_somebody_comes
    server.stop()
    assert not server._thread.is_alive()
    assert server._loop == {}
    for each in came:
        with each, contextlib.suppress(ConnectionError):  # which is that of one never let in
            assert each.recv(1) == b"", "nobody answers any more"
    assert not os.path.exists(places.channel)


def test_a_server_that_could_not_be_made_is_made_for_the_next_who_comes(tmp_path, eventually):
    """As when the program's files are just being replaced."""
    failures = [ImportError("half a version")]

    def make_at_last(server):
        if failures:
            raise failures.pop()
        return make(server)

    server = Server(Places(str(tmp_path)), make_at_last, catalog("en"))
    server.start()

    def answer():
        with connect(server) as caller:
            caller.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return b"".join(iter(lambda: caller.recv(4096), b""))

    first = answer()
    assert first.startswith(b"HTTP/1.0 503 ")
    assert b"this works again once it was restarted" in first
    assert b" 503 " not in answer().splitlines()[0]
    server.stop()
    assert not server._thread.is_alive()
