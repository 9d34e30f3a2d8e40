"""`PUT /api/v1/users/{id}/preferences` (contract 1) behind an HTTP API: one conditional write, nothing read before it."""

import base64
import json
import os
import re
import time
import uuid
from datetime import datetime, timezone

from attributes import item_of, n, s
from bearer import caller, parse_id
from clients import TABLE, dynamodb, logger

CHANNELS = ["email", "push", "sms", "slack", "in_app"]
MOST_BYTES = 256 * 1024
ANONYMOUS = os.environ.get("ANONYMOUS_PREFERENCES") == "true"
REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,128}")


@logger.inject_lambda_context
def handler(event, context):
    started = time.monotonic()
    given = event["headers"].get("x-request-id")
    request_id = given if given and REQUEST_ID.fullmatch(given) else f"req_{uuid.uuid4().hex}"
    try:
        answer = _answered(event)
    except Exception:
        logger.exception("refused")
        answer = _problem(500, "Internal server error")
    answer["headers"]["x-request-id"] = request_id
    logger.info(
        "answered",
        request_id=request_id,
        method=event["requestContext"]["http"]["method"],
        status=answer["statusCode"],
        milliseconds=int((time.monotonic() - started) * 1000),
    )
    return answer


def _answered(event):
    headers = event["headers"]
    who = None
    if not ANONYMOUS or "authorization" in headers:
        who = caller(headers)
        if who is None:
            return _unauthorized()
    user_id = parse_id(event["rawPath"].split("/")[4])
    if user_id is None:
        return _problem(400, "Validation failed", ["id must be a UUID"])
    if who and who[0] != user_id and not {"admin", "service"}.intersection(who[1]):
        return _problem(403, "You may not do this")
    body = (event.get("body") or "").encode()
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body)
    if len(body) > MOST_BYTES:
        return _problem(413, "The body must not be larger than 256 KiB")
    channels, faults = _decode(body)
    if faults:
        return _problem(400, "Validation failed", faults)
    user, erased = _update(user_id, channels)
    if erased and who and who[0] == user_id:
        return _unauthorized()
    return _answer_of(user) if user else _problem(404, "User not found")


def _decode(body):
    if not body.strip():
        return None, ["the body must be a JSON object, and it is empty"]
    try:
        fields = json.loads(body)
    except ValueError as error:
        return None, [f"the body must be valid JSON: {error}"]
    if not isinstance(fields, dict):
        return None, ["the body must be a JSON object"]
    faults = []
    preferences = fields.pop("preferences", None)
    if isinstance(preferences, dict):
        for name, value in preferences.items():
            if name not in CHANNELS:
                known = ", ".join(CHANNELS)
                faults.append(f"preferences.{name} is not a channel: it must be one of {known}")
            elif not isinstance(value, bool):
                faults.append(f"preferences.{name} must be true or false")
    else:
        faults.append("preferences must be an object")
    faults.extend(f"{key} is not a known field" for key in fields)
    return preferences, faults


def _update(user_id, channels, now=None, stamped=True):
    """The user afterwards, or None; and whether they were erased."""
    now = now or int(time.time() * 1000)
    mark = os.urandom(16)
    names = {"#pk": "pk", "#erased": "erased_at", "#version": "version", "#mark": "mark"}
    values = {":zero": n(0), ":one": n(1), ":mark": {"B": mark}}
    sets = ["#version = if_not_exists(#version, :zero) + :one", "#mark = :mark"]
    conditions = [
        "attribute_exists(#pk)",
        "attribute_not_exists(#erased)",
        # The SDK repeats a call whose answer was lost: a refusal by our own mark is our own success.
        "(attribute_not_exists(#mark) OR #mark <> :mark)",
    ]
    if stamped:
        names["#updated"] = "updated_at"
        values[":now"] = n(now)
        sets.append("#updated = :now")
        conditions.append("#updated <= :now")
    for index, (name, on) in enumerate(channels.items()):
        names["#channels"] = "channels"
        names[f"#c{index}"] = name
        values[f":c{index}"] = {"BOOL": on}
        sets.append(f"#channels.#c{index} = :c{index}")
    try:
        updated = dynamodb.update_item(
            TableName=TABLE,
            Key={"pk": s(f"USER#{user_id}"), "sk": s("USER")},
            UpdateExpression="SET " + ", ".join(sets),
            ConditionExpression=" AND ".join(conditions),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException as refused:
        if "Item" not in refused.response:
            return None, False
        old = item_of(refused.response["Item"])
        if "mark" in old and old["mark"].value == mark:
            return old, False
        if "erased_at" in old:
            return None, True
        # A later time stands there already, written by a clock ahead of ours: it stays.
        return _update(user_id, channels, now, stamped=False)
    return item_of(updated["Attributes"]), False


def _answer_of(user):
    parts = [user[part] for part in ("first_name", "last_name") if part in user]
    channels = user["channels"]
    view = {
        "id": user["pk"].removeprefix("USER#"),
        "name": user.get("name") or (" ".join(parts) if parts else None),
        "email": user.get("email"),
        "push_token": user.get("push_token"),
        "preferences": {channel: channels[channel] for channel in CHANNELS if channel in channels},
        "created_at": _time(user["created_at"]),
        "updated_at": _time(user["updated_at"]),
    }
    return _reply(200, view, {"etag": f'"{user["version"]}"'})


def _time(millis):
    moment = datetime.fromtimestamp(millis / 1000, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _unauthorized():
    return _problem(401, "Unauthorized", headers={"www-authenticate": "Bearer"})


def _problem(status, message, errors=None, headers=None):
    body = {"statusCode": status, "message": message}
    if errors:
        body["errors"] = errors
    return _reply(status, body, headers)


def _reply(status, body, headers=None):
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", **(headers or {})},
        "body": json.dumps(body, separators=(",", ":"), ensure_ascii=False),
        "isBase64Encoded": False,
    }
