// Each notification has a card, and each delivery has a tile. A tile is drawn again only if its delivery has changed.

import { announce, channelName, clock, h, icon, words } from './dom.js';
import { preview } from './previews.js';

const MOST = 60;

const REASONS = {
  address_gone: 'The provider no longer knows the address.',
  address_suppressed: 'Mail to this address came back, or was complained about.',
  attempts_exhausted: 'All of its attempts are used up.',
  received_too_often: 'Its message was given out too often, and no worker could finish it.',
  cancelled: 'Its sender took it back.',
  channel_off: 'The recipient has switched this channel off.',
  expired: 'Its time had passed.',
  group_opted_out: 'The recipient has opted out of its group.',
  no_address: 'The recipient has no address here.',
  no_provider: 'Nobody is set up who could send on this channel.',
  not_yet_due: 'Its time has not come.',
  outcome_unknown: 'Nobody knows whether it was sent, and it was to be sent once at most.',
  paused: 'An operator has paused it.',
  provider_misconfigured: 'The provider does not accept our set-up.',
  provider_rejected: 'The provider refused it for good.',
  provider_unavailable: 'The provider could not take it.',
  quiet_hours: 'It is the recipient’s quiet hours.',
  render_failed: 'It cannot be put into words.',
  user_erased: 'The recipient was erased.',
  user_not_found: 'There is no such recipient.',
};

const RULES = {
  not_expired: 'In time',
  not_cancelled: 'Not cancelled',
  due: 'Due',
  user_exists: 'Recipient exists',
  channel_on: 'Channel is on',
  group_in: 'Group is in',
  not_paused: 'Not paused',
  provider: 'Provider',
  address: 'Address',
  not_quiet: 'Not quiet hours',
  rendered: 'Put into words',
};
const SAID = { pass: 'passed', stop: 'stopped here', waived: 'waived: it is critical' };

const list = document.getElementById('cards');
const shown = new Map();
let settled = false;

/** How many notifications are shown. */
export const count = () => shown.size;

/** Changes are announced from now on. */
export function settle() {
  settled = true;
}

/** Removes all cards. */
export function clear() {
  shown.clear();
  list.replaceChildren();
  settled = false;
}

/** Shows a notification, or its changes. */
export function show(notification) {
  const id = notification.notification_id;
  let card = shown.get(id);
  if (!card) {
    card = newCard(notification);
    shown.set(id, card);
    place(card);
    while (shown.size > MOST) {
      const [oldest] = [...shown].sort(([, a], [, b]) => (a.created < b.created ? -1 : 1))[0];
      shown.get(oldest).element.remove();
      shown.delete(oldest);
    }
  }
  card.status.replaceWith((card.status = badge(notification.status)));
  for (const delivery of notification.deliveries) showDelivery(card, notification, delivery);
}

function newCard(notification) {
  const id = `card-${notification.notification_id}`;
  const status = badge(notification.status);
  const tiles = h('ul', { class: 'tiles' });
  const element = h(
    'article',
    { class: 'card', 'aria-labelledby': id, 'data-id': notification.notification_id },
    h('header', {}, h('div', {}, h('h3', { id }, title(notification)), about(notification)), status),
    tiles,
  );
  return { element, status, tiles, created: notification.created_at, deliveries: new Map() };
}

/** Puts a card into its place. The newest card comes first. */
function place(card) {
  const after = [...shown.values()].filter((other) => other !== card && other.created <= card.created);
  const next = after.sort((a, b) => (a.created < b.created ? 1 : -1))[0];
  list.insertBefore(card.element, next?.element ?? null);
}

function title({ content, deliveries }) {
  const inline = content?.inline;
  if (inline) return inline.subject ?? inline.title ?? inline.body ?? 'No words';
  // The rendered content says more than a template's code.
  const seen = deliveries.flatMap(({ requests }) => requests ?? []).map(({ body }) => body?.Content?.Simple?.Subject?.Data);
  return seen.find(Boolean) ?? content?.template?.template_code ?? 'No words';
}

