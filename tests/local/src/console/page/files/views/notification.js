// One notification: each of its deliveries with what was sent, the decision, the attempts, and the requests behind it.

import { ask } from '../ask.js';
import { copyButton, curl, requestFor } from '../copy.js';
import { announce, badge, channelName, clock, h, icon, json, nothing, source, words } from '../dom.js';
import { preview } from '../previews.js';
import { here, to } from '../router.js';
import { REASONS, RULES, SAID } from '../words.js';
import { attempts, waiting } from './attempts.js';

const PARTS = [
  ['preview', 'Preview', seen],
  ['html', 'HTML', html],
  ['text', 'Text', text],
  ['headers', 'Headers', headers],
  ['decision', 'Decision', decision],
  ['attempts', 'Attempts', (delivery, notification, again) => attempts(delivery, notification, again)],
];

/** The place of a selected notification: `{show(query), live(data), close()}`. */
export function detail(root) {
  let known;
  let drawn;
  let asked = 0;

  async function load(id) {
    const number = (asked += 1);
    try {
      const data = await ask('GET', `/_local/ui/data/notifications/${encodeURIComponent(id)}`);
      if (number === asked) draw(data);
    } catch (error) {
      if (number === asked) root.replaceChildren(back(here().query), h('p', { class: 'problem' }, error.message));
    }
  }

  function draw(data, { isNew = false } = {}) {
    const { query } = here();
    const text = JSON.stringify([data, query.delivery, query.part, query.id]);
    if (text === drawn) return;
    if (isNew) tell(known, data);
    known = data;
    drawn = text;
    const before = root.querySelector('article');
    const now = article(data, query, () => load(data.notification_id));
    if (before?.dataset.id === data.notification_id) keep(before, now);
    root.replaceChildren(now);
    refocus(root, before, now);
  }

  return {
    show(query) {
      if (!query.id) {
        known = drawn = undefined;
        asked += 1;
        root.replaceChildren(nothing('Select a notification to see what became of it.'));
      } else if (known?.notification_id === query.id) {
        draw(known);
      } else {
        load(query.id);
      }
    },
    live(data) {
      if (data.notification_id === here().query.id) draw(data, { isNew: true });
    },
    close() {
      asked += 1;
    },
  };
}

/** Tells a reader of the screen what has changed. */
function tell(before, { deliveries, notification_id, user_name }) {
  if (before?.notification_id !== notification_id) return;
  for (const { channel, status } of deliveries) {
    const was = before.deliveries.find((one) => one.channel === channel);
    if (was?.status !== status) announce(`${channelName(channel)} to ${user_name ?? 'the recipient'}: ${words(status)}`);
  }
}

/** What the reader has opened stays open. */
function keep(before, now) {
  const opened = new Set([...before.querySelectorAll('details[open]')].map(({ dataset }) => dataset.key));
  for (const details of now.querySelectorAll('details')) if (opened.has(details.dataset.key)) details.open = true;
}

/** What had the focus has it again, if it is still there. */
let focus;
document.addEventListener('focusin', ({ target }) => (focus = target.closest?.('[data-focus]')?.dataset.focus));
function refocus(root, before, now) {
  if (!before || !focus || document.activeElement !== document.body) return;
  now.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
}

/** The URL of a part of a delivery. */
const place = (query, delivery, part) => to('notifications', null, { ...query, delivery, part });

const back = (query) => {
  const { id: _id, delivery: _delivery, part: _part, ...rest } = query;
  return h('a', { class: 'back', href: to('notifications', null, rest), 'data-focus': 'back' }, 'Back to the list');
};

function article(notification, query, again) {
  const { deliveries, notification_id: id, status } = notification;
  const chosen = deliveries.find(({ channel }) => channel === query.delivery) ?? (deliveries.length === 1 ? deliveries[0] : null);
  const isRaw = query.part === 'json';
  const tab = (label, href, current, ...beside) => h('li', {}, h('a', { href, 'data-focus': `tab-${label}`, ...(current && { 'aria-current': 'true' }) }, ...beside, label));
  const channels = [
    deliveries.length > 1 && tab('All', place(query, null, null), !chosen && !isRaw),
    ...deliveries.map(({ channel, status }) =>
      tab(channelName(channel), place(query, channel, isRaw ? null : query.part), chosen?.channel === channel && !isRaw, h('span', { class: 'mark', 'data-status': status }, icon(channel), h('span', { class: 'aside' }, `${words(status)}: `))),
    ),
    tab('Raw JSON', place(query, query.delivery, 'json'), isRaw),
  ];
  const heading = `notification-${id}`;
  let content;
  if (isRaw) content = raw(notification);
  else if (chosen) content = delivery(chosen, notification, query, again);
  else content = overview(notification, query, again);
  return h(
    'article',
    { class: 'detail', 'aria-labelledby': heading, 'data-id': id },
    back(query),
    h('header', {}, h('div', {}, h('h2', { id: heading }, titleOf(notification)), about(notification)), badge(status)),
    h('div', { class: 'actions' }, copyButton('Copy as curl', () => curl(notification)), copyButton('Copy id', () => id), h('a', { class: 'button', href: sendAgain(notification) }, 'Send one like it')),
    h('nav', { class: 'tabs', 'aria-label': 'Deliveries' }, h('ul', {}, channels)),
    content,
  );
}

