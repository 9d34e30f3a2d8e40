"""What schemathesis cannot know of the local stack: contract 2's credentials, and ids of what is there."""

import itertools
import json
import os
import re
import uuid
import zlib

import schemathesis

DEMO = json.loads(os.environ["TIDINGS_DEMO"])
AKANA = DEMO["akana"]
USER, OTHER = DEMO["users"]["user"], DEMO["users"]["other_user"]
CHANNELS = sorted(DEMO["channels"].values())

# Of three cases two name what is there, so that more than refusals is tried. What takes a whole user, key or channel away
# keeps to made-up names: all operations share one stack.
DESTROYS = {"eraseUser", "eraseNotiflowsUser", "deleteApiKey", "deleteChannel", "putChannel"}
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


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    operation = context.operation.definition.raw["operationId"]
    if not path_parameters or operation in DESTROYS:
        return path_parameters
    for name, value in path_parameters.items():
        if name in KNOWN and (dice := zlib.crc32(f"{operation} {name} {value}".encode())) % 3:
            path_parameters[name] = KNOWN[name][dice % len(KNOWN[name])]
    return path_parameters


# A key that was used replays its answer, whatever else the request says: each case has one of its own.
NUMBERS = itertools.count()
A_KEY = re.compile(r"[!#-+\--\[\]-~]{1,240}")


def fresh_keys(case):
    fresh = {}
    for name, value in (case.headers or {}).items():
        if name.lower() == "idempotency-key" and isinstance(value, str) and A_KEY.fullmatch(value):
            fresh[name] = f"{value}-{next(NUMBERS)}"
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