function about({ content, critical, created_at, group, send_at, user_id, user_name }) {
  const template = content?.template?.template_code;
  const facts = [
    h('span', {}, 'to ', h('b', {}, user_name ?? user_id)),
    clock(created_at),
    template && h('span', {}, 'template ', h('code', {}, template)),
    group && h('span', {}, 'group ', h('code', {}, group)),
    send_at && h('span', {}, 'due ', clock(send_at)),
    critical && h('span', { class: 'flag' }, 'critical'),
  ];
  return h('p', { class: 'about' }, facts.filter(Boolean));
}

const badge = (status) => h('span', { class: 'badge', 'data-status': status }, words(status));

function showDelivery(card, notification, delivery) {
  const text = JSON.stringify(delivery);
  const before = card.deliveries.get(delivery.channel);
  if (before?.text === text) return;
  const element = tile(delivery);
  if (before) replace(before.element, element);
  else card.tiles.append(element);
  card.deliveries.set(delivery.channel, { text, element, status: delivery.status });
  // The subject of the first email becomes the title of the card.
  card.element.querySelector('h3').textContent = title(notification);
  if (settled && delivery.status !== 'queued' && before?.status !== delivery.status) {
    const whom = notification.user_name ?? 'the recipient';
    announce(`${channelName(delivery.channel)} to ${whom}: ${words(delivery.status)}`);
  }
}

/** Details that the reader has opened stay open and keep the focus. */
function replace(old, element) {
  for (const kind of ['part', 'why']) {
    const before = old.querySelector(`details.${kind}`);
    const now = element.querySelector(`details.${kind}`);
    if (!before || !now) continue;
    now.open = before.open;
    if (before.contains(document.activeElement)) queueMicrotask(() => now.querySelector('summary').focus());
  }
  old.replaceWith(element);
}

function tile(delivery) {
  const { channel, status, reason, trace = [] } = delivery;
  const stopped = status !== 'sent' && reason;
  const seen = preview(delivery);
  return h(
    'li',
    { class: 'tile', 'data-channel': channel, 'data-status': status },
    h('div', { class: 'tile-head' }, icon(channel), h('h4', {}, channelName(channel)), badge(status)),
    stopped && h('p', { class: 'reason' }, REASONS[reason] ?? words(reason), ' ', h('code', {}, reason), until(delivery)),
    seen,
    !seen && !stopped && h('p', { class: 'reason' }, status === 'sent' ? 'It was sent.' : 'No worker has looked at it yet.'),
    attempts(delivery),
    trace.length > 0 && h('details', { class: 'why' }, h('summary', {}, why(trace)), steps(trace)),
  );
}

const until = ({ held_until: at }) => at && h('span', {}, ' Until ', clock(at), '.');

function attempts({ attempts: begun, ambiguous, requests = [] }) {
  if (!begun) return null;
  const answers = requests.map(({ at, provider, response }, number) => {
    const good = response.status < 300 && !response.then;
    const said = response.then ?? response.status;
    const whose = provider === requests[number - 1]?.provider ? ' ' : ` ${provider} `;
    return h('li', { 'data-good': good ? 'yes' : 'no' }, h('b', {}, String(said)), whose, clock(at));
  });
  return h(
    'div',
    { class: 'attempts' },
    h('span', {}, `${begun} ${begun === 1 ? 'attempt' : 'attempts'}${ambiguous ? ', one of them may have been sent too' : ''}`),
    answers.length > 0 && h('ol', {}, answers),
  );
}

function why(trace) {
  const last = trace.at(-1);
  if (last.said === 'stop') return `Why: ${words(RULES[last.rule] ?? last.rule).toLowerCase()}, no`;
  return `Why: ${trace.length} rules passed`;
}

function steps(trace) {
  const step = ({ rule, saw, said }) =>
    h(
      'li',
      { 'data-said': said },
      icon(said),
      h('span', { class: 'rule' }, RULES[rule] ?? words(rule)),
      h('span', { class: 'saw' }, saw, h('span', { class: 'aside' }, ` (${SAID[said] ?? said})`)),
    );
  return h('ol', { class: 'trace' }, trace.map(step));
}
