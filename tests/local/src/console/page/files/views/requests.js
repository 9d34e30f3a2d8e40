// The log of requests to the API. Headers and bodies are not in it, because they can hold secrets.

import { ask } from '../ask.js';
import { clock, h, heading, nothing } from '../dom.js';
import { select } from '../forms.js';
import { together } from '../live.js';
import { go, here, to } from '../router.js';

export const title = 'API requests';

const STATUSES = [
  ['', 'All'],
  ['2xx', '2xx: done'],
  ['3xx', '3xx: elsewhere, or unchanged'],
  ['4xx', '4xx: refused'],
  ['5xx', '5xx: failed'],
];

export function open(root, at) {
  const text = h('input', { type: 'search', name: 'text', autocomplete: 'off', placeholder: 'Path, method, reason, code' });
  const status = select({ name: 'status' }, STATUSES);
  const own = h('input', { type: 'checkbox', name: 'own' });
  const form = h('form', { class: 'filters', role: 'search', 'aria-label': 'Filters' }, h('label', {}, h('span', {}, 'Text'), text), h('label', {}, h('span', {}, 'Status'), status), h('label', { class: 'check' }, own, ' This page’s own requests'));
  const list = h('ol', { class: 'log', 'aria-label': 'Requests, newest first' });
  const below = h('div', { class: 'status' });
  root.append(heading('API requests', h('p', { class: 'hint' }, 'Status and reason of each, without headers and bodies.')), form, list, below);

  const move = (replace) => go(to('requests', null, { ...here().query, text: text.value.trim(), status: status.value, own: own.checked ? 'all' : '' }), { replace });
  const typed = together(() => move(true), 250);
  form.addEventListener('input', ({ target }) => (target === text ? typed() : move(false)));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    move(false);
  });

  let asked = 0;
  async function load() {
    const number = (asked += 1);
    const { query } = here();
    const { request, ...filters } = query;
    try {
      const { items, more } = await ask('GET', `/_local/ui/data/requests?${new URLSearchParams(filters)}`);
      // The request that the URL names is shown even if it is not among them.
      const missing = request && !items.some(({ place }) => String(place) === request);
      const other = missing ? await ask('GET', `/_local/ui/data/requests/${encodeURIComponent(request)}`).catch(() => null) : null;
      if (number !== asked) return;
      const focused = document.activeElement?.closest?.('.log a')?.dataset.place;
      list.replaceChildren(...[other, ...items].filter(Boolean).map((item) => row(item, query)));
      if (focused) list.querySelector(`a[data-place="${focused}"]`)?.focus({ preventScroll: true });
      list.hidden = list.children.length === 0;
      below.replaceChildren(...(list.hidden ? [nothing(Object.keys(filters).length ? 'No request fits these filters.' : 'Your application has not asked for anything yet.')] : more ? [h('p', { class: 'hint' }, 'Older requests are not shown.')] : []));
    } catch (error) {
      if (number === asked) below.replaceChildren(h('p', { class: 'problem' }, error.message));
    }
  }
  const loadSoon = together(load);

  const moved = ({ query }) => {
    if (document.activeElement !== text) text.value = query.text ?? '';
    status.value = query.status ?? '';
    own.checked = query.own === 'all';
    load();
  };
  moved(at);
  return {
    moved,
    requests: loadSoon,
    close() {
      asked += 1;
      loadSoon.cancel();
      typed.cancel();
    },
  };
}

function row(item, query) {
  const { at, code, errors = [], method, ms, path, place, reason, status } = item;
  const isOpen = query.request === String(place);
  const { request: _request, ...filters } = query;
  const link = h(
    'a',
    { class: 'call', href: to('requests', null, isOpen ? filters : { ...filters, request: place }), 'data-place': place, 'aria-expanded': isOpen ? 'true' : 'false' },
    h('span', { class: 'http', 'data-class': String(status)[0] }, String(status)),
    h('span', { class: 'method' }, method),
    h('span', { class: 'path' }, path + (item.query ? `?${item.query}` : '')),
    h('span', { class: 'call-reason' }, errors[0] ?? reason ?? code ?? ''),
    h('span', { class: 'row-time' }, clock(at), h('span', { class: 'hint' }, ` ${ms} ms`)),
  );
  return h('li', {}, link, isOpen && more(item));
}

function more({ code, credential, errors = [], function: name, notification_id: notification, reason, replayed, request_id: id }) {
  const facts = [
    ['Reason', reason],
    ['Faults', errors.length > 0 && h('ul', {}, errors.map((fault) => h('li', {}, fault)))],
    ['Code', code && h('a', { href: `/docs/errors/${encodeURIComponent(code)}`, target: '_blank', rel: 'noopener' }, code, h('span', { class: 'aside' }, ' (opens in a new tab)'))],
    ['Credential', `${credential}, not kept`],
    ['Function', name ?? 'none: no route'],
    ['Request id', id && h('code', {}, id)],
    ['Notification', notification && h('a', { href: to('notifications', null, { id: notification }) }, notification)],
    ['Idempotency', replayed && 'the answer of an earlier request with the same key'],
  ].filter(([, value]) => value);
  return h('dl', { class: 'profile call-more' }, facts.map(([term, value]) => [h('dt', {}, term), h('dd', {}, value)]).flat());
}
