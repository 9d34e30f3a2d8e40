// Topics and who is subscribed to them, by the routes of Notiflows' dialect.

import { ask } from '../ask.js';
import { clock, h, heading, nothing } from '../dom.js';
import { act, button, field, problem } from '../forms.js';
import { go, to } from '../router.js';
import { nameOf, userSelect, users } from '../users.js';

export const title = 'Topics';

const KEYS = { keys: true };
const path = (name) => `/admin/v1/topics/${encodeURIComponent(name)}`;

export function open(root, at) {
  const place = h('div', { class: 'stack' });
  root.append(place);
  const moved = async ({ name, query }) => {
    try {
      if (name) await one(place, name, query);
      else await list(place, query);
    } catch (error) {
      place.replaceChildren(heading('Topics'), h('p', { class: 'problem' }, error.message), h('p', {}, h('a', { href: to('topics') }, 'All topics')));
    }
  };
  moved(at);
  return { moved };
}

const query = ({ after }) => new URLSearchParams({ limit: '100', ...(after && { after }) });

const pages = (name, page, after) =>
  h('nav', { class: 'pages', 'aria-label': 'Pages' }, after && h('a', { class: 'button', href: to('topics', name) }, 'Newest'), page?.after && h('a', { class: 'button', href: to('topics', name, { after: page.after }) }, 'Older'));

async function list(place, { after }) {
  const { items, page } = await ask('GET', `/admin/v1/topics?${query({ after })}`, KEYS);
  const rows = items.map((topic) => h('tr', {}, h('th', { scope: 'row' }, h('a', { href: to('topics', topic.name) }, topic.name)), h('td', { 'data-label': 'Created' }, clock(topic.created_at))));
  place.replaceChildren(
    heading('Topics'),
    subscribe(null),
    rows.length ? h('table', { class: 'table', 'aria-label': 'Topics, newest first' }, h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Name'), h('th', { scope: 'col' }, 'Created'))), h('tbody', {}, rows)) : nothing('There is no topic. The first subscription creates one.'),
    pages(null, page, after),
  );
}

/** A form that subscribes a user, to this topic or to one that is typed. */
function subscribe(name, done) {
  const topic = h('input', { name: 'topic', required: true, autocomplete: 'off', maxlength: 128 });
  const who = userSelect({ name: 'user', required: true });
  const trouble = problem();
  const form = h('form', { class: 'filters', 'aria-label': 'Subscribe a user' }, !name && field('Topic', topic), field('User', who), h('button', { type: 'submit' }, 'Subscribe'), trouble);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const wanted = name ?? topic.value.trim();
    const body = { topic_name: wanted };
    const made = await act(() => ask('POST', `/admin/v1/users/${encodeURIComponent(who.value)}/subscriptions`, { ...KEYS, body }), `Subscribed to ${wanted}`, trouble);
    if (made) await (done ? done() : go(to('topics', wanted)));
  });
  return form;
}

async function one(place, name, { after }) {
  const topic = await ask('GET', path(name), KEYS);
  const { items, page } = await ask('GET', `${path(name)}/subscriptions?${query({ after })}`, KEYS);
  const names = new Map((await users()).map((user) => [user.id, nameOf(user)]));
  const trouble = problem();
  const again = () => one(place, name, { after });
  const rows = items.map((subscription) => {
    const { user_id: id } = subscription;
    const label = names.get(id) ?? id;
    const end = () => act(() => ask('DELETE', `/admin/v1/users/${encodeURIComponent(id)}/subscriptions/${encodeURIComponent(name)}`, KEYS), `${label} is not subscribed any more`, trouble).then(again);
    return h(
      'tr',
      {},
      h('th', { scope: 'row' }, h('a', { href: to('users', id) }, label)),
      h('td', { 'data-label': 'Since' }, clock(subscription.created_at)),
      h('td', {}, button('Unsubscribe', end, { 'aria-label': `Unsubscribe ${label}` })),
    );
  });
  place.replaceChildren(
    h('a', { class: 'back always', href: to('topics') }, 'All topics'),
    heading(topic.name ?? name),
    h('p', { class: 'hint' }, 'Created ', clock(topic.created_at)),
    subscribe(name, again),
    trouble,
    rows.length ? h('table', { class: 'table', 'aria-label': 'Subscribers, newest first' }, h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'User'), h('th', { scope: 'col' }, 'Since'), h('th', { scope: 'col' }, h('span', { class: 'aside' }, 'Action')))), h('tbody', {}, rows)) : nothing('Nobody is subscribed. A subscription of a moment ago may be missing.'),
    pages(name, page, after),
  );
}
