// Why a delivery was sent or not: the rules of the last decision, and what would be decided now.

import { ask } from '../ask.js';
import { requestFor } from '../copy.js';
import { badge, clock, h, icon, nothing, words } from '../dom.js';
import { REASONS, RULES, SAID } from '../words.js';

const until = ({ held_until: at }) => at && h('span', {}, ' Until ', clock(at), '.');

/** Why it was not sent, or not yet. */
export function outcome(one) {
  const { reason, status } = one;
  if (status === 'sent') return null;
  if (!reason) return status === 'queued' ? h('p', { class: 'reason' }, 'No worker has looked at it yet.') : null;
  return h('p', { class: 'reason' }, REASONS[reason] ?? words(reason), ' ', h('code', {}, reason), until(one));
}

/** The rules of the last decision, and what would be decided now. */
export function decision(one, notification) {
  const now = h('div', { class: 'now-decided' }, h('p', { class: 'hint' }, 'Asking …'));
  const request = { ...requestFor(notification), channels: [one.channel] };
  ask('POST', '/api/v1/notifications/explain', { as: 'service', body: request }).then(
    ({ data }) => {
      now.replaceChildren(explained(data.channels[0]));
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

/** What would become of it on a channel now, as the API explains it. */
export function explained({ decision, reason, through = [], trace, until: at }) {
  const by = through.map(({ addresses, provider }) => `${provider} to ${addresses} ${addresses === 1 ? 'address' : 'addresses'}`).join(', then ');
  const said = [badge(decision), ' ', reason && (REASONS[reason] ?? words(reason)), reason && h('code', {}, ` ${reason}`), at && h('span', {}, ' Until ', clock(at), '.'), by];
  return h('div', { class: 'now-decided' }, h('p', { class: 'reason' }, said.filter(Boolean)), steps(trace));
}

/** The last decision in a line, which opens. */
export function why({ channel, trace = [] }) {
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
