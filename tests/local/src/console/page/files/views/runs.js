// The list of runs, and one of them.

import { ask } from '../ask.js';
import { badge, clock, h, heading, nothing, words } from '../dom.js';
import { select } from '../forms.js';
import { together } from '../live.js';
import { go, here, to } from '../router.js';
import { audience, progress, run } from './run.js';

export const title = 'Runs';

const FILTERS = ['text', 'audience', 'status'];
const AUDIENCES = [
  ['', 'All'],
  ['topic', 'A topic'],
  ['named', 'Named recipients'],
];
const STATUSES = ['queued', 'expanding', 'done', 'cancelled'];

export function open(root, at) {
  const filters = filterForm();
  const place = h('div', { class: 'stack' });
  root.append(place);

  let shown;
  let one;
  let asked = 0;
  async function list() {
    const number = (asked += 1);
    const { query } = here();
    try {
      const answer = await ask('GET', `/_local/ui/data/runs?${new URLSearchParams(query)}`);
      if (number === asked) show(answer, query);
    } catch (error) {
      if (number === asked) shown.replaceChildren(h('p', { class: 'problem' }, error.message));
    }
  }
  const listSoon = together(list, 500);

  function show({ items, after, looked_at: lookedAt }, query) {
    // A link that has the focus keeps it.
    const focused = document.activeElement?.closest?.('.runs a')?.dataset.id;
    const rest = Object.fromEntries(FILTERS.map((name) => [name, query[name]]));
    const isFiltered = FILTERS.some((name) => query[name]) || query.after;
    shown.replaceChildren(
      items.length ? table(items) : nothing(after ? `None among ${lookedAt} runs. There are older ones.` : isFiltered ? 'No run fits these filters.' : 'There is no run. POST /api/v1/runs sends a notification to many recipients.'),
      h('nav', { class: 'pages', 'aria-label': 'Pages' }, query.after && h('a', { class: 'button', href: to('runs', null, rest) }, 'Newest'), after && h('a', { class: 'button', href: to('runs', null, { ...rest, after }) }, 'Older')),
    );
    if (focused) shown.querySelector(`a[data-id="${focused}"]`)?.focus({ preventScroll: true });
  }

  function moved({ name, query }) {
    if (name) {
      asked += 1;
      listSoon.cancel();
      shown = undefined;
      if (one?.id !== name) {
        one?.close();
        one = run(place, name);
      }
      one.moved(query);
      return;
    }
    one?.close();
    one = undefined;
    if (!shown) {
      shown = h('div', { class: 'stack' });
      place.replaceChildren(heading('Runs', h('p', { class: 'hint' }, 'A run is one notification to many recipients.')), filters.element, shown);
    }
    filters.show(query);
    list();
  }
  moved(at);
  return {
    moved,
    runs() {
      if (one) one.changed();
      else listSoon();
    },
    notification: ({ run_id: id }) => id && one?.id === id && one.changed(),
    close() {
      asked += 1;
      listSoon.cancel();
      filters.close();
      one?.close();
    },
  };
}

function table(items) {
  const row = (item) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, h('a', { href: to('runs', item.run_id), 'data-id': item.run_id }, item.title ?? 'No words')),
      h('td', { 'data-label': 'Audience' }, audience(item)),
      h('td', { 'data-label': 'State' }, badge(item.status)),
      h('td', { 'data-label': 'Progress' }, progress(item)),
      h('td', { 'data-label': 'Accepted' }, clock(item.created_at)),
    );
  const head = h('thead', {}, h('tr', {}, ['What', 'Audience', 'State', 'Progress', 'Accepted'].map((name) => h('th', { scope: 'col' }, name))));
  return h('table', { class: 'table runs', 'aria-label': 'Runs, newest first' }, head, h('tbody', {}, items.map(row)));
}

/** The filters: `{element, show(query), close()}`. What is typed is in the URL a moment later. */
function filterForm() {
  const text = h('input', { type: 'search', name: 'text', autocomplete: 'off', placeholder: 'Text, topic, category, id' });
  const who = select({ name: 'audience' }, AUDIENCES);
  const status = select({ name: 'status' }, [['', 'All'], ...STATUSES.map((one) => [one, words(one)])]);
  const labelled = (label, control) => h('label', {}, h('span', {}, label), control);
  const element = h('form', { class: 'filters', role: 'search', 'aria-label': 'Filters' }, labelled('Text', text), labelled('Audience', who), labelled('State', status));
  const move = (replace) => go(to('runs', null, { text: text.value.trim(), audience: who.value, status: status.value }), { replace });
  const typed = together(() => move(true), 250);
  element.addEventListener('input', ({ target }) => (target === text ? typed() : move(false)));
  element.addEventListener('submit', (event) => {
    event.preventDefault();
    typed.cancel();
    move(false);
  });
  return {
    element,
    show(query) {
      if (document.activeElement !== text) text.value = query.text ?? '';
      who.value = query.audience ?? '';
      status.value = query.status ?? '';
    },
    close: () => typed.cancel(),
  };
}