function titleOf({ content, deliveries }) {
  const inline = content?.inline;
  if (inline) return inline.subject ?? inline.title ?? (inline.body || 'No words');
  // What was sent says more than a template's code.
  const sent = deliveries.flatMap(({ requests }) => requests ?? []).map(({ body }) => body?.Content?.Simple?.Subject?.Data ?? body?.message?.notification?.title);
  return sent.find(Boolean) ?? deliveries.map(({ entry }) => entry?.title).find(Boolean) ?? content?.template?.template_code ?? 'No words';
}

function about({ content, created_at, critical, expires_at, group, notification_id, send_at, user_id, user_name }) {
  const template = content?.template?.template_code;
  const facts = [
    h('span', {}, 'to ', h('a', { href: to('users', user_id), 'data-focus': 'user' }, user_name ?? user_id)),
    clock(created_at),
    template && h('span', {}, 'template ', h('a', { href: to('templates', template, { variables: JSON.stringify(content.template.variables), user: user_id }), 'data-focus': 'template' }, template)),
    group && h('span', {}, 'category ', h('a', { href: to('notifications', null, { category: group }), 'data-focus': 'category' }, group)),
    send_at && h('span', {}, 'due ', clock(send_at)),
    expires_at && h('span', {}, 'expires ', clock(expires_at)),
    critical && h('span', { class: 'flag' }, 'critical'),
    h('code', { class: 'id' }, notification_id),
  ];
  return h('p', { class: 'about' }, facts.filter(Boolean));
}

function sendAgain({ content, critical, deliveries, group, user_id }) {
  const inline = content?.inline;
  const template = content?.template;
  return to('send', null, {
    to: user_id,
    channel: deliveries.length === 1 ? deliveries[0].channel : '',
    ...(inline ? { words: 'own', title: inline.title ?? inline.subject, body: inline.body } : { template: template?.template_code, variables: JSON.stringify(template?.variables ?? {}) }),
    category: group,
    critical: critical ? '1' : '',
  });
}

/** Every delivery as its recipient sees it. */
function overview(notification, query, again) {
  const tiles = notification.deliveries.map((one) => {
    const shown = preview(one);
    return h(
      'li',
      { class: 'tile', 'data-channel': one.channel, 'data-status': one.status },
      h('div', { class: 'tile-head' }, icon(one.channel), h('h3', {}, h('a', { href: place(query, one.channel, null), 'data-focus': `tile-${one.channel}` }, channelName(one.channel))), badge(one.status)),
      outcome(one),
      shown,
      waiting(one, notification, again),
      one.attempts > 1 && h('p', { class: 'hint' }, h('a', { href: place(query, one.channel, 'attempts'), 'data-focus': `attempts-${one.channel}` }, `${one.attempts} attempts`)),
      why(one),
    );
  });
  return h('ul', { class: 'tiles' }, tiles);
}

/** One delivery, part by part. */
function delivery(one, notification, query, again) {
  const hasHtml = one.requests?.some(({ body }) => body?.Content?.Simple?.Body?.Html);
  const parts = PARTS.filter(([part]) => part !== 'html' || hasHtml || query.part === 'html');
  const [current, , show] = parts.find(([part]) => part === query.part) ?? parts[0];
  const tabs = parts.map(([part, label]) => h('li', {}, h('a', { href: place(query, one.channel, part === 'preview' ? null : part), 'data-focus': `part-${part}`, ...(part === current && { 'aria-current': 'true' }) }, label, part === 'attempts' && one.attempts > 0 && h('span', { class: 'count' }, String(one.attempts)))));
  return h(
    'div',
    { class: 'delivery', 'data-channel': one.channel, 'data-status': one.status },
    h('div', { class: 'state' }, badge(one.status), outcome(one) || h('p', { class: 'reason' }, 'since ', clock(one.at)), waiting(one, notification, again)),
    h('nav', { class: 'tabs parts', 'aria-label': `Parts of ${channelName(one.channel)}` }, h('ul', {}, tabs)),
    h('div', { class: 'part', 'data-part': current }, show(one, notification, again)),
  );
}

const until = ({ held_until: at }) => at && h('span', {}, ' Until ', clock(at), '.');

/** Why it was not sent, or not yet. */
function outcome(one) {
  const { reason, status } = one;
  if (status === 'sent') return null;
  if (!reason) return status === 'queued' ? h('p', { class: 'reason' }, 'No worker has looked at it yet.') : null;
  return h('p', { class: 'reason' }, REASONS[reason] ?? words(reason), ' ', h('code', {}, reason), until(one));
}

function seen(one, notification) {
  const shown = preview(one);
  if (shown) return shown;
  const template = notification.content?.template;
  const link = template && h('a', { href: to('templates', template.template_code, { channel: one.channel, user: notification.user_id, variables: JSON.stringify(template.variables) }) }, 'See how its template reads');
  return h('div', {}, nothing('No provider was asked.'), link && h('p', {}, link, '.'));
}

