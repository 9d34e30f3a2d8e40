// The inbox of a user, as an application would show it.

import { ask } from '../ask.js';
import { clock, h, heading, nothing } from '../dom.js';
import { act, button, problem, select } from '../forms.js';
import { together } from '../live.js';
import { go, here, to } from '../router.js';
import { userSelect } from '../users.js';

export const title = 'Inbox';

const STATES = [
  ['', 'Not archived'],
  ['unread', 'Unread'],
  ['read', 'Read'],
  ['archived', 'Archived'],
  ['all', 'All'],
];

export function open(root, at) {
  const who = userSelect({ name: 'user' }, { value: at.name ?? '' });
  const state = select({ name: 'state' }, STATES, at.query.state ?? '');
  const form = h('form', { class: 'filters', 'aria-label': 'Whose inbox' }, h('label', {}, h('span', {}, 'User'), who), h('label', {}, h('span', {}, 'State'), state));
  const trouble = problem();
  const place = h('div', { class: 'stack' });
  root.append(heading('Inbox'), form, trouble, place);
  form.addEventListener('input', () => go(to('inbox', who.value, { state: state.value })));
  form.addEventListener('submit', (event) => event.preventDefault());

  let asked = 0;
  async function load() {
    const number = (asked += 1);
    const { name, query } = here();
    if (!name) return;
    const search = new URLSearchParams({ limit: '50', ...(query.state && { state: query.state }), ...(query.after && { after: query.after }) });
    try {
      const { data } = await ask('GET', `/api/v1/users/${encodeURIComponent(name)}/inbox?${search}`, { as: 'admin' });
      if (number !== asked) return;
      const { items, page } = data;
      place.replaceChildren(
        items.length ? h('ul', { class: 'entries', 'aria-label': 'Entries, newest first' }, items.map((item) => entry(name, item))) : nothing('There is nothing. A notification on the channel in-app stands here once it is delivered.'),
        h('nav', { class: 'pages', 'aria-label': 'Pages' }, query.after && h('a', { class: 'button', href: to('inbox', name, { state: query.state }) }, 'Newest'), page.after && h('a', { class: 'button', href: to('inbox', name, { state: query.state, after: page.after }) }, 'Older')),
      );
    } catch (error) {
      if (number === asked) place.replaceChildren(h('p', { class: 'problem' }, error.message));
    }
  }
  const loadSoon = together(load);

  function entry(user, item) {
    const change = (body, said) => act(() => ask('PATCH', `/api/v1/users/${encodeURIComponent(user)}/inbox/${encodeURIComponent(item.id)}`, { as: 'admin', body }), said, trouble).then(load);
    return h(
      'li',
      { class: 'entry', 'data-read': item.read_at ? 'yes' : 'no' },
      h('div', {}, item.title && h('h2', {}, item.title), h('p', {}, item.body), h('p', { class: 'hint' }, clock(item.created_at), ' · ', item.read_at ? 'read' : 'unread', item.archived_at && ' · archived', ' · ', h('a', { href: to('notifications', null, { id: item.notification_id }) }, 'notification'))),
      h(
        'div',
        { class: 'actions' },
        button(item.read_at ? 'Mark unread' : 'Mark read', () => change({ read: !item.read_at }, item.read_at ? 'Unread' : 'Read')),
        button(item.archived_at ? 'Unarchive' : 'Archive', () => change({ archived: !item.archived_at }, item.archived_at ? 'Unarchived' : 'Archived')),
      ),
    );
  }

  const moved = ({ name, query }) => {
    if (name && [...who.options].some(({ value }) => value === name)) who.value = name;
    state.value = query.state ?? '';
    load();
  };
  moved(at);
  // Without a name, it is the inbox of the first user.
  who.ready.then(() => !here().name && here().view === 'inbox' && who.value && go(to('inbox', who.value), { replace: true }));
  return {
    moved,
    notification: ({ user_id: user }) => user === here().name && loadSoon(),
    close() {
      asked += 1;
      loadSoon.cancel();
    },
  };
}
