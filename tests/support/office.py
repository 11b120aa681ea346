"""A desk whose program runs, and ways to talk to it."""

import http.client

from tests.support import http_client
from tests.support.waiting import PATIENCE


class Office:
    """A desk whose program runs, and ways to talk to it."""

    def __init__(self, desk, eventually):
        self.desk = desk
        self.places = desk.places
        self.process = desk.start("run")
        self.channel = eventually(desk.channel, why="the program never listened")

    def drop(self, name):
        path = self.desk.folder / name
        path.write_bytes(b"%PDF-1.4\n%" + name.encode() + b"\n%%EOF\n")
        return path

    def state(self, name):
        found = self.channel.get("/api/files")["files"]
        return next((file["state"] for file in found if file["name"] == name), None)

    def ask(self, method, path, body=None, **headers):
        """What anybody on this machine gets: (status, text, headers)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.channel.port, timeout=PATIENCE)
        answer = http_client.ask(connection, method, path, body, headers)
        read = answer.status, answer.read().decode(), dict(answer.getheaders())
        connection.close()
        return read

    def enter(self):
        """What a browser that was let in has: its cookie and its proof."""
        link = self.channel.post("/api/link")["link"]
        _, _, headers = self.ask("GET", link.partition(str(self.channel.port))[2])
        cookie = headers["Set-Cookie"].partition(";")[0]
        _, page, _ = self.ask("GET", "/", Cookie=cookie)
        return headers["Set-Cookie"], cookie, page.partition('data-proof="')[2].partition('"')[0]