/** The last request that was taken, or else the last one. */
const last = ({ requests = [] }) => requests.findLast(({ response }) => response.status < 300) ?? requests.at(-1);

function html(one) {
  const code = last(one)?.body?.Content?.Simple?.Body?.Html?.Data;
  return code ? source('HTML', code) : nothing('It has no HTML.');
}

function text(one) {
  const { body, provider } = last(one) ?? {};
  const simple = body?.Content?.Simple;
  const texts = {
    ses: () => simple?.Body?.Text?.Data,
    fcm: () => join(body?.message?.notification),
    apns: () => join(body?.aps?.alert),
    sms: () => body?.MessageBody,
    slack: () => body?.text,
    webhook: () => JSON.stringify(body, null, 2),
  };
  const said = one.entry ? join(one.entry) : texts[provider]?.();
  return said ? source('Text', said) : nothing('It has no text.');
}

const join = (parts) => (typeof parts === 'string' ? parts : [parts?.title, parts?.body].filter(Boolean).join('\n\n'));

function headers(one) {
  const request = last(one);
  if (!request) return nothing('No provider was asked.');
  const simple = request.body?.Content?.Simple;
  const mail = request.provider === 'ses' && [
    ['From', request.body.FromEmailAddress],
    ['To', request.to],
    ['Reply-To', request.body.ReplyToAddresses?.join(', ')],
    ['Subject', simple?.Subject?.Data],
    ...(simple?.Headers ?? []).map(({ Name, Value }) => [Name, Value]),
    ...(request.body.EmailTags ?? []).map(({ Name, Value }) => [`Tag ${Name}`, Value]),
    ['Message id', request.message_id],
  ];
  return h(
    'div',
    { class: 'headers' },
    mail && h('h3', {}, 'Of the email'),
    mail && table('Headers of the email', mail.filter(([, value]) => value)),
    h('h3', {}, 'Of the request to the provider'),
    h('p', { class: 'hint' }, h('code', {}, `${request.method} ${request.path}`), '. Credentials are left out.'),
    table('Headers of the request', Object.entries(request.headers ?? {})),
  );
}

const table = (label, rows) => h('table', { class: 'facts', 'aria-label': label }, h('tbody', {}, rows.map(([name, value]) => h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, String(value))))));

/** The rules of the last decision, and what would be decided now. */
function decision(one, notification) {
  const now = h('div', { class: 'now-decided' }, h('p', { class: 'hint' }, 'Asking …'));
  const request = { ...requestFor(notification), channels: [one.channel] };
  ask('POST', '/api/v1/notifications/explain', { as: 'service', body: request }).then(
    ({ data }) => {
      const [{ decision, reason, through = [], trace, until: at }] = data.channels;
      const by = through.map(({ addresses, provider }) => `${provider} to ${addresses} ${addresses === 1 ? 'address' : 'addresses'}`).join(', then ');
      now.replaceChildren(h('p', { class: 'reason' }, badge(decision), ' ', reason && (REASONS[reason] ?? words(reason)), reason && h('code', {}, ` ${reason}`), at && h('span', {}, ' Until ', clock(at), '.'), by), steps(trace));
    },
    (error) => now.replaceChildren(h('p', { class: 'problem' }, error.message)),
  );
  return h(
    'div',
    { class: 'two decisions' },
    h('section', {}, h('h3', {}, 'What was decided'), one.trace?.length ? steps(one.trace) : nothing('Nothing has been decided yet.')),
    h('section', {}, h('h3', {}, 'What would be decided now'), now),
  );
}

function why({ channel, trace = [] }) {
  if (!trace.length) return null;
  const { rule, said } = trace.at(-1);
  const summary = said === 'stop' ? `Why: ${words(RULES[rule] ?? rule).toLowerCase()}, no` : `Why: ${trace.length} rules passed`;
  return h('details', { class: 'why', 'data-key': `why-${channel}` }, h('summary', { 'data-focus': `why-${channel}` }, summary), steps(trace));
}

function steps(trace) {
  const step = ({ rule, saw, said }) =>
    h('li', { 'data-said': said }, icon(said), h('span', { class: 'rule' }, RULES[rule] ?? words(rule)), h('span', { class: 'saw' }, saw, h('span', { class: 'aside' }, ` (${SAID[said] ?? said})`)));
  return h('ol', { class: 'trace' }, trace.map(step));
}

/** The notification as the API shows it. */
function raw(notification) {
  const root = h('div', { class: 'part', 'data-part': 'json' }, h('p', { class: 'hint' }, 'Asking …'));
  ask('GET', `/api/v1/notifications/${notification.notification_id}`, { as: 'service' }).then(
    ({ data }) => root.replaceChildren(h('div', { class: 'actions' }, h('code', {}, `GET /api/v1/notifications/${notification.notification_id}`), copyButton('Copy JSON', () => JSON.stringify(data, null, 2))), json('Raw JSON', data)),
    (error) => root.replaceChildren(h('p', { class: 'problem' }, error.message)),
  );
  return root;
}
