"""The server of the guide's snippets, https://other-agent.example.com/api/task. It verifies the badge of each request.

Usage: other-agent.py CERTIFICATE KEY CAPISCIO PUBLIC_JWK [OPTIONS OF badge verify]
"""
import http.server
import ssl
import subprocess
import sys

certificate, key, capiscio, public, *options = sys.argv[1:]


class Task(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        scheme, _, badge = self.headers.get("Authorization", "").partition(" ")
        verdict = subprocess.run([capiscio, "badge", "verify", badge, "--key", public, *options], capture_output=True)
        good = scheme == "Bearer" and verdict.returncode == 0 and b"process" in body and self.path == "/api/task"
        self.send_response(200 if good else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()


server = http.server.ThreadingHTTPServer(("127.0.0.1", 443), Task)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
