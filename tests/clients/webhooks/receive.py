"""Has Tidings call a webhook of each channel type, and checks each call by the snippets of openapi.yaml, in Python and in Node.

The types come from the generated package `tidings_client`, so a body that the document does not describe fails here."""

import json
import os
import subprocess
import threading
import time
import urllib.request
import uuid
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tidings_client.models import WebhookEvent
from verify import is_signed

BASE, HOST = os.environ["TIDINGS_URL"], os.environ["TIDINGS_HOOK_HOST"]
DEMO = json.loads(os.environ["TIDINGS_DEMO"])
# The demo's secret; the local stack keeps it under this name once its channels are set up.
NAME, SECRET = "tidings/demo/webhook", os.environ["TIDINGS_HOOK_SECRET"]
CHANNELS = ("email", "push", "sms", "slack", "in_app")

calls: dict[str, tuple[dict[str, str], bytes]] = {}


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        calls[self.path.removeprefix("/")] = ({name.lower(): value for name, value in self.headers.items()}, body)
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def ask(method: str, path: str, body: object = None, **headers: str) -> Any:
    headers = {"authorization": f"Bearer {DEMO['bearer']['admin']}", "content-type": "application/json", **headers}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(BASE + path, data, headers, method=method)) as answer:
        return json.loads(answer.read() or b"null")


def by_node(secret: str, headers: dict[str, str], body: bytes, now: float) -> bool:
    program = """
        import { readFileSync } from 'node:fs';
        import { isSigned } from './verify.mjs';
        const { secret, headers, body, now } = JSON.parse(readFileSync(0, 'utf8'));
        process.stdout.write(String(isSigned(secret, headers, Buffer.from(body, 'hex'), now)));
    """
    given = json.dumps({"secret": secret, "headers": headers, "body": body.hex(), "now": now})
    command = ["node", "--input-type=module", "--eval", program]
    return subprocess.run(command, input=given, capture_output=True, text=True, check=True).stdout == "true"


# The port is the system's choice: nobody else can have it.
receiver = ThreadingHTTPServer((HOST, 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()

# A user whose every channel is a webhook; mail would go to the demo's own channel first. The functions would know the channels only after a minute, so they start anew.
ask("POST", "/_local/ui/channels")
ask("DELETE", f"/api/v1/channels/{DEMO['channels']['email']}")
user = ask("POST", "/api/v1/users", {"name": "Hook", "email": f"hook-{uuid.uuid4()}@client.example"})["id"]
keys = {"x-notiflows-api-key": DEMO["notiflows"]["api_key"], "x-notiflows-secret-key": DEMO["notiflows"]["secret_key"]}
for channel in CHANNELS:
    ask("PUT", f"/api/v1/channels/hook-{channel}", {"provider": "webhook", "carries": channel, "secret": NAME})
for name in ("channel-settings", "notifications", "dispatch"):
    ask("POST", f"/_local/functions/{name}/kill")
for channel in CHANNELS:
    settings = {"settings": {"url": f"http://{HOST}:{receiver.server_port}/{channel}"}}
    ask("PUT", f"/admin/users/{user}/channel-settings/hook-{channel}", settings, **keys)
    request = {"user_id": user, "notification_type": channel, "content": {"title": "Hello", "body": "It works"}}
    ask("POST", "/api/v1/notifications", request)
for _ in range(300):
    if len(calls) == len(CHANNELS):
        break
    time.sleep(0.1)
assert sorted(calls) == sorted(CHANNELS), f"called were only {sorted(calls)}"

for channel, (headers, body) in calls.items():
    event, given = WebhookEvent.from_dict(json.loads(body)), json.loads(body)
    assert event.timestamp == datetime.fromisoformat(given.pop("timestamp")), event
    described = event.to_dict()
    del described["timestamp"]
    assert described == given, f"the document describes another body: {given}"
    # A later version may have more members, but the document has all of this one.
    assert not event.additional_properties and not event.data.additional_properties, event
    assert event.type_ == "notification" and str(event.data.user_id) == user and event.data.channel == channel, event
    assert list(event.data.words.to_dict()) == [channel], event
    now = float(headers["webhook-timestamp"])
    old = f"{now - 1000:.0f}"
    wrong = "whsec_" + "QUJD" * 8
    cases: list[tuple[bool, str, dict[str, str], bytes, float]] = [
        (True, SECRET, headers, body, now),
        (True, SECRET, {**headers, "webhook-signature": f"v1,AAAA {headers['webhook-signature']}"}, body, now),
        (False, SECRET, headers, body + b" ", now),
        (False, wrong, headers, body, now),
        (False, SECRET, {**headers, "webhook-id": "other"}, body, now),
        (False, SECRET, {**headers, "webhook-timestamp": old}, body, now),
        (False, SECRET, {**headers, "webhook-timestamp": "9" * 400}, body, now),
        (False, SECRET, headers, body, now + 301),
        (False, SECRET, headers, body, now - 301),
        (False, SECRET, {**headers, "webhook-signature": "v1,AAAA v2,"}, body, now),
        (False, SECRET, {}, body, now),
    ]
    # Node takes a moment to start, so it checks all cases of one channel, and the good ones of the others.
    for expected, secret, sent, received, at in cases:
        assert is_signed(secret, sent, received, at) is expected, ("Python", channel, sent)
        if channel == "email" or expected:
            assert by_node(secret, sent, received, at) is expected, ("Node", channel, sent)
print(f"Webhooks: {len(calls)} payloads as the document describes them, each signature checked by Python and by Node")
