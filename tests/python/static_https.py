"""A server of files by https: python static_https.py DIR CERTIFICATE KEY. It knows nothing of what it serves."""

import functools
import http.server
import json
import ssl
import sys

directory, certificate, key = sys.argv[1:]
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=directory)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(json.dumps({"base_url": f"https://localhost:{server.server_port}"}), flush=True)
server.serve_forever()
