"""A web page of another port, in headless Chromium, tries everything that a page can send to a sandbox: nothing
may arrive. A server that is not a sandbox shows that the same page does send it.

usage: web_page.py ENDPOINT LOG     the sandbox that runs there, and the file with its log
"""

import base64
import io
import json
import platform
import sys
import threading
import urllib.request
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = "/usr/bin/chromium"
# A name that an attacker lets point to this machine.
REBOUND = "evil.example"

# Counts its invocations, and says where its Runtime API is.
COUNTER = """#!/usr/bin/env python3
import http.client, json, os
api = os.environ["AWS_LAMBDA_RUNTIME_API"]
connection = http.client.HTTPConnection(api)
base, count = "/2018-06-01/runtime/invocation/", 0
while True:
    connection.request("GET", base + "next")
    invocation = connection.getresponse()
    invocation.read()
    count += 1
    body = json.dumps({"count": count, "runtime_api": api})
    answer = {"statusCode": 200, "headers": {"access-control-allow-origin": "*"}, "body": body}
    request_id = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
    connection.request("POST", base + request_id + "/response", json.dumps(answer))
    connection.getresponse().read()
"""

# Ways to send a request that a page needs nobody's leave for, and fetch with JSON, for which a browser asks first.
WAYS = ["cors", "no-cors", "json", "beacon", "form", "image", "frame", "websocket"]

SEND = """async ({ways, targets}) => {
  const settled = (element, url) => new Promise(done => {
    element.onload = element.onerror = done;
    element.src = url;
    document.body.append(element);
  });
  const post = (body, type, mode) => ({method: 'POST', mode, headers: {'content-type': type}, body});
  const send = {
    'cors': (url, body) => fetch(url.post, post(body, 'text/plain', 'cors')),
    'no-cors': (url, body) => fetch(url.post, post(body, 'text/plain', 'no-cors')),
    'json': (url, body) => fetch(url.post, post(body, 'application/json', 'cors')),
    'beacon': (url, body) => navigator.sendBeacon(url.post, body),
    'form': (url, body) => new Promise(done => {
      const [frame, form, input] = ['iframe', 'form', 'input'].map(name => document.createElement(name));
      frame.name = url.post;
      document.body.append(frame, form);
      // As text/plain this is the body again: name, =, value.
      [input.name, input.value] = [body.slice(0, -1) + ',"Description":"', '"}'];
      form.append(input);
      Object.assign(form, {action: url.post, method: 'POST', enctype: 'text/plain', target: frame.name});
      frame.onload = done;
      form.submit();
    }),
    'image': url => settled(new Image(), url.get),
    'frame': url => settled(document.createElement('iframe'), url.get),
    'websocket': url => new Promise(done => {
      const socket = new WebSocket(url.get.replace('http:', 'ws:'));
      socket.onopen = socket.onclose = socket.onerror = done;
    }),
  };
  for (const {name, get, post, bodies} of targets)
    for (const way of ways) {
      const mark = `?sent=${name}-${way}`;
      const sent = (async () => send[way]({get: get + mark, post: post + mark}, bodies[way]))();
      // What arrives may be answered late or never.
      await Promise.race([sent.catch(() => {}), new Promise(done => setTimeout(done, 1000))]);
    }
}"""


class Recorder(BaseHTTPRequestHandler):
    """The page, and a server that takes whatever it is sent."""

    arrived: list[str] = []

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.arrived.append(f"{self.command} {self.path}")
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("access-control-allow-origin", "*")
        self.send_header("access-control-allow-headers", "content-type")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>a page</title><body>")

    do_GET = do_POST = do_OPTIONS = answer

    def log_message(self, *_: object) -> None:
        pass


