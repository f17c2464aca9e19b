"""The four S3 operations that the worker uses, on a loopback port, over a dictionary: what boto3 sends is what is tested."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class Bucket:
    def __init__(self):
        self.objects: dict[str, bytes] = {}
        self.puts: list[str] = []
        bucket = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def _key(self) -> tuple[str, dict]:
                parts = urlsplit(self.path)
                return unquote(parts.path).lstrip("/"), parse_qs(parts.query, keep_blank_values=True)

            def _body(self) -> bytes:
                if "aws-chunked" not in self.headers.get("Content-Encoding", ""):
                    return self.rfile.read(int(self.headers.get("Content-Length", 0)))
                data = b""
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    data += self.rfile.read(size)
                    self.rfile.readline()
                while self.rfile.readline().strip():
                    pass
                return data

            def do_PUT(self):
                if self.headers.get("Expect"):
                    self.send_response_only(100)
                    self.end_headers()
                key, _ = self._key()
                data = self._body()
                bucket.objects[key] = data
                bucket.puts.append(key)
                self._answer(200, ETag=f'"{hashlib.md5(data).hexdigest()}"')

            def do_GET(self):
                key, query = self._key()
                if "list-type" in query:
                    prefix = query.get("prefix", [""])[0]
                    name = key.strip("/")
                    keys = sorted(k[len(name) + 1 :] for k in bucket.objects if k.startswith(f"{name}/{prefix}"))
                    entries = "".join(
                        f"<Contents><Key>{escape(k)}</Key><Size>{len(bucket.objects[f'{name}/{k}'])}</Size></Contents>"
                        for k in keys
                    )
                    self._answer(
                        200,
                        f"<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>{len(keys)}</KeyCount>{entries}</ListBucketResult>".encode(),
                        Content_Type="application/xml",
                    )
                elif key in bucket.objects:
                    self._answer(200, bucket.objects[key])
                else:
                    self._answer(
                        404, b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>", Content_Type="application/xml"
                    )

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_):
                pass  # a client that was killed

        self._server = Server(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
