"""A local server closes connections that come while it stops."""

import contextlib
import os
import socket

from tests.support.waiting import PATIENCE
from watcher.daemon.instance import Instance, LocalServer
from watcher.daemon.state_folder import Places

#: What the server keeps of its own: a place to be woken at, and its port.
LISTENING = 2


def answer(_environ, start):
    start("200 OK", [("Content-Length", "0")])
    return [b""]


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)


def test_a_connection_that_comes_while_the_server_ends_is_closed_and_keeps_nothing_alive(
    tmp_path, eventually
):
    places = Places(str(tmp_path))
    instance = Instance(places)
    instance.begin()
    server = LocalServer("page", answer, instance.listener, threads=4)
    came = [connect(server)]
    eventually(lambda: len(server._connections) > LISTENING)
    dispatcher = server._server.task_dispatcher
    end = dispatcher.shutdown

    def end_while_somebody_comes(timeout):
        ended = end(timeout=timeout)
        before = len(server._connections)
        came.append(connect(server))
        eventually(lambda: len(server._connections) > before)  # it is let in
        came.append(connect(server))  # and this one perhaps
        came[-1].sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return ended

    dispatcher.shutdown = end_while_somebody_comes
    server.stop(3.0)
    assert not server._thread.is_alive()
    assert server._connections == {}
    for each in came:
        with each, contextlib.suppress(ConnectionError):  # which is that of one never let in
            assert each.recv(1) == b"", "nobody answers any more"
    instance.end()
    assert not os.path.exists(places.instance)