def zipped(bootstrap: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o100755 << 16
        archive.writestr(entry, bootstrap)
    return file.getvalue()


def function(name: str, code: object) -> dict:
    architecture = "arm64" if platform.machine() == "aarch64" else "x86_64"
    return {
        "FunctionName": name,
        "Runtime": "provided.al2023",
        "Handler": "bootstrap",
        "Role": "arn:aws:iam::000000000000:role/f",
        "Architectures": [architecture],
        "Code": {"ZipFile": code},
    }


def target(name: str, base: str, get: str, post: str) -> dict:
    code = base64.b64encode(zipped(COUNTER)).decode()
    bodies = {way: json.dumps(function(f"stranger-{name}-{way}", code)) for way in WAYS}
    return {"name": name, "get": base + get, "post": base + post, "bodies": bodies}


def rebound(browser: Browser, endpoint: str) -> list[str]:
    """A page whose own name has become this machine's is same-origin, and may read every answer."""
    page = browser.new_page()
    port = endpoint.rsplit(":", 1)[1]
    opened = page.goto(f"http://{REBOUND}:{port}/_sandbox/health")
    fetched = page.evaluate("""async () => [
      (await fetch('/_sandbox/health')).status,
      (await fetch('/2015-03-31/functions', {method: 'POST', body: '{}'})).status]""")
    statuses = [opened.status, *fetched]
    return [] if statuses == [403, 403, 403] else [f"as {REBOUND} the sandbox answers {statuses}"]


def main(endpoint: str, log: str) -> int:
    lambda_ = boto3.client(
        "lambda", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    lambda_.create_function(**function("counter", zipped(COUNTER)), Publish=True)
    lambda_.create_alias(FunctionName="counter", Name="live", FunctionVersion="1")

    def invoke() -> dict:
        answer = lambda_.invoke(FunctionName="counter", Qualifier="live", Payload="{}")
        return json.loads(json.load(answer["Payload"])["body"])

    runtime_api = f"http://{invoke()['runtime_api']}"
    opening = urllib.request.Request(f"{endpoint}/_sandbox/http/counter", method="PUT")
    with urllib.request.urlopen(opening) as opened:
        http_api = json.load(opened)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    other = f"http://127.0.0.1:{server.server_port}"
    ports = [
        target("api", endpoint, "/2015-03-31/functions", "/2015-03-31/functions"),
        target("admin", endpoint, "/_sandbox/health", "/_sandbox/service-faults"),
        target(
            "runtime", runtime_api, "/2018-06-01/runtime/invocation/next", "/2018-06-01/runtime/init/error"
        ),
    ]
    with sync_playwright() as playwright:
        # Chromium's own sandbox cannot start as root; the page is ours.
        arguments = ["--no-sandbox", f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_page()
        page.goto(other)
        page.evaluate(SEND, {"ways": WAYS, "targets": [*ports, target("open", other, "/get", "/post")]})
        count = page.evaluate("async url => (await (await fetch(url)).json()).count", http_api)
        problems = rebound(browser, endpoint)

    if count != 2:
        problems.append(f"a front end of the HTTP API is the second caller and was told {count}")
    problems += [
        f"the page did not send {way} at all: this test shows nothing"
        for way in WAYS
        if not any(line.endswith(f"?sent=open-{way}") for line in Recorder.arrived)
    ]
    with open(log, encoding="utf-8") as file:
        refused = [line for line in file if "refused " in line]
    problems += [
        f"{name}: {way} was not refused"
        for name in (port["name"] for port in ports)
        for way in WAYS
        if not any(f"?sent={name}-{way}:" in line for line in refused)
    ]
    functions = [found["FunctionName"] for found in lambda_.list_functions()["Functions"]]
    if functions != ["counter"]:
        problems.append(f"a page has made functions: {functions}")
    count = invoke()["count"]
    if count != 3:
        problems.append(f"the third event is event {count} of its environment")
    for problem in problems:
        print(problem)
    print(f"{len(WAYS)} ways on {len(ports)} ports and one rebound name: {len(refused)} requests refused")
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main(*sys.argv[1:]))
