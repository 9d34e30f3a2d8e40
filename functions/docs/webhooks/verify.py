import base64
import hashlib
import hmac
import time
from collections.abc import Mapping


def is_signed(secret: str, headers: Mapping[str, str], body: bytes, now: float | None = None) -> bool:
    """Whether a request is a webhook of Tidings, by its headers (in lower case) and its body: the bytes that came, before they are
    parsed. `secret` is the channel's signing secret, `whsec_…`. A request that is older than five minutes is refused: somebody may
    have recorded it."""
    webhook_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not webhook_id or not timestamp.isdecimal() or len(timestamp) > 12:
        return False
    if abs((time.time() if now is None else now) - int(timestamp)) > 300:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    # There are two signatures while one secret replaces another.
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(one.encode(), expected.encode()) for one in given)
