"""Values of the local stack that schemathesis cannot know: contract 2's credentials, and ids of existing records."""

import itertools
import json
import os
import re
import time
import urllib.request
import uuid
import zlib

import schemathesis

DEMO = json.loads(os.environ["TIDINGS_DEMO"])
AKANA = DEMO["akana"]
USER, OTHER = DEMO["users"]["user"], DEMO["users"]["other_user"]
CHANNELS = sorted(DEMO["channels"].values())

# Two of three cases get the id of an existing record, so that not all requests are refused. Operations that remove a whole
# user, key or channel get generated ids only, because all operations share one stack.
DESTROYS = {"eraseUser", "eraseNotiflowsUser", "deleteApiKey", "deleteChannel", "putChannel", "deleteTemplate", "deleteTemplateLocale"}
KNOWN = {
    "id": [USER, OTHER],
    "user_id": [USER, OTHER],
    "external_id": [USER, "user_12345"],
    "channel_id": CHANNELS,
    "UserID": [AKANA["user_id"]],
    "BusinessID": ["tenantbusiness." + AKANA["fedmember"]],
    "code": ["welcome"],
    "tag": ["default"],
}


def ask(method, path, body=None):
    token = {"Authorization": "Bearer " + DEMO["bearer"]["admin"], "Content-Type": "application/json"}
    request = urllib.request.Request(os.environ["TIDINGS_URL"] + path, body and json.dumps(body).encode(), token, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def something_to_read():
    """Sends notifications: to all channels, at a later time, and to the inbox. Returns their ids and those of the inbox items."""
    ask("PUT", "/api/v1/channels/inbox", {"provider": "in_app", "name": "Inbox"})
    to_all = {"user_id": USER, "template_code": "welcome"}
    later = {**to_all, "send_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400))}
    inbox = {"user_id": USER, "notification_type": "in_app", "content": {"title": "Hello", "body": "It works"}}
    sent = [ask("POST", "/api/v1/notifications", one)["data"]["notification_id"] for one in (to_all, later, inbox)]
    for _ in range(100):
        if items := ask("GET", f"/api/v1/users/{USER}/inbox")["data"]["items"]:
            return sent, [item["id"] for item in items]
        time.sleep(0.2)
    raise RuntimeError("nothing came into the inbox")


NOTIFICATIONS, ITEMS = something_to_read()
OF_OPERATION = {
    ("readNotification", "id"): NOTIFICATIONS,
    ("cancelNotification", "id"): NOTIFICATIONS,
    ("changeInboxItem", "id"): [USER],
    ("changeInboxItem", "item_id"): ITEMS,
}


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    operation = context.operation.definition.raw["operationId"]
    if not path_parameters or operation in DESTROYS:
        return path_parameters
    for name, value in path_parameters.items():
        known = OF_OPERATION.get((operation, name), KNOWN.get(name))
        if known and (dice := zlib.crc32(f"{operation} {name} {value}".encode())) % 3:
            path_parameters[name] = known[dice % len(known)]
    return path_parameters


# A used idempotency key replays its answer or is refused, so each case gets a key of its own.
NUMBERS = itertools.count()
A_KEY = re.compile(r"[!#-+\--\[\]-~]+")


def fresh_keys(case):
    fresh = {}
    for name, value in (case.headers or {}).items():
        if name.lower() == "idempotency-key" and isinstance(value, str) and A_KEY.fullmatch(value):
            fresh[name] = f"{value[:240]}-{next(NUMBERS)}" if len(value) <= 255 else value
        if name.lower() == "x-idempotency-key" and isinstance(value, str) and re.fullmatch(r"[0-9a-fA-F-]{36}", value):
            fresh[name] = str(uuid.UUID(int=next(NUMBERS)))
        if name.lower() == "x-idempotency-key" and isinstance(value, str) and len(value) == 26:
            fresh[name] = f"01{next(NUMBERS):024d}"
    return fresh


@schemathesis.hook
def before_call(context, case, kwargs):
    case.headers.update(fresh_keys(case))
    needs = {name for one in case.operation.definition.raw.get("security", []) for name in one}
    if "akanaSession" in needs:
        admin = "businesses" in case.operation.path
        case.headers["Cookie"] = AKANA["admin_cookie" if admin else "cookie"]
        case.headers[AKANA["csrf_header"]] = AKANA["admin_csrf_token" if admin else "csrf_token"]
    # The admin's token names no organisation. A missing or a bad token stays as it is: it is there to be refused.
    of_an_organisation = case.operation.path.startswith(("/settings/organization", "/api/login"))
    if of_an_organisation and case.headers.get("Authorization") == "Bearer " + DEMO["bearer"]["admin"]:
        case.headers["Authorization"] = "Bearer " + DEMO["bearer"]["org_admin"]
