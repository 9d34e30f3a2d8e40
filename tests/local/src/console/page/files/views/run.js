// One run: how far it is, what became of its deliveries, who was left out and why, and what it means for one recipient.

import { ask } from '../ask.js';
import { copyButton, runCurl } from '../copy.js';
import { announce, badge, channelName, clock, h, heading, json, nothing, words } from '../dom.js';
import { act, button, field, problem } from '../forms.js';
import { here, note, to } from '../router.js';
import { userSelect } from '../users.js';
import { LEFT_OUT, REASONS, STATUSES } from '../words.js';
import { explained } from './decision.js';

/** How long the page waits before it looks again, in milliseconds: something of a large run changes all the time. */
const AGAIN = 500;

/** Whom a run is for. */
export function audience({ recipients, topic }) {
  if (topic) return h('span', {}, 'topic ', h('a', { href: to('topics', topic) }, topic));
  return recipients === 1 ? '1 recipient' : `${number(recipients)} recipients`;
}

const number = (count) => count.toLocaleString('en');

/** How many recipients have their notification or are left out, as a bar with numbers. Of a topic nobody knows how many follow. */
export function progress({ expanded, left_out: left, recipients, status, topic }) {
  const out = Object.values(left).reduce((sum, count) => sum + count, 0);
  const isOpen = Boolean(topic) && !['done', 'cancelled'].includes(status);
  const all = isOpen ? `${number(expanded)} so far` : `${number(expanded)} of ${number(recipients)}`;
  const said = out ? `${all}, ${number(out)} left out` : all;
  const bar = h('progress', { 'aria-label': `Notifications made: ${said}`, max: isOpen ? null : String(recipients || 1), value: isOpen ? null : String(recipients ? expanded + out : 1) });
  return h('span', { class: 'progress' }, bar, h('span', {}, said));
}

