"""The first calls of an application that knows only openapi.yaml, by the client that openapi-python-client makes of it.

The package `tidings_client` is as it was generated; nothing in it is changed by hand."""

import os
import time
import uuid
from datetime import datetime, timedelta, timezone
from typing import TypeVar

from tidings_client import AuthenticatedClient
from tidings_client.api.dead_letters import list_dead_letters, redrive_dead_letters
from tidings_client.api.notifications import explain_notification, list_notifications, read_notification, send_notification
from tidings_client.api.quiet_hours import read_quiet_hours, set_quiet_hours
from tidings_client.api.templates import delete_template, replace_template
from tidings_client.api.users import change_user, create_user, erase_user, export_user, read_user
from tidings_client.models import (
    AcceptedNotificationResponse,
    Channel,
    Channels,
    DeadLetter,
    DeadLetters,
    Decision,
    DeliveryStatus,
    Error,
    ExplanationResponse,
    Export,
    NewUser,
    NotificationContent,
    NotificationRequest,
    NotificationRequestVariables,
    NotificationResponse,
    NotificationsResponse,
    QuietHours,
    QuietHoursReplacement,
    RedriveRequest,
    RedriveResult,
    Template,
    TemplateEmail,
    TemplateParts,
    TemplateReplacement,
    TemplateReplacementLocales,
    User,
    UserChange,
)
from tidings_client.types import UNSET, Unset

T = TypeVar("T")
client = AuthenticatedClient(base_url=os.environ["TIDINGS_URL"], token=os.environ["TIDINGS_TOKEN"])
mark = uuid.uuid4().hex[:12]


def of(kind: type[T], answer: object) -> T:
    """The answer, if it is of that type. Else it is a refusal, whose message a person can read."""
    assert isinstance(answer, kind), answer
    return answer


# A user, with one field that is optional and no other.
email = f"grace-{mark}@client.example"
user = of(User, create_user.sync(client=client, body=NewUser(name="Grace", email=email, preferences=Channels(sms=False))))
assert user.email == email and user.preferences.to_dict() == {"sms": False}, user

# A device, and quiet hours that have just ended.
user = of(User, change_user.sync(user.id, client=client, body=UserChange(push_token="device-1")))
assert user.push_token == "device-1", user
now = datetime.now(timezone.utc)
quiet = QuietHoursReplacement(start=f"{now - timedelta(hours=2):%H:%M}", end=f"{now - timedelta(hours=1):%H:%M}")
of(QuietHours, set_quiet_hours.sync(user.id, client=client, body=quiet))
assert of(QuietHours, read_quiet_hours.sync(user.id, client=client)).start == quiet.start

# A template, whose variables are nested.
code = f"order-{mark}"
text = "Hello {{ buyer.name }}: {% for item in order.items %}{{ item.count }} {{ item.name }} {% endfor %}"
locales = TemplateReplacementLocales()
locales["default"] = TemplateParts(email=TemplateEmail(subject="Order {{ order.id }}", text=text))
of(Template, replace_template.sync(code, client=client, body=TemplateReplacement(locales=locales)))

# Three notifications. `priority` and all else that has a default may be left out.
variables = NotificationRequestVariables()
variables["buyer"] = {"name": "Grace"}
variables["order"] = {"id": 4711, "items": [{"name": "tea", "count": 2}, {"name": "cup", "count": 1}]}
request = NotificationRequest(
    user_id=user.id, notification_type=Channel.EMAIL, template_code=code, variables=variables
)
explained = of(ExplanationResponse, explain_notification.sync(client=client, body=request)).data
assert [(one.channel, one.decision) for one in explained.channels] == [(Channel.EMAIL, Decision.SEND)], explained
requests = [request]
for body in ("One", "Two"):
    content = NotificationContent(title="A note", body=body)
    requests.append(NotificationRequest(user_id=user.id, notification_type=Channel.EMAIL, content=content))
ids = []
for one in requests:
    accepted = of(AcceptedNotificationResponse, send_notification.sync(client=client, body=one))
    ids.append(accepted.data.notification_id)


def until(notification_id: uuid.UUID, status: DeliveryStatus) -> None:
    """Reads a notification until it is in this state."""
    for _ in range(300):
        notification = of(NotificationResponse, read_notification.sync(notification_id, client=client)).data
        if notification.status == status:
            return
        time.sleep(0.1)
    raise AssertionError(notification)


for notification_id in ids:
    until(notification_id, DeliveryStatus.SENT)


def letter_of(notification_id: uuid.UUID) -> DeadLetter:
    """The dead letter, as soon as the list has it."""
    for _ in range(300):
        letters = of(DeadLetters, list_dead_letters.sync(client=client, limit=100)).items
        for letter in letters:
            if letter.notification_id == notification_id:
                return letter
        time.sleep(0.1)
    raise AssertionError(letters)


# A push to a device that its provider cannot reach: it gives up, and an operator finds it. On another device it is sent again.
change = UserChange(push_token=os.environ["TIDINGS_BROKEN_DEVICE"])
of(User, change_user.sync(user.id, client=client, body=change))
content = NotificationContent(title="Hello", body="Anybody there?")
push = NotificationRequest(user_id=user.id, notification_type=Channel.PUSH, content=content)
unreached = of(AcceptedNotificationResponse, send_notification.sync(client=client, body=push)).data.notification_id
ids.append(unreached)
until(unreached, DeliveryStatus.DEAD_LETTERED)
letter = letter_of(unreached)
assert (letter.reason, letter.channel, letter.user_id) == ("provider_unavailable", Channel.PUSH, user.id), letter
of(User, change_user.sync(user.id, client=client, body=UserChange(push_token=f"device-{mark}")))
redriven = of(RedriveResult, redrive_dead_letters.sync(client=client, body=RedriveRequest(ids=[letter.id])))
assert (redriven.redriven, redriven.already_done, redriven.not_found, redriven.has_more) == (1, 0, [], False), redriven
until(unreached, DeliveryStatus.SENT)


def listed() -> list[uuid.UUID]:
    """The user's notifications, page by page. A cursor of `None` ends the list."""
    seen, after = [], None
    while True:
        cursor: str | Unset = after or UNSET
        page = of(NotificationsResponse, list_notifications.sync(user.id, client=client, limit=2, after=cursor)).data
        seen += [item.notification_id for item in page.items]
        after = page.page.after
        if after is None:
            return seen


# The list may be a moment late.
for _ in range(100):
    if sorted(listed()) == sorted(ids):
        break
    time.sleep(0.1)
else:
    raise AssertionError(listed())

# A refusal that a program can read.
refused = send_notification.sync_detailed(client=client, body=NotificationRequest(user_id=user.id, priority=9))
assert refused.status_code == 400, refused
refusal = of(Error, refused.parsed)
assert refusal.status_code == 400 and refusal.errors == [
    "template_code or content is required",
    "priority must be a whole number from 1 to 5",
], refusal

# What a user has a right to.
export = of(Export, export_user.sync(user.id, client=client))
assert len(export.notifications) == len(ids), export
assert erase_user.sync_detailed(user.id, client=client).status_code == 204
assert of(Error, read_user.sync(user.id, client=client)).status_code == 404
delete_template.sync_detailed(code, client=client)
print(f"Python: a user, {len(ids)} notifications sent and listed, one of them as a dead letter first, a refusal read, the user exported and erased")
