// The running local stack, with one function for each thing that an application or a user does there.

import { setTimeout as sleep } from 'node:timers/promises';

/** The stack's URL, `http://127.0.0.1:PORT`. `tests/browser/run` sets it. */
export const url = process.env.TIDINGS_URL ?? 'http://127.0.0.1:8001';

/** The longest time that a test waits for something, in milliseconds. */
export const PATIENCE = 60_000;

/** The answer of `GET /_local`: new tokens, ids and keys. */
export const demo = async () => (await call('GET', '/_local')).body;

/** Sends a request with a JSON body, and with the bearer token `token` if it is given. Returns `{status, headers, body}`. */
export async function call(method, path, { token, body, headers = {} } = {}) {
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    redirect: 'manual',
  });
  const text = await response.text();
  let read = text;
  try {
    read = JSON.parse(text);
  } catch {
    // The answer is plain text.
  }
  return { status: response.status, headers: response.headers, body: read };
}

/** Sends a request that must be answered 2xx. Returns the body; throws on any other status. */
export async function done(method, path, options) {
  const answer = await call(method, path, options);
  if (answer.status < 200 || answer.status > 299) {
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
  return answer.body;
}

/** Creates a user with an address that no other user has. Returns the whole user. */
export async function newUser(more = {}) {
  const { bearer } = await demo();
  const email = `browser-${crypto.randomUUID()}@example.com`;
  const created = await done('POST', '/api/v1/users', { token: bearer.admin, body: { name: 'A User', email, ...more } });
  return created.data ?? created;
}

/** Sends a notification as the application. Returns its id. */
export async function notify(body) {
  const { bearer } = await demo();
  const accepted = await done('POST', '/api/v1/notifications', { token: bearer.service, body });
  return accepted.data.notification_id;
}

/** Sets a provider's next answers. With an empty list the provider answers normally again. */
export const answers = (provider, list = []) => done('PUT', `/_local/providers/${provider}`, { body: { answers: list } });

/** Calls `ask` again and again until its answer is truthy. Returns that answer; throws after `PATIENCE`. */
export async function eventually(ask, what = 'it') {
  const until = Date.now() + PATIENCE;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > until) throw new Error(`${what} did not happen within ${PATIENCE / 1000} s`);
    await sleep(50);
  }
}

/** Waits until no delivery of the notification is under way. Returns the notification. */
export async function settled(id) {
  const { bearer } = await demo();
  return eventually(async () => {
    const { data } = await done('GET', `/api/v1/notifications/${id}`, { token: bearer.service });
    const underWay = data.deliveries.some(({ status }) => ['queued', 'held', 'retrying'].includes(status));
    return underWay ? null : data;
  }, `the end of ${id}`);
}
