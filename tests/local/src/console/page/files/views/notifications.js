// The list of notifications with its filters, and the one that is selected beside it.

import { all, ask } from '../ask.js';
import { badge, channelName, clock, h, heading, icon, nothing, words } from '../dom.js';
import { fill, select } from '../forms.js';
import { together } from '../live.js';
import { go, here, to } from '../router.js';
import { users, nameOf } from '../users.js';
import { CHANNELS, STATUSES } from '../words.js';
import { detail } from './notification.js';

export const title = 'Notifications';

const FILTERS = ['text', 'user', 'channel', 'status', 'category', 'run'];
/** What names the selected notification, and the part of it that is shown. */
const SELECTION = ['id', 'delivery', 'part'];

const pick = (query, names) => Object.fromEntries(names.filter((name) => query[name]).map((name) => [name, query[name]]));

export function open(root, at) {
  const filters = filterForm(at.query);
  const list = h('ol', { class: 'rows', 'aria-label': 'Notifications, newest first' });
  const status = h('div', { class: 'status' });
  const pages = h('nav', { class: 'pages', 'aria-label': 'Pages' });
  const side = h('section', { class: 'side', 'aria-label': 'The selected notification' });
  const split = h('div', { class: 'split' }, h('section', { class: 'list', 'aria-label': 'List' }, list, status, pages), side);
  root.append(heading('Notifications', h('a', { class: 'button primary', href: to('send') }, 'Send')), filters.element, split);
  const one = detail(side);

  let asked = 0;
  let wanted;
  async function load() {
    const number = (asked += 1);
    const { query } = here();
    const search = new URLSearchParams(pick(query, [...FILTERS, 'after']));
    try {
      const answer = await ask('GET', `/_local/ui/data/notifications?${search}`);
      if (number === asked) showList(answer, query);
    } catch (error) {
      if (number === asked) status.replaceChildren(h('p', { class: 'problem' }, error.message));
    }
  }
  const loadSoon = together(load);

  function showList({ items, after, looked_at: lookedAt }, query) {
    // A link that has the focus keeps it.
    const focused = document.activeElement?.closest?.('.rows a')?.dataset.id;
    list.replaceChildren(...items.map((item) => row(item, query)));
    if (focused) list.querySelector(`[data-id="${focused}"]`)?.focus({ preventScroll: true });
    list.hidden = items.length === 0;
    const filtered = FILTERS.some((name) => query[name]);
    status.replaceChildren(...(items.length ? [] : [filtered ? nothing(after ? `None among ${lookedAt} notifications. There are older ones.` : 'No notification fits these filters.') : empty()]));
    const rest = pick(query, FILTERS);
    pages.replaceChildren(
      ...(query.after ? [h('a', { class: 'button', href: to('notifications', null, rest) }, 'Newest')] : []),
      ...(after ? [h('a', { class: 'button', href: to('notifications', null, { ...rest, after }) }, 'Older')] : []),
    );
    mark(here().query.id);
  }

  function mark(id) {
    for (const link of list.querySelectorAll('a.row')) {
      if (link.dataset.id === id) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
    }
  }

  function moved({ query }) {
    const now = JSON.stringify(pick(query, [...FILTERS, 'after']));
    if (now !== wanted) load();
    wanted = now;
    filters.show(query);
    split.toggleAttribute('data-selected', Boolean(query.id));
    one.show(query);
    mark(query.id);
    for (const link of list.querySelectorAll('a.row')) link.href = to('notifications', null, { ...withoutSelection(query), id: link.dataset.id });
  }
  moved(at);

  return {
    moved,
    notification(data) {
      one.live(data);
      loadSoon();
    },
    close() {
      loadSoon.cancel();
      one.close();
    },
  };
}

const withoutSelection = (query) => Object.fromEntries(Object.entries(query).filter(([name]) => !SELECTION.includes(name)));

