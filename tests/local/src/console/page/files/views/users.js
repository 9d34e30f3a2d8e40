// Every user of the table, and one of them with what the user has chosen.

import { all, ask } from '../ask.js';
import { channelName, clock, h, heading, json, nothing } from '../dom.js';
import { act, button, problem } from '../forms.js';
import { go, to } from '../router.js';
import { nameOf } from '../users.js';
import { CHANNELS } from '../words.js';

export const title = 'Users';

const LIMIT = 50;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function open(root, at) {
  const place = h('div', { class: 'stack' });
  root.append(place);
  const shown = { channels: [] };
  const moved = async ({ name, query }) => {
    shown.draw = null;
    try {
      if (name) await one(place, name, shown);
      else await list(place, query);
    } catch (error) {
      place.replaceChildren(heading('Users'), h('p', { class: 'problem' }, error.message), h('p', {}, h('a', { href: to('users') }, 'All users')));
    }
  };
  moved(at);
  return {
    moved,
    state({ channels }) {
      shown.channels = channels ?? [];
      shown.draw?.();
    },
  };
}

async function list(place, { after, find }) {
  const input = h('input', { type: 'search', name: 'find', autocomplete: 'off', placeholder: 'Address, external id or id', value: find ?? '' });
  const form = h('form', { class: 'filters', role: 'search', 'aria-label': 'Find a user' }, h('label', {}, h('span', {}, 'Find a user'), input), h('button', { type: 'submit' }, 'Find'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const wanted = input.value.trim();
    go(UUID.test(wanted) ? to('users', wanted) : to('users', null, { find: wanted }));
  });
  const query = new URLSearchParams({ limit: String(LIMIT), ...(after && { after }), ...(find && { [find.includes('@') ? 'email' : 'external_id']: find }) });
  const answer = await ask('GET', `/api/v1/users?${query}`, { as: 'admin' });
  const { items, page } = answer.data ?? answer;
  const rows = items.map((user) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, h('a', { href: to('users', user.id) }, nameOf(user))),
      h('td', { 'data-label': 'Address' }, user.email ?? '–'),
      h('td', { 'data-label': 'Channels' }, switched(user.preferences)),
      h('td', { 'data-label': 'Created' }, clock(user.created_at, { seconds: false })),
    ),
  );
  const head = h('thead', {}, h('tr', {}, ['Name', 'Address', 'Channels switched', 'Created'].map((name) => h('th', { scope: 'col' }, name))));
  const next = page?.after;
  place.replaceChildren(
    heading('Users'),
    form,
    rows.length ? h('table', { class: 'table', 'aria-label': 'Users, newest first' }, head, h('tbody', {}, rows)) : nothing(find ? 'Nobody has this address or external id.' : 'There is nobody.'),
    h('nav', { class: 'pages', 'aria-label': 'Pages' }, after && h('a', { class: 'button', href: to('users') }, 'Newest'), next && h('a', { class: 'button', href: to('users', null, { after: next }) }, 'Older')),
  );
}

/** The channels that the user has switched, in words. */
function switched(preferences = {}) {
  const known = CHANNELS.filter((channel) => channel in preferences);
  if (!known.length) return h('span', { class: 'hint' }, 'none: all are on');
  return known.map((channel) => h('span', { class: 'onoff', 'data-on': preferences[channel] ? 'yes' : 'no' }, `${channelName(channel)} ${preferences[channel] ? 'on' : 'off'}`));
}

async function one(place, id, shown) {
  const path = `/api/v1/users/${encodeURIComponent(id)}`;
  const [answer, exported, topics] = await Promise.all([
    ask('GET', path, { as: 'admin' }),
    ask('GET', `${path}/export?limit=1`, { as: 'admin' }),
    all(`${path}/subscriptions`, { as: 'admin' }),
  ]);
  const user = answer.data ?? answer;
  const { user: stored } = exported.data ?? exported;
  const trouble = problem();
  const link = (label, url) => h('a', { class: 'button', href: url }, label);
  const centre = button('Open the preference centre', async () => {
    // The tab is opened by the click itself, or the browser would not let it.
    const tab = window.open('about:blank', '_blank');
    const made = await act(() => ask('POST', `${path}/preference-link`, { as: 'service' }), 'The preference centre is open in a new tab', trouble);
    if (!made) return tab?.close();
    const url = new URL((made.data ?? made).url, location.origin);
    if (tab) tab.location.replace(url);
    return undefined;
  });
  const switches = h('ul', { class: 'rows-of' });
  shown.draw = () => {
    const focused = document.activeElement?.id;
    switches.replaceChildren(...CHANNELS.map((channel) => toggle(user, channel, shown.channels.includes(channel), path, trouble, shown)));
    if (focused?.startsWith('switch-')) document.getElementById(focused)?.focus();
  };
  const facts = [
    ['Id', h('code', {}, user.id)],
    ['Address', user.email],
    ['Push token', user.push_token && 'registered'],
    ['External id', stored.external_id],
    ['Language', stored.display?.language],
    ['Time zone', stored.display?.timezone],
    ['Quiet hours', stored.quiet?.start && `${stored.quiet.start} to ${stored.quiet.end}`],
    ['Created', clock(user.created_at)],
    ['Changed', clock(user.updated_at)],
  ].filter(([, value]) => value);
  place.replaceChildren(
    h('a', { class: 'back always', href: to('users') }, 'All users'),
    heading(nameOf(user)),
    h('div', { class: 'actions' }, link('Notifications', to('notifications', null, { user: user.id })), link('Inbox', to('inbox', user.id)), link('Send', to('send', null, { to: user.id })), centre),
    trouble,
    h(
      'div',
      { class: 'two' },
      h('section', { class: 'panel', 'aria-labelledby': 'profile-title' }, h('h2', { id: 'profile-title' }, 'Profile'), h('dl', { class: 'profile' }, facts.map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]).flat())),
      h('section', { class: 'panel', 'aria-labelledby': 'preferences-title' }, h('h2', { id: 'preferences-title' }, 'Channels'), switches),
      h('section', { class: 'panel', 'aria-labelledby': 'topics-title' }, h('h2', { id: 'topics-title' }, 'Topics'), topics.length ? h('ul', { class: 'chips' }, topics.map(({ topic }) => h('li', {}, h('a', { class: 'button', href: to('topics', topic) }, topic)))) : nothing('Subscribed to none.')),
      h('section', { class: 'panel', 'aria-labelledby': 'json-title' }, h('h2', { id: 'json-title' }, 'Raw JSON'), json('The user as JSON', stored)),
    ),
  );
  shown.draw();
}

function toggle(user, channel, hasProvider, path, trouble, shown) {
  const on = user.preferences?.[channel] !== false;
  const input = h('input', { type: 'checkbox', role: 'switch', id: `switch-${channel}`, checked: on });
  input.addEventListener('change', async () => {
    const body = { preferences: { [channel]: input.checked } };
    const answer = await act(() => ask('PUT', `${path}/preferences`, { as: 'admin', body }), `${channelName(channel)} of ${nameOf(user)} is ${input.checked ? 'on' : 'off'}`, trouble);
    if (answer) user.preferences = (answer.data ?? answer).preferences;
    shown.draw?.();
  });
  return h('li', {}, h('label', { class: 'switch' }, h('span', {}, channelName(channel), !hasProvider && h('span', { class: 'hint' }, ' no provider')), input));
}