/** The place of a run: `{id, moved(query), changed(), close()}`. */
export function run(place, id) {
  const path = `/api/v1/runs/${encodeURIComponent(id)}`;
  const top = h('div', { class: 'stack' });
  const states = h('section', { class: 'panel', 'aria-labelledby': 'states-title' });
  const left = h('section', { class: 'panel', 'aria-labelledby': 'left-title' });
  const raw = h('section', { class: 'panel', 'aria-labelledby': 'json-title' });
  const trouble = problem();
  const unread = problem();
  const question = explain(id);
  let known;
  let closed = false;
  let timer;
  let isAsking = false;
  let isStale = false;

  async function load() {
    if (isAsking) {
      isStale = true;
      return;
    }
    isAsking = true;
    try {
      const [shown, { data }] = await Promise.all([ask('GET', `/_local/ui/data/runs/${encodeURIComponent(id)}`), ask('GET', path, { as: 'service' })]);
      unread.textContent = '';
      if (!closed) draw(shown, data);
    } catch (error) {
      if (!closed && !known) place.replaceChildren(back(), heading('Runs'), h('p', { class: 'problem' }, error.message));
      else if (!closed) unread.textContent = error.message;
    } finally {
      isAsking = false;
      if (isStale) {
        isStale = false;
        changed();
      }
    }
  }

  function changed() {
    if (closed) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      load();
    }, AGAIN);
  }

  const cancel = () =>
    act(() => ask('DELETE', path, { as: 'service' }), 'The run is cancelled', trouble).then(load);

  function draw(shown, data) {
    const text = JSON.stringify([shown, data]);
    if (text === known) return;
    const before = known && JSON.parse(known)[0].status;
    if (before && before !== shown.status) announce(`The run is ${words(shown.status)}`);
    const isFirst = !known;
    known = text;
    const focused = document.activeElement?.closest?.('[data-focus]')?.dataset.focus;
    top.replaceChildren(...head(shown, cancel));
    fillStates(states, shown);
    fillLeft(left, shown);
    raw.replaceChildren(
      h('h2', { id: 'json-title' }, 'Raw JSON'),
      h('div', { class: 'shown' }, h('div', { class: 'actions' }, h('code', {}, `GET ${path}`), copyButton('Copy JSON', () => JSON.stringify(data, null, 2))), json('The run as JSON', data)),
    );
    if (isFirst) place.replaceChildren(back(), top, unread, trouble, h('div', { class: 'two' }, states, left, question.element, raw));
    else if (focused && document.activeElement === document.body) place.querySelector(`[data-focus="${focused}"]`)?.focus({ preventScroll: true });
  }

  load();
  return {
    id,
    moved: question.moved,
    changed,
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

const back = () => h('a', { class: 'back always', href: to('runs') }, 'All runs');

/** The name of the run, what can be done with it, and how far it is. */
function head(shown, cancel) {
  const { actor, cancelled_at: cancelled, channels, created_at: created, critical, expires_at: expires, group, org, request, run_id: id, send_at: due, status, template } = shown;
  const facts = [
    h('span', {}, 'to ', audience(shown)),
    clock(created),
    template && h('span', {}, 'template ', h('a', { href: to('templates', template, { variables: JSON.stringify(request.variables) }) }, template)),
    group && h('span', {}, 'category ', h('a', { href: to('notifications', null, { category: group }) }, group)),
    h('span', {}, channels.map(channelName).join(', ')),
    actor && h('span', {}, 'by ', h('a', { href: to('users', actor) }, actor)),
    org && h('span', {}, `of ${org}`),
    due && h('span', {}, 'due ', clock(due)),
    expires && h('span', {}, 'expires ', clock(expires)),
    cancelled && h('span', {}, 'cancelled ', clock(cancelled)),
    critical && h('span', { class: 'flag' }, 'critical'),
    h('code', { class: 'id' }, id),
  ];
  return [
    heading(shown.title ?? 'No words', badge(status)),
    h('p', { class: 'about' }, facts.filter(Boolean)),
    progress(shown),
    h(
      'div',
      { class: 'actions' },
      h('a', { class: 'button primary', href: to('notifications', null, { run: id }), 'data-focus': 'notifications' }, 'Its notifications'),
      status !== 'cancelled' && button('Cancel the run', cancel, { 'data-focus': 'cancel' }),
      copyButton('Copy as curl', () => runCurl(request)),
      copyButton('Copy id', () => id),
    ),
  ];
}

/** How many deliveries have each state and each reason. Each leads to the list. */
function fillStates(element, { deliveries, run_id: run }) {
  const { looked_at: lookedAt, more, reasons, statuses } = deliveries;
  const link = (label, query) => h('a', { href: to('notifications', null, { run, ...query }) }, label);
  const rows = STATUSES.filter((status) => statuses[status]).map((status) => h('tr', {}, h('th', { scope: 'row' }, link(badge(status), { status })), h('td', {}, number(statuses[status]))));
  const why = Object.entries(reasons).map(([reason, count]) => h('tr', {}, h('th', { scope: 'row' }, link(h('code', {}, reason), { text: reason })), h('td', {}, number(count)), h('td', {}, REASONS[reason] ?? '')));
  const table = (label, ...bodies) => h('table', { class: 'table small', 'aria-label': label }, bodies);
  const head = (...names) => h('thead', {}, h('tr', {}, names.map((name) => h('th', { scope: 'col' }, name))));
  element.replaceChildren(
    h('h2', { id: 'states-title' }, 'Deliveries'),
    h(
      'div',
      { class: 'shown' },
      rows.length ? table('Deliveries by state', head('State', 'Count'), h('tbody', {}, rows)) : nothing('No notification is made yet.'),
      why.length > 0 && table('Deliveries by reason', head('Reason', 'Count', 'What it means'), h('tbody', {}, why)),
      more && h('p', { class: 'hint' }, `Of the first ${number(lookedAt)} notifications.`),
    ),
  );
}

/** Who gets no notification. */
function fillLeft(element, { left_out: counts, left_out_recipients: recipients }) {
  const all = Object.entries(counts);
  const row = ({ name, reason, user_id: id }) =>
    h('tr', {}, h('th', { scope: 'row' }, reason === 'user_not_found' || reason === 'user_erased' ? h('code', {}, id) : h('a', { href: to('users', id) }, name ?? id)), h('td', {}, h('code', {}, reason)));
  const total = all.reduce((sum, [, count]) => sum + count, 0);
  element.replaceChildren(
    h('h2', { id: 'left-title' }, 'Left out'),
    h(
      'div',
      { class: 'shown' },
      all.length ? h('ul', {}, all.map(([reason, count]) => h('li', {}, `${number(count)}: `, h('code', {}, reason), ` ${LEFT_OUT[reason] ?? ''}`))) : nothing('Nobody is left out.'),
      recipients.length > 0 && h('table', { class: 'table small', 'aria-label': 'Recipients who are left out' }, h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Recipient'), h('th', { scope: 'col' }, 'Reason'))), h('tbody', {}, recipients.map(row))),
      total > recipients.length && h('p', { class: 'hint' }, `${number(total - recipients.length)} more are not shown.`),
    ),
  );
}

/** What a run means for one recipient: `{element, moved(query)}`. Who it is stands in the URL. */
function explain(id) {
  const who = userSelect({ name: 'user' }, { value: here().query.user ?? '', first: [['', 'Choose a recipient']] });
  const shown = h('div', { class: 'shown' });
  const form = h('form', { class: 'fields' }, field('Recipient', who));
  form.addEventListener('submit', (event) => event.preventDefault());
  let asked = 0;
  const look = async () => {
    const number = (asked += 1);
    note(to('runs', id, { user: who.value }));
    if (!who.value) {
      shown.replaceChildren();
      return;
    }
    let seen;
    try {
      const { data } = await ask('POST', '/api/v1/notifications/explain', { as: 'service', body: { run_id: id, user_id: who.value } });
      seen = data.channels.map((one) => h('section', {}, h('h3', {}, channelName(one.channel)), explained(one)));
    } catch (error) {
      seen = [h('p', { class: 'problem' }, error.message)];
    }
    if (number === asked) shown.replaceChildren(...seen);
  };
  form.addEventListener('input', look);
  const element = h('section', { class: 'panel', 'aria-labelledby': 'explain-title' }, h('h2', { id: 'explain-title' }, 'What it means for one recipient'), h('div', { class: 'stack' }, form, shown));
  return {
    element,
    moved({ user = '' }) {
      if (user !== who.value && [...who.options].some(({ value }) => value === user)) who.value = user;
      if (user) look();
    },
  };
}
