// One notification: all of its deliveries side by side, or one of them part by part.

import { ask } from '../ask.js';
import { copyButton, curl } from '../copy.js';
import { announce, badge, channelName, clock, h, icon, json, nothing, words } from '../dom.js';
import { preview } from '../previews.js';
import { here, to } from '../router.js';
import { waiting } from './attempts.js';
import { outcome, why } from './decision.js';
import { PARTS } from './parts.js';

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

  function draw(data) {
    const { query } = here();
    const text = JSON.stringify([data, query.delivery, query.part, query.id]);
    if (text === drawn) return;
    tell(known, data);
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
      if (data.notification_id === here().query.id) draw(data);
    },
    close() {
      asked += 1;
    },
  };
}

/** Tells a reader of the screen what has become of it: at first all that is known, and then what has changed. */
function tell(before, { deliveries, notification_id, user_name }) {
  const known = before?.notification_id === notification_id ? before.deliveries : [];
  for (const { channel, status } of deliveries) {
    const was = known.find((one) => one.channel === channel)?.status ?? 'queued';
    if (was !== status) announce(`${channelName(channel)} to ${user_name ?? 'the recipient'}: ${words(status)}`);
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

function about({ content, created_at, critical, expires_at, group, notification_id, run_id: run, send_at, user_id, user_name }) {
  const template = content?.template?.template_code;
  const facts = [
    h('span', {}, 'to ', h('a', { href: to('users', user_id), 'data-focus': 'user' }, user_name ?? user_id)),
    clock(created_at),
    template && h('span', {}, 'template ', h('a', { href: to('templates', template, { variables: JSON.stringify(content.template.variables), user: user_id }), 'data-focus': 'template' }, template)),
    group && h('span', {}, 'category ', h('a', { href: to('notifications', null, { category: group }), 'data-focus': 'category' }, group)),
    run && h('span', {}, 'of a ', h('a', { href: to('runs', run), 'data-focus': 'run' }, 'run')),
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

/** The notification as the API shows it. */
function raw(notification) {
  const root = h('div', { class: 'part', 'data-part': 'json' }, h('p', { class: 'hint' }, 'Asking …'));
  ask('GET', `/api/v1/notifications/${notification.notification_id}`, { as: 'service' }).then(
    ({ data }) => root.replaceChildren(h('div', { class: 'actions' }, h('code', {}, `GET /api/v1/notifications/${notification.notification_id}`), copyButton('Copy JSON', () => JSON.stringify(data, null, 2))), json('Raw JSON', data)),
    (error) => root.replaceChildren(h('p', { class: 'problem' }, error.message)),
  );
  return root;
}
