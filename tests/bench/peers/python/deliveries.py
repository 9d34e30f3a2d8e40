"""A delivery's record: claimed by one conditional write before the provider is called, closed by another one after it."""

import hashlib
import json
import time
import uuid

from attributes import item_of, n, s
from clients import TABLE, dynamodb

WAITING = ["held", "queued", "retrying"]
OVER = {"sent", "skipped", "failed", "cancelled", "dead_lettered"}

# A delivery that nobody works on: new, waiting and its pause over, or left behind by a worker whose lease has run out.
OPEN = (
    "(attribute_not_exists(#expires) OR #expires >= :seconds) AND (attribute_not_exists(#status)"
    " OR (#status IN (:held, :queued, :retrying) AND (attribute_not_exists(#before) OR #before <= :now))"
    " OR (#status = :sending AND #until < :now))"
)
OPEN_NAMES = {
    "#status": "status",
    "#expires": "expires_at",
    "#before": "not_before",
    "#until": "lease_until",
    "#channel": "channel",
    "#at": "at_millis",
    "#owner": "lease_owner",
}

Refused = dynamodb.exceptions.ConditionalCheckFailedException


def _open_values(notification, channel, now):
    return {
        ":seconds": n(now // 1000),
        ":now": n(now),
        ":sending": s("sending"),
        **{f":{status}": s(status) for status in WAITING},
        ":channel": s(channel),
        ":expires": n(notification["expires_at"]),
    }


def claim(notification, channel, until):
    """The lease and the number of attempts, or None where the delivery is over; an error where another worker is at it."""
    owner = str(uuid.uuid4())
    now = _now()
    try:
        item = _update(
            notification,
            channel,
            UpdateExpression="SET #status = :sending, #owner = :owner, #until = :until,"
            " #addresses = if_not_exists(#addresses, :none), #attempts = if_not_exists(#attempts, :zero) + :one,"
            " #at = :now, #channel = :channel, #expires = :expires REMOVE #before",
            ConditionExpression=OPEN,
            ExpressionAttributeNames={**OPEN_NAMES, "#addresses": "addresses", "#attempts": "attempts"},
            ExpressionAttributeValues={
                **_open_values(notification, channel, now),
                ":owner": s(owner),
                ":until": n(until),
                ":none": {"M": {}},
                ":zero": n(0),
                ":one": n(1),
            },
        )
    except Refused as refused:
        item = item_of(refused.response["Item"])
        # The SDK repeats a call whose answer was lost: then it is our own claim that stands in the way.
        if item.get("lease_owner") != owner:
            if item["status"] in OVER:
                return None
            raise RuntimeError("another worker is sending") from refused
    return owner, item["attempts"]


def finish(notification, channel, lease, decided, message_id):
    """Records how the attempt ended, as long as the lease is its own."""
    owner, attempts = lease
    through = decided.through["id"]
    key = hashlib.sha256(f"{through}\n{decided.address}".encode()).hexdigest()[:16]
    outcome = {"channel_id": s(through), "state": s("sent"), "provider_message_id": s(message_id)}
    _update(
        notification,
        channel,
        UpdateExpression="SET #status = :sent, #at = :now, #message = :message, #trace = :trace,"
        " #recorded = :attempts, #addresses.#key = :outcome, #delivered = :true"
        " REMOVE #reason, #before, #owner, #until",
        ConditionExpression="#owner = :owner",
        ExpressionAttributeNames={
            "#status": "status",
            "#at": "at_millis",
            "#message": "provider_message_id",
            "#trace": "trace",
            "#recorded": "recorded",
            "#addresses": "addresses",
            "#key": key,
            "#delivered": "delivered",
            "#reason": "reason",
            "#before": "not_before",
            "#owner": "lease_owner",
            "#until": "lease_until",
        },
        ExpressionAttributeValues={
            ":sent": s("sent"),
            ":now": n(_now()),
            ":message": s(message_id),
            ":trace": s(_json(decided.trace)),
            ":attempts": n(attempts),
            ":outcome": {"M": outcome},
            ":true": {"BOOL": True},
            ":owner": s(owner),
        },
    )


def conclude(notification, channel, decided):
    """Records a delivery that ends without a provider."""
    status = "cancelled" if decided.skip == "cancelled" else "skipped"
    try:
        _update(
            notification,
            channel,
            UpdateExpression="SET #status = :status, #at = :now, #reason = :reason, #trace = :trace,"
            " #channel = :channel, #expires = :expires REMOVE #before, #owner, #until",
            ConditionExpression=OPEN,
            ExpressionAttributeNames={**OPEN_NAMES, "#reason": "reason", "#trace": "trace"},
            ExpressionAttributeValues={
                **_open_values(notification, channel, _now()),
                ":status": s(status),
                ":reason": s(decided.skip),
                ":trace": s(_json(decided.trace)),
            },
        )
    except Refused as refused:
        if item_of(refused.response["Item"])["status"] not in OVER:
            raise


def _update(notification, channel, **expressions):
    updated = dynamodb.update_item(
        TableName=TABLE,
        Key={"pk": s(notification["pk"]), "sk": s(f"DELIVERY#{channel}")},
        ReturnValues="ALL_NEW",
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
        **expressions,
    )
    return item_of(updated["Attributes"])


def _now():
    return int(time.time() * 1000)


def _json(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
