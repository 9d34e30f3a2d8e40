// The first calls of an application that knows only openapi.yaml, by the client that openapi-typescript and openapi-fetch make of it.
// `generated/api.ts` is as it was generated; nothing in it is changed by hand.
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import createClient from 'openapi-fetch';
import type { components, paths } from './generated/api.js';

type Schemas = components['schemas'];

const { TIDINGS_URL: baseUrl, TIDINGS_TOKEN: token, TIDINGS_BROKEN_DEVICE: broken } = process.env;
assert(baseUrl && token && broken, 'TIDINGS_URL, TIDINGS_TOKEN and TIDINGS_BROKEN_DEVICE are missing');
const api = createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${token}` } });
const mark = Date.now().toString(36);

// An answer's data, or an error that a person can read.
function data<T>(answer: { data?: T; error?: unknown; response: Response }): T {
  if (answer.data === undefined) throw new Error(`${answer.response.status}: ${JSON.stringify(answer.error)}`);
  return answer.data;
}

// A user, with one field that is optional and no other.
const newUser: Schemas['NewUser'] = { name: 'Ada', email: `ada-${mark}@client.example`, preferences: { sms: false } };
const user = data(await api.POST('/api/v1/users', { body: newUser }));
assert.equal(user.email, newUser.email);
const path = { id: user.id };

// A template, whose variables are nested.
const text = 'Hello {{ buyer.name }}: {% for item in order.items %}{{ item.count }} {{ item.name }} {% endfor %}';
const code = `order-${mark}`;
const template: Schemas['TemplateReplacement'] = { locales: { default: { email: { subject: 'Order {{ order.id }}', text } } } };
data(await api.PUT('/api/v1/templates/{code}', { params: { path: { code } }, body: template }));

// Three notifications. `priority` and all else that has a default may be left out.
const request: Schemas['NotificationRequest'] = {
  user_id: user.id,
  notification_type: 'email',
  template_code: code,
  variables: { buyer: { name: 'Ada' }, order: { id: 4711, items: [{ name: 'tea', count: 2 }, { name: 'cup', count: 1 }] } },
  metadata: { source: { system: 'shop' } },
};
const rendered = data(
  await api.POST('/api/v1/templates/{code}/render', {
    params: { path: { code } },
    body: { channel: 'email', variables: request.variables ?? {} },
  }),
);
assert.equal(rendered.content.email?.subject, 'Order 4711');
const sent = data(await api.POST('/api/v1/notifications', { body: request }));
assert.equal(sent.data.status, 'queued');
const ids = [sent.data.notification_id];
for (const body of ['One', 'Two']) {
  const content: Schemas['NotificationContent'] = { title: 'A note', body };
  const own = await api.POST('/api/v1/notifications', { body: { user_id: user.id, notification_type: 'email', content } });
  ids.push(data(own).data.notification_id);
}

// Reads a notification until it is in this state.
const until = async (id: string, wanted: Schemas['DeliveryStatus']) => {
  let state: Schemas['DeliveryStatus'] = 'queued';
  for (let attempt = 0; state !== wanted; attempt += 1) {
    assert(attempt < 300, `${id} is ${state}`);
    await wait(100);
    const read = data(await api.GET('/api/v1/notifications/{id}', { params: { path: { id } } }));
    state = read.data.status;
  }
};
for (const id of ids) await until(id, 'sent');

// A push to a device that its provider cannot reach: it gives up, and an operator finds it. On another device it is sent again.
data(await api.PUT('/api/v1/users/{id}', { params: { path }, body: { push_token: broken } }));
const push = { user_id: user.id, notification_type: 'push', content: { title: 'Hello', body: 'Anybody there?' } } as const;
const unreached = data(await api.POST('/api/v1/notifications', { body: push })).data.notification_id;
ids.push(unreached);
await until(unreached, 'dead_lettered');
let letter: Schemas['DeadLetter'] | undefined;
for (let attempt = 0; !letter; attempt += 1) {
  assert(attempt < 300, `${unreached} is no dead letter`);
  await wait(100);
  const { items } = data(await api.GET('/api/v1/dead-letters', { params: { query: { limit: 100 } } }));
  letter = items.find((item) => item.notification_id === unreached);
}
assert.deepEqual([letter.reason, letter.channel, letter.user_id], ['provider_unavailable', 'push', user.id]);
data(await api.PUT('/api/v1/users/{id}', { params: { path }, body: { push_token: `device-${mark}` } }));
const redriven = data(await api.POST('/api/v1/dead-letters/redrive', { body: { ids: [letter.id] } }));
assert.deepEqual(redriven, { redriven: 1, already_done: 0, not_found: [], has_more: false });
await until(unreached, 'sent');

// The list, page by page. A cursor of `null` ends it; the list may be a moment late.
const list = async () => {
  const seen: string[] = [];
  let after: string | null = null;
  do {
    const query: { limit: number; after?: string } = after === null ? { limit: 2 } : { limit: 2, after };
    const page = data(await api.GET('/api/v1/users/{id}/notifications', { params: { path, query } })).data;
    seen.push(...page.items.map((item) => item.notification_id));
    after = page.page.after;
  } while (after !== null);
  return seen;
};
let listed: string[] = [];
for (let attempt = 0; listed.length < ids.length && attempt < 100; attempt += 1) {
  await wait(100);
  listed = await list();
}
assert.deepEqual(listed.toSorted(), ids.toSorted());

// A refusal that a program can read: the type checker knows its members.
const bad = await api.POST('/api/v1/notifications', { body: { ...request, user_id: 'nobody', priority: 9 } });
assert.equal(bad.response.status, 400);
assert(bad.error);
assert.equal(bad.error.statusCode, 400);
assert.deepEqual(bad.error.errors, ['user_id must be a UUID', 'priority must be a whole number from 1 to 5']);

// What the types have to refuse. If one of these lines were accepted, the compiler would say that its directive is unused.
// @ts-expect-error: a channel that does not exist
const channel: Schemas['Channel'] = 'fax';
// @ts-expect-error: a field that does not exist
const field: Schemas['NewUser'] = { name: 'Ada', email: 'ada@client.example', nick: 'a' };
// @ts-expect-error: the address is missing
const nobody: Schemas['NewUser'] = { name: 'Ada' };
assert(channel && field && nobody);

const gone = await api.DELETE('/api/v1/users/{id}', { params: { path } });
assert.equal(gone.response.status, 204);
data(await api.GET('/api/v1/templates', { params: { query: { limit: 1 } } }));
await api.DELETE('/api/v1/templates/{code}', { params: { path: { code } } });
console.log(`TypeScript: a user, ${ids.length} notifications sent, one of them as a dead letter first, ${listed.length} listed, a refusal read`);
