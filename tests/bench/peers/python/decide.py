"""Whether a notification goes out by Slack, and every rule that was asked."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timezone


@dataclass
class Decided:
    """What is to be sent where, or why not."""

    trace: list = field(default_factory=list)
    skip: str | None = None
    through: dict | None = None
    address: str | None = None
    text: str | None = None

    def stops(self, rule, saw, good, waived=False):
        """Notes what a rule saw; true where it stops there."""
        said = "pass" if good else "waived" if waived else "stop"
        self.trace.append({"rule": rule, "saw": saw, "said": said})
        return said == "stop"

    def because(self, reason):
        self.skip = reason
        return self


def decide(user, notification, configured, channel, now):
    if channel != "slack":
        raise ValueError(f"{channel} is none of this function's channels")
    decided = Decided()
    critical, group, end = notification["critical"], notification.get("group"), notification.get("not_after")
    if decided.stops("not_expired", f"expires at {_time(end)}" if end else "never expires", end is None or now < end):
        return decided.because("expired")
    cancelled = notification.get("cancelled_at")
    if decided.stops("not_cancelled", f"cancelled at {_time(cancelled)}" if cancelled else "not cancelled", not cancelled):
        return decided.because("cancelled")
    due = notification.get("send_at")
    if due and due > now:
        raise ValueError("what is not due is none of this function's")
    decided.stops("due", f"from {_time(due)}" if due else "at once", True)
    present = user is not None and "erased_at" not in user
    if decided.stops("user_exists", "present" if present else "erased" if user else "not found", present):
        return decided.because("user_erased" if user else "user_not_found")
    on = user["channels"].get(channel)
    if decided.stops("channel_on", f"{channel} {_choice(on, 'on', 'off')}", on is not False, critical):
        return decided.because("channel_off")
    chosen = user["groups"].get(group) if group else None
    saw = f"{group} {_choice(chosen, 'in', 'out')}" if group else "no group"
    if decided.stops("group_in", saw, chosen is not False, critical):
        return decided.because("group_opted_out")
    through = [via for via in configured if via["provider"] == channel]
    if decided.stops("provider", ", ".join(via["provider"] for via in through) or "none configured", bool(through)):
        return decided.because("no_provider")
    routes = ((via, _address(user, via)) for via in through)
    decided.through, decided.address = next((route for route in routes if route[1]), (None, None))
    if decided.stops("address", "1 by slack" if decided.address else "none", decided.address is not None):
        return decided.because("no_address")
    if user["quiet"]:
        raise ValueError("quiet hours are none of this function's")
    decided.stops("not_quiet", "not quiet", True)
    decided.text = _text(notification)
    decided.stops("rendered", "inline", True)
    return decided


def _address(user, via):
    endpoint = user["endpoints"].get(via["id"])
    if endpoint is None or endpoint["provider"] != via["provider"]:
        return None
    settings = endpoint["settings"]
    return settings.get("slack_channel_id") or settings.get("slack_user_id")


def _text(notification):
    content = json.loads(notification["content"])
    if "inline" not in content:
        raise ValueError("templates are none of this function's")
    title, body = content["inline"].get("title"), content["inline"]["body"]
    return body if title is None else f"{title}\n{body}"


def _choice(chosen, yes, no):
    return "never set" if chosen is None else yes if chosen else no


def _time(millis):
    moment = datetime.fromtimestamp(millis / 1000, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
