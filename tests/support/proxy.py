"""Proxies on loopback that speak HTTP or SOCKS5, and know one name that the system does not."""

import base64
import contextlib
import socket
import socketserver
import struct
import threading

#: A name that only these proxies know: it leads to this machine.
HOST = "hrflow.test"


class Tunnel(socketserver.StreamRequestHandler):
    """What a proxy does for TLS: it connects, and passes on what it cannot read."""

    rbufsize = 0

    def handle(self):
        self.server.asked.append("")
        target = self.negotiate()
        if target is None:
            return
        host, port = target
        self.server.asked[-1] = host
        address = "127.0.0.1" if host == HOST else host
        with socket.create_connection((address, port)) as server:
            self.connected()
            back = threading.Thread(target=pass_on, args=(server, self.connection))
            back.start()
            pass_on(self.connection, server)
            back.join()


class Http(Tunnel):
    def negotiate(self):
        host, port = self.rfile.readline().split()[1].decode().rsplit(":", 1)
        headers = b""
        while line := self.rfile.readline().strip():
            headers += line + b"\n"
        user = self.server.user
        if user and base64.b64encode(user.encode()) not in headers:
            self.wfile.write(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")
            return None
        return host, int(port)

    def connected(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")


class Socks5(Tunnel):
    """RFC 1928, and RFC 1929 where ``user`` is set."""

    def negotiate(self):
        _, count = self.take(2)
        method = 2 if self.server.user else 0
        if method not in self.take(count):
            self.wfile.write(b"\x05\xff")
            return None
        self.wfile.write(bytes((5, method)))
        if self.server.user:
            self.take(1)
            user = self.take(self.take(1)[0]) + b":" + self.take(self.take(1)[0])
            is_known = user == self.server.user.encode()
            self.wfile.write(b"\x01\x00" if is_known else b"\x01\x01")
            if not is_known:
                return None
        *_, kind = self.take(4)
        host = self.take(self.take(1)[0]).decode() if kind == 3 else socket.inet_ntoa(self.take(4))
        return host, struct.unpack("!H", self.take(2))[0]

    def connected(self):
        self.wfile.write(b"\x05\x00\x00\x01" + bytes(6))

    def take(self, count):
        """So many bytes: one that knocks and goes away has sent none."""
        found = b""
        while len(found) < count and (more := self.rfile.read(count - len(found))):
            found += more
        if len(found) < count:
            raise ConnectionError("it went away")
        return found


class Server(socketserver.ThreadingTCPServer):
    def handle_error(self, request, client_address):
        """A client may go whenever it likes."""


@contextlib.contextmanager
def run_proxy(kind, user=""):
    """A proxy while the block lasts: ``port``, and ``asked``, the host of each connection.

    ``user`` is "name:password" if it wants one.
    """
    with Server(("127.0.0.1", 0), kind) as proxy:
        proxy.asked, proxy.user = [], user
        proxy.port = proxy.server_address[1]
        thread = threading.Thread(target=proxy.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()


def pass_on(source, target):
    with contextlib.suppress(OSError):  # either side may be gone first
        while piece := source.recv(65536):
            target.sendall(piece)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
