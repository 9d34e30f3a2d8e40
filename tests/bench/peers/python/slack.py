"""One message by Slack's `chat.postMessage`, over connections that are kept alive."""

import os

import urllib3
from clients import AT_ONCE

_http = urllib3.PoolManager(maxsize=AT_ONCE, timeout=10.0, retries=False)
_URL = os.environ.get("SLACK_ENDPOINT", "") + "/api/chat.postMessage"


def send(token, channel, text):
    """Slack's id of the message; an error where it does not take it."""
    headers = {"authorization": f"Bearer {token}"}
    answer = _http.request("POST", _URL, json={"channel": channel, "text": text}, headers=headers)
    body = answer.json()
    if not body.get("ok"):
        raise RuntimeError(f"Slack refused it: {body.get('error', answer.status)}")
    return body["ts"]
