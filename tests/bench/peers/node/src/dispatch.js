// An SQS batch of deliveries by Slack: load, decide, claim, send, record; what failed is reported.
import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import { getSecret } from "@aws-lambda-powertools/parameters/secrets";
import { BatchGetItemCommand, QueryCommand } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { dynamodb, logger, TABLE } from "./clients.js";
import { decide } from "./decide.js";
import * as deliveries from "./deliveries.js";
import { send } from "./slack.js";

const KEPT_MS = 60_000;
const BATCH_GET = 100;
const processor = new BatchProcessor(EventType.SQS);

export async function handler(event, context) {
  logger.addContext(context);
  const [loaded, configured] = await Promise.all([load(event.Records), channels()]);
  const deadline = Date.now() + context.getRemainingTimeInMillis();
  const one = (record) => deliver(read(record), loaded, configured, deadline);
  return processPartialResponse(event, one, processor, {
    context,
    processInParallel: true,
    throwOnFullBatchFailure: false,
  });
}

function read(record) {
  const message = JSON.parse(record.body);
  if (message.kind !== "deliver.v1") throw new Error("the message is of no known kind");
  return message;
}

async function deliver(message, loaded, configured, deadline) {
  const { notification_id: id, channel } = message;
  const notification = loaded.get(`NOTIFICATION#${id}`);
  if (!notification) {
    logger.warn("the notification is gone", { notification_id: id, channel });
    return;
  }
  const user = loaded.get(`USER#${message.user_id}`);
  const decided = decide(user, notification, configured, channel, Date.now());
  if (decided.skip) {
    await deliveries.conclude(notification, channel, decided);
    logger.info("stopped", { notification_id: id, channel, reason: decided.skip });
    return;
  }
  const lease = await deliveries.claim(notification, channel, deadline + 1000);
  if (!lease) return;
  const { through, address, text } = decided;
  const token = await getSecret(through.secret, { maxAge: KEPT_MS / 1000 });
  const messageId = await send(token, address, text);
  await deliveries.finish(notification, channel, lease, decided, messageId);
  logger.info("sent", { notification_id: id, channel });
}

// Users and notifications by their partition, strongly consistent.
async function load(records) {
  const wanted = new Set();
  for (const record of records) {
    try {
      const message = read(record);
      wanted.add(`USER#${message.user_id}`).add(`NOTIFICATION#${message.notification_id}`);
    } catch {
      // Reported when its turn comes.
    }
  }
  const keys = [...wanted].map((pk) => ({ pk: { S: pk }, sk: { S: pk.slice(0, pk.indexOf("#")) } }));
  const loaded = new Map();
  for (let begin = 0; begin < keys.length; begin += BATCH_GET) {
    let left = keys.slice(begin, begin + BATCH_GET);
    while (left.length > 0) {
      const got = await dynamodb.send(
        new BatchGetItemCommand({ RequestItems: { [TABLE]: { Keys: left, ConsistentRead: true } } }),
      );
      for (const item of got.Responses[TABLE].map((item) => unmarshall(item))) {
        if (item.expires_at === undefined || item.expires_at * 1000 >= Date.now()) loaded.set(item.pk, item);
      }
      left = got.UnprocessedKeys?.[TABLE]?.Keys ?? [];
    }
  }
  return loaded;
}

let known;

// The configured channels, at most a minute old, in the order in which they are tried.
async function channels() {
  if (known && known.until > Date.now()) return known.list;
  const { Items } = await dynamodb.send(
    new QueryCommand({
      TableName: TABLE,
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: { ":pk": { S: "CHANNELS" } },
      ConsistentRead: true,
    }),
  );
  const list = Items.map((item) => unmarshall(item)).sort((a, b) => a.position - b.position);
  known = { list, until: Date.now() + KEPT_MS };
  return list;
}
