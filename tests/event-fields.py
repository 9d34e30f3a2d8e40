"""Checks that the event files still have the form of AWS's events.

The Rust tests compare every file in `events/` with `tests/api/tests/event_sources/fields.json`. This script compares that list
with the events that the AWS SAM CLI generates, and the digests in SQS records with their bodies.
"""

import hashlib
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIELDS = json.loads((ROOT / "tests/api/tests/event_sources/fields.json").read_text())
SAM = pathlib.Path(sys.executable).parent / "sam"
SAMPLES = {
    "http-api": ["apigateway", "http-api-proxy"],
    "rest-api": ["apigateway", "aws-proxy"],
    "alb": ["alb", "request"],
    "sqs": ["sqs", "receive-message"],
}


def paths(value, at, ends):
    """The path of every leaf. An object whose names the client chooses (one of `ends`) counts as a leaf."""
    if isinstance(value, dict) and at not in ends:
        for name, member in value.items():
            yield from paths(member, f"{at}.{name}" if at else name, ends)
    else:
        yield at


faults = []
for kind, command in SAMPLES.items():
    done = subprocess.run([SAM, "local", "generate-event", *command], check=True, capture_output=True, text=True)
    sample = json.loads(done.stdout)
    sample = sample.get("Records", [sample])[0]
    known = {path for part in ("required", "optional") for path in FIELDS[kind][part]}
    sent = set(paths(sample, "", set(FIELDS[kind]["open"])))
    faults += [f"fields.json does not know {path} of {kind}" for path in sorted(sent - known)]
    faults += [f"{kind} comes without {path}" for path in FIELDS[kind]["required"] if path not in sent]

for path in sorted((ROOT / "events/dispatch").glob("*.json")):
    for record in json.loads(path.read_text()).get("Records", []):
        if hashlib.md5(record["body"].encode(), usedforsecurity=False).hexdigest() != record["md5OfBody"]:
            faults.append(f"{path.name}: md5OfBody of {record['messageId']} is not its body's")

print("\n".join(faults) or f"{len(SAMPLES)} kinds of events have the fields that the SAM CLI knows")
sys.exit(bool(faults))
