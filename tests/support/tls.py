"""A sandbox that speaks TLS, with a certificate that nobody trusts unless they are told to."""

import ssl
import subprocess


def make_certificate(folder):
    """A certificate for localhost that Acme's proxy signed, and its key; gives both files."""
    folder.mkdir(exist_ok=True)
    key, certificate = str(folder / "key.pem"), str(folder / "cert.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-subj", "/O=Acme Web Gateway/CN=Acme CA", "-addext", "subjectAltName=DNS:localhost,DNS:hrflow.test",
         "-days", "2", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


def speak_tls(sandbox, folder):
    """Have a sandbox that runs speak TLS from now on; gives its address and its certificate."""
    certificate, key = make_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = sandbox._server
    # Each connection shakes hands on its own thread, when it is read from.
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    return sandbox.url.replace("http://127.0.0.1", "https://localhost"), certificate
