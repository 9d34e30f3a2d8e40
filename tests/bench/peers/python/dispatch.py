"""An SQS batch of deliveries by Slack: load, decide, claim, send, record; what failed is reported."""

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor

import deliveries
import slack
from attributes import item_of, s
from aws_lambda_powertools.utilities import parameters
from aws_lambda_powertools.utilities.batch import AsyncBatchProcessor, EventType, async_process_partial_response
from clients import AT_ONCE, TABLE, dynamodb, logger
from decide import decide

KEPT_SECONDS = 60
BATCH_GET = 100

# boto3 blocks: each message of a batch has a thread.
workers = ThreadPoolExecutor(max_workers=AT_ONCE)
processor = AsyncBatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context
def handler(event, context):
    channels_ready = workers.submit(_channels)
    loaded = _load(event["Records"])
    configured = channels_ready.result()
    deadline = int(time.time() * 1000) + context.get_remaining_time_in_millis()

    async def one(record):
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(workers, _deliver, _read(record.body), loaded, configured, deadline)

    return async_process_partial_response(event=event, record_handler=one, processor=processor, context=context)


def _read(body):
    message = json.loads(body)
    if message.get("kind") != "deliver.v1":
        raise ValueError("the message is of no known kind")
    return message


def _deliver(message, loaded, configured, deadline):
    notification_id, channel = message["notification_id"], message["channel"]
    notification = loaded.get(f"NOTIFICATION#{notification_id}")
    if notification is None:
        logger.warning("the notification is gone", notification_id=notification_id, channel=channel)
        return
    user = loaded.get(f"USER#{message['user_id']}")
    decided = decide(user, notification, configured, channel, int(time.time() * 1000))
    if decided.skip:
        deliveries.conclude(notification, channel, decided)
        logger.info("stopped", notification_id=notification_id, channel=channel, reason=decided.skip)
        return
    lease = deliveries.claim(notification, channel, deadline + 1000)
    if lease is None:
        return
    token = parameters.get_secret(decided.through["secret"], max_age=KEPT_SECONDS)
    message_id = slack.send(token, decided.address, decided.text)
    deliveries.finish(notification, channel, lease, decided, message_id)
    logger.info("sent", notification_id=notification_id, channel=channel)


def _load(records):
    """Users and notifications by their partition, strongly consistent."""
    wanted = set()
    for record in records:
        try:
            message = _read(record["body"])
            wanted.update([f"USER#{message['user_id']}", f"NOTIFICATION#{message['notification_id']}"])
        except (ValueError, KeyError):
            pass  # Reported when its turn comes.
    keys = [{"pk": s(pk), "sk": s(pk.partition("#")[0])} for pk in wanted]
    loaded = {}
    for begin in range(0, len(keys), BATCH_GET):
        left = keys[begin : begin + BATCH_GET]
        while left:
            got = dynamodb.batch_get_item(RequestItems={TABLE: {"Keys": left, "ConsistentRead": True}})
            for item in map(item_of, got["Responses"][TABLE]):
                if item.get("expires_at") is None or item["expires_at"] >= time.time():
                    loaded[item["pk"]] = item
            left = got.get("UnprocessedKeys", {}).get(TABLE, {}).get("Keys", [])
    return loaded


_known = (0.0, [])


def _channels():
    """The configured channels, at most a minute old, in the order in which they are tried."""
    global _known
    until, listed = _known
    if until > time.monotonic():
        return listed
    got = dynamodb.query(
        TableName=TABLE,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": s("CHANNELS")},
        ConsistentRead=True,
    )
    listed = sorted(map(item_of, got["Items"]), key=lambda channel: channel["position"])
    _known = (time.monotonic() + KEPT_SECONDS, listed)
    return listed
