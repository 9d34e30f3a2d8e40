"""What schemathesis cannot know of the local stack: contract 2's credentials, and ids of what is there."""

import json
import os
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


@schemathesis.hook
def before_call(context, case, kwargs):
    needs = {name for one in case.operation.definition.raw.get("security", []) for name in one}
    if "akanaSession" in needs:
        admin = "businesses" in case.operation.path
        headers = kwargs.setdefault("headers", {})
        headers["Cookie"] = AKANA["admin_cookie" if admin else "cookie"]
        headers[AKANA["csrf_header"]] = AKANA["admin_csrf_token" if admin else "csrf_token"]