/** A line of the list. The whole line is a link. */
function row(item, query) {
  const { critical, created_at, deliveries, group, notification_id: id, status, user_id, user_name } = item;
  const channels = deliveries.map(({ channel, reason, status }) => {
    const said = `${channelName(channel)}: ${words(status)}${reason ? `, ${words(reason)}` : ''}`;
    return h('span', { class: 'mark', 'data-status': status, title: said }, icon(channel), h('span', { class: 'aside' }, ` ${said}.`));
  });
  const link = h(
    'a',
    { class: 'row', href: to('notifications', null, { ...withoutSelection(query), id }), 'data-id': id },
    h('span', { class: 'row-status' }, badge(status)),
    h('span', { class: 'row-title' }, item.title ?? 'No words', critical && h('span', { class: 'flag' }, ' critical')),
    h('span', { class: 'row-user' }, user_name ?? user_id),
    h('span', { class: 'row-group' }, group ?? ''),
    h('span', { class: 'row-channels' }, channels),
    h('span', { class: 'row-time' }, clock(created_at)),
  );
  return h('li', {}, link);
}

const empty = () =>
  h(
    'div',
    { class: 'empty' },
    h('img', { src: '/_local/ui/icon.svg', alt: '', width: 44, height: 44 }),
    h('h2', {}, 'Nothing has been sent yet'),
    h('p', {}, 'Press ', h('a', { href: to('send') }, 'Send'), ', or have your application call ', h('code', {}, 'POST /api/v1/notifications'), '. What becomes of it shows up here as it happens.'),
  );

/** The filters: `{element, show(query)}`. What is typed is in the URL a moment later. */
function filterForm(query) {
  const text = h('input', { type: 'search', name: 'text', autocomplete: 'off', placeholder: 'Subject, text, variable, reason, id' });
  const user = h('input', { type: 'search', name: 'user', list: 'known-users', autocomplete: 'off', placeholder: 'Name, address or id' });
  const channel = select({ name: 'channel' }, [['', 'All'], ...CHANNELS.map((one) => [one, channelName(one)])]);
  const status = select({ name: 'status' }, [['', 'All'], ...STATUSES.map((one) => [one, words(one)])]);
  const category = h('input', { type: 'search', name: 'category', list: 'known-categories', autocomplete: 'off' });
  const run = h('input', { type: 'search', name: 'run', autocomplete: 'off', placeholder: 'Id' });
  const labelled = (label, control) => h('label', {}, h('span', {}, label), control);
  const clear = h('a', { class: 'button', href: to('notifications') }, 'Clear');
  const lists = [h('datalist', { id: 'known-users' }), h('datalist', { id: 'known-categories' })];
  const element = h('form', { class: 'filters', role: 'search', 'aria-label': 'Filters' }, labelled('Text', text), labelled('User', user), labelled('Channel', channel), labelled('Status', status), labelled('Category', category), labelled('Run', run), clear, lists);
  const move = (replace) => {
    const values = Object.fromEntries(FILTERS.map((name) => [name, element.elements[name].value.trim()]));
    go(to('notifications', null, { ...pick(here().query, SELECTION), ...values }), { replace });
  };
  const typed = together(() => move(true), 250);
  element.addEventListener('input', ({ target }) => (target.localName === 'select' ? move(false) : typed()));
  element.addEventListener('submit', (event) => {
    event.preventDefault();
    typed.cancel();
    move(false);
  });
  users().then((list) => fill(lists[0], list.map((one) => [one.email ?? one.id, nameOf(one)])), () => {
    // Without a list a user can still be typed.
  });
  all('/api/v1/categories', { as: 'admin' }).then((list) => fill(lists[1], list.map(({ handle }) => [handle, handle])), () => {
    // The same.
  });
  const show = (now) => {
    for (const name of FILTERS) {
      const control = element.elements[name];
      // What is being typed is not overwritten.
      if (control !== document.activeElement) control.value = now[name] ?? '';
    }
    clear.hidden = !FILTERS.some((name) => now[name]);
  };
  show(query);
  return { element, show };
}
