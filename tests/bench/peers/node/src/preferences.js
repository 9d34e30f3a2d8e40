// `PUT /api/v1/users/{id}/preferences` (contract 1) behind an HTTP API: one conditional write, nothing read before it.
import { randomBytes, randomUUID } from "node:crypto";
import { ConditionalCheckFailedException, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { caller } from "./bearer.js";
import { dynamodb, logger, TABLE } from "./clients.js";
import { parseId } from "./ids.js";

const CHANNELS = ["email", "push", "sms", "slack", "in_app"];
const MOST_BYTES = 256 * 1024;
const ANONYMOUS = process.env.ANONYMOUS_PREFERENCES === "true";

export async function handler(event, context) {
  const started = Date.now();
  const given = event.headers["x-request-id"];
  const requestId = given && /^[\w.-]{1,128}$/.test(given) ? given : `req_${randomUUID().replaceAll("-", "")}`;
  logger.addContext(context);
  const answer = await answered(event).catch((error) => {
    logger.error("refused", error);
    return problem(500, "Internal server error");
  });
  answer.headers["x-request-id"] = requestId;
  const method = event.requestContext.http.method;
  logger.info("answered", { request_id: requestId, method, status: answer.statusCode, milliseconds: Date.now() - started });
  return answer;
}

async function answered(event) {
  const rawId = event.rawPath.split("/")[4];
  let who;
  if (!ANONYMOUS || event.headers.authorization !== undefined) {
    who = await caller(event.headers);
    if (!who) return problem(401, "Unauthorized", undefined, { "www-authenticate": "Bearer" });
  }
  const id = parseId(rawId);
  if (!id) return problem(400, "Validation failed", ["id must be a UUID"]);
  if (who && who.id !== id && !who.roles.some((role) => role === "admin" || role === "service")) {
    return problem(403, "You may not do this");
  }
  const body = event.isBase64Encoded ? Buffer.from(event.body ?? "", "base64").toString() : (event.body ?? "");
  if (Buffer.byteLength(body) > MOST_BYTES) return problem(413, "The body must not be larger than 256 KiB");
  const { channels, faults } = decode(body);
  if (faults.length > 0) return problem(400, "Validation failed", faults);
  const { user, erased } = await update(id, channels);
  if (erased && who?.id === id) return problem(401, "Unauthorized", undefined, { "www-authenticate": "Bearer" });
  return user ? answerOf(user) : problem(404, "User not found");
}

function decode(body) {
  if (body.trim() === "") return { faults: ["the body must be a JSON object, and it is empty"] };
  let fields;
  try {
    fields = JSON.parse(body);
  } catch (error) {
    return { faults: [`the body must be valid JSON: ${error.message}`] };
  }
  if (!isObject(fields)) return { faults: ["the body must be a JSON object"] };
  const faults = [];
  const { preferences, ...left } = fields;
  if (isObject(preferences)) {
    for (const [name, value] of Object.entries(preferences)) {
      if (!CHANNELS.includes(name)) {
        faults.push(`preferences.${name} is not a channel: it must be one of ${CHANNELS.join(", ")}`);
      } else if (typeof value !== "boolean") {
        faults.push(`preferences.${name} must be true or false`);
      }
    }
  } else {
    faults.push("preferences must be an object");
  }
  faults.push(...Object.keys(left).map((key) => `${key} is not a known field`));
  return { channels: preferences, faults };
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// The user afterwards; nothing where there is none, or where they were erased.
async function update(id, channels, clock = { now: Date.now(), stamped: true }) {
  const mark = randomBytes(16);
  const names = { "#pk": "pk", "#erased": "erased_at", "#version": "version", "#mark": "mark" };
  const values = { ":zero": { N: "0" }, ":one": { N: "1" }, ":mark": { B: mark } };
  const set = ["#version = if_not_exists(#version, :zero) + :one", "#mark = :mark"];
  const conditions = [
    "attribute_exists(#pk)",
    "attribute_not_exists(#erased)",
    // The SDK repeats a call whose answer was lost: a refusal by our own mark is our own success.
    "(attribute_not_exists(#mark) OR #mark <> :mark)",
  ];
  if (clock.stamped) {
    names["#updated"] = "updated_at";
    values[":now"] = { N: String(clock.now) };
    set.push("#updated = :now");
    conditions.push("#updated <= :now");
  }
  Object.entries(channels).forEach(([name, on], n) => {
    names["#channels"] = "channels";
    names[`#c${n}`] = name;
    values[`:c${n}`] = { BOOL: on };
    set.push(`#channels.#c${n} = :c${n}`);
  });
  const key = { pk: { S: `USER#${id}` }, sk: { S: "USER" } };
  try {
    const { Attributes } = await dynamodb.send(
      new UpdateItemCommand({
        TableName: TABLE,
        Key: key,
        UpdateExpression: `SET ${set.join(", ")}`,
        ConditionExpression: conditions.join(" AND "),
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: values,
        ReturnValues: "ALL_NEW",
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      }),
    );
    return { user: unmarshall(Attributes) };
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    if (!error.Item) return {};
    const old = unmarshall(error.Item);
    if (old.mark && mark.equals(old.mark)) return { user: old };
    if (old.erased_at !== undefined) return { erased: true };
    // A later time stands there already, written by a clock ahead of ours: it stays.
    return update(id, channels, { ...clock, stamped: false });
  }
}

function answerOf(user) {
  const parts = [user.first_name, user.last_name].filter((part) => part !== undefined);
  const shown = CHANNELS.filter((channel) => user.channels[channel] !== undefined);
  return reply(200, {
    id: user.pk.slice("USER#".length),
    name: user.name ?? (parts.length > 0 ? parts.join(" ") : null),
    email: user.email ?? null,
    push_token: user.push_token ?? null,
    preferences: Object.fromEntries(shown.map((channel) => [channel, user.channels[channel]])),
    created_at: new Date(user.created_at).toISOString(),
    updated_at: new Date(user.updated_at).toISOString(),
  }, { etag: `"${user.version}"` });
}

function problem(statusCode, message, errors, headers) {
  return reply(statusCode, { statusCode, message, errors }, headers);
}

function reply(statusCode, body, headers = {}) {
  return {
    statusCode,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
    isBase64Encoded: false,
  };
}
