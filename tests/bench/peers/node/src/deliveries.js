// A delivery's record: claimed by one conditional write before the provider is called, closed by another one after it.
import { createHash, randomUUID } from "node:crypto";
import { ConditionalCheckFailedException, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { dynamodb, TABLE } from "./clients.js";

const WAITING = ["held", "queued", "retrying"];
const OVER = ["sent", "skipped", "failed", "cancelled", "dead_lettered"];

// A delivery that nobody works on: new, waiting and its pause over, or left behind by a worker whose lease has run out.
const OPEN =
  "(attribute_not_exists(#expires) OR #expires >= :seconds) AND (attribute_not_exists(#status)" +
  " OR (#status IN (:held, :queued, :retrying) AND (attribute_not_exists(#before) OR #before <= :now))" +
  " OR (#status = :sending AND #until < :now))";

function open(notification, channel, now) {
  return {
    names: { "#status": "status", "#expires": "expires_at", "#before": "not_before", "#until": "lease_until", "#channel": "channel", "#at": "at_millis", "#owner": "lease_owner" },
    values: {
      ":seconds": n(Math.floor(now / 1000)),
      ":now": n(now),
      ":sending": s("sending"),
      ...Object.fromEntries(WAITING.map((status) => [`:${status}`, s(status)])),
      ":channel": s(channel),
      ":expires": n(notification.expires_at),
    },
  };
}

// The lease, or nothing where the delivery is over; an error where another worker is at it.
export async function claim(notification, channel, until) {
  const now = Date.now();
  const owner = randomUUID();
  const { names, values } = open(notification, channel, now);
  try {
    const item = await update(notification, channel, {
      UpdateExpression:
        "SET #status = :sending, #owner = :owner, #until = :until, #addresses = if_not_exists(#addresses, :none)," +
        " #attempts = if_not_exists(#attempts, :zero) + :one, #at = :now, #channel = :channel, #expires = :expires REMOVE #before",
      ConditionExpression: OPEN,
      ExpressionAttributeNames: { ...names, "#addresses": "addresses", "#attempts": "attempts" },
      ExpressionAttributeValues: { ...values, ":owner": s(owner), ":until": n(until), ":none": { M: {} }, ":zero": n(0), ":one": n(1) },
    });
    return { owner, attempts: item.attempts };
  } catch (error) {
    const old = seen(error);
    // The SDK repeats a call whose answer was lost: then it is our own claim that stands in the way.
    if (old.lease_owner === owner) return { owner, attempts: old.attempts };
    if (OVER.includes(old.status)) return undefined;
    throw new Error("another worker is sending", { cause: error });
  }
}

// Records how the attempt ended, as long as the lease is its own.
export async function finish(notification, channel, lease, { through, address, trace }, messageId) {
  const key = createHash("sha256").update(`${through.id}\n${address}`).digest("hex").slice(0, 16);
  const outcome = { channel_id: s(through.id), state: s("sent"), provider_message_id: s(messageId) };
  await update(notification, channel, {
    UpdateExpression:
      "SET #status = :sent, #at = :now, #message = :message, #trace = :trace, #recorded = :attempts," +
      " #addresses.#key = :outcome, #delivered = :true REMOVE #reason, #before, #owner, #until",
    ConditionExpression: "#owner = :owner",
    ExpressionAttributeNames: {
      "#status": "status", "#at": "at_millis", "#message": "provider_message_id", "#trace": "trace", "#recorded": "recorded",
      "#addresses": "addresses", "#key": key, "#delivered": "delivered", "#reason": "reason", "#before": "not_before",
      "#owner": "lease_owner", "#until": "lease_until",
    },
    ExpressionAttributeValues: {
      ":sent": s("sent"), ":now": n(Date.now()), ":message": s(messageId), ":trace": s(JSON.stringify(trace)),
      ":attempts": n(lease.attempts), ":outcome": { M: outcome }, ":true": { BOOL: true }, ":owner": s(lease.owner),
    },
  });
}

// Records a delivery that ends without a provider.
export async function conclude(notification, channel, { skip, trace }) {
  const now = Date.now();
  const { names, values } = open(notification, channel, now);
  const status = { cancelled: "cancelled" }[skip] ?? "skipped";
  try {
    await update(notification, channel, {
      UpdateExpression:
        "SET #status = :status, #at = :now, #reason = :reason, #trace = :trace, #channel = :channel, #expires = :expires" +
        " REMOVE #before, #owner, #until",
      ConditionExpression: OPEN,
      ExpressionAttributeNames: { ...names, "#reason": "reason", "#trace": "trace" },
      ExpressionAttributeValues: { ...values, ":status": s(status), ":reason": s(skip), ":trace": s(JSON.stringify(trace)) },
    });
  } catch (error) {
    if (!OVER.includes(seen(error).status)) throw error;
  }
}

// The item behind a refused condition; any other error goes on.
function seen(error) {
  if (error instanceof ConditionalCheckFailedException && error.Item) return unmarshall(error.Item);
  throw error;
}

async function update(notification, channel, expressions) {
  const { Attributes } = await dynamodb.send(
    new UpdateItemCommand({
      TableName: TABLE,
      Key: { pk: s(notification.pk), sk: s(`DELIVERY#${channel}`) },
      ReturnValues: "ALL_NEW",
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      ...expressions,
    }),
  );
  return unmarshall(Attributes);
}

function s(text) {
  return { S: text };
}

function n(number) {
  return { N: String(number) };
}
