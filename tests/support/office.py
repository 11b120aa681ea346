"""A desk whose program runs, and ways to talk to it."""

import http.client

from watcher.daemon.instance import Places
from watcher.page.client import Channel, NotRunningError

#: What became of a file that was sent; parsing is found out some seconds later.
ARRIVED = {"accepted", "parsed"}


class Office:
    """A desk whose program runs, and ways to talk to it."""

    def __init__(self, desk, eventually):
        self.desk = desk
        self.places = Places(str(desk.root / "state"))
        self.process = desk.start("run")
        self.channel = eventually(self._open, 30, "the program never listened")

    def _open(self):
        try:
            return Channel.open(self.places)
        except NotRunningError:
            return None

    def drop(self, name):
        path = self.desk.folder / name
        path.write_bytes(b"%PDF-1.4\n%" + name.encode() + b"\n%%EOF\n")
        return path

    def state(self, name):
        found = self.channel.get("/api/files")["files"]
        return next((file["state"] for file in found if file["name"] == name), None)

    def ask(self, method, path, body=None, **headers):
        """What anybody on this machine gets: (status, text, headers)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.channel.port, timeout=20)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
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
