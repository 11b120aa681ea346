"""Requests that are sent as they are, and answered whenever the server likes."""

import contextlib


def ask(connection, method, target, body=None, headers=None):
    """Send a request over an ``HTTPConnection`` and return the response.

    A server may refuse a request, and close, before the whole body was sent: its answer counts.
    """
    if connection.sock is None:
        connection.connect()
    with contextlib.suppress(ConnectionError):
        connection.request(method, target, body, headers or {})
    return connection.getresponse()
