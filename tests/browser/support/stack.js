// The running local stack, and words for what an application and a user do with it.

import { setTimeout as sleep } from 'node:timers/promises';

/** `http://127.0.0.1:PORT`, from `tests/browser/run`. */
export const url = process.env.TIDINGS_URL ?? 'http://127.0.0.1:8001';

/** How long something that happens by itself may take, in milliseconds. */
export const PATIENCE = 60_000;

/** What `GET /_local` answers: tokens minted now, ids and keys. */
export const demo = async () => (await call('GET', '/_local')).body;

/** A request with a JSON body, by `token` where there is one; gives `{status, headers, body}`. */
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
    // It is text.
  }
  return { status: response.status, headers: response.headers, body: read };
}

/** The same, where anything but a 2xx is the test's own fault. */
export async function done(method, path, options) {
  const answer = await call(method, path, options);
  if (answer.status < 200 || answer.status > 299) {
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
  return answer.body;
}

/** A new user with an address nobody else has; the whole user. */
export async function newUser(more = {}) {
  const { bearer } = await demo();
  const email = `browser-${crypto.randomUUID()}@example.com`;
  const created = await done('POST', '/api/v1/users', { token: bearer.admin, body: { name: 'A User', email, ...more } });
  return created.data ?? created;
}

/** Has the application send a notification; its id. */
export async function notify(body) {
  const { bearer } = await demo();
  const accepted = await done('POST', '/api/v1/notifications', { token: bearer.service, body });
  return accepted.data.notification_id;
}

/** Sets a provider's next answers; none heals it. */
export const answers = (provider, list = []) => done('PUT', `/_local/providers/${provider}`, { body: { answers: list } });

/** Asks until there is an answer that is neither false nor missing. */
export async function eventually(ask, what = 'it') {
  const until = Date.now() + PATIENCE;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > until) throw new Error(`${what} did not happen within ${PATIENCE / 1000} s`);
    await sleep(50);
  }
}

/** The notification once no delivery is under way any more. */
export async function settled(id) {
  const { bearer } = await demo();
  return eventually(async () => {
    const { data } = await done('GET', `/api/v1/notifications/${id}`, { token: bearer.service });
    const underWay = data.deliveries.some(({ status }) => ['queued', 'held', 'retrying'].includes(status));
    return underWay ? null : data;
  }, `the end of ${id}`);
}
