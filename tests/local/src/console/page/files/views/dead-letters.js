// Messages that gave up, and buttons that send them again.

import { ask } from '../ask.js';
import { channelName, clock, h, heading, nothing, words } from '../dom.js';
import { act, button, problem } from '../forms.js';
import { together } from '../live.js';
import { here, to } from '../router.js';
import { REASONS } from '../words.js';

export const title = 'Dead letters';

export function open(root, at) {
  const trouble = problem();
  const place = h('div', { class: 'stack' });
  const again = (body) => act(() => ask('POST', '/api/v1/dead-letters/redrive', { as: 'admin', body }), ({ redriven }) => `${redriven} sent again`, trouble).then(load);
  const every = button('Send all again', () => again({ all: true }));
  root.append(heading('Dead letters', every), trouble, place);

  let asked = 0;
  async function load() {
    const number = (asked += 1);
    const { after } = here().query;
    try {
      const answer = await ask('GET', `/api/v1/dead-letters?${new URLSearchParams({ limit: '50', ...(after && { after }) })}`, { as: 'admin' });
      if (number !== asked) return;
      const { items, page } = answer.data ?? answer;
      every.hidden = items.length === 0;
      place.replaceChildren(
        items.length ? h('ul', { class: 'entries', id: 'letters', 'aria-label': 'Dead letters, newest first' }, items.map(letter)) : nothing('Nothing gave up.'),
        h('nav', { class: 'pages', 'aria-label': 'Pages' }, after && h('a', { class: 'button', href: to('dead-letters') }, 'Newest'), page.after && h('a', { class: 'button', href: to('dead-letters', null, { after: page.after }) }, 'Older')),
      );
    } catch (error) {
      if (number === asked) place.replaceChildren(h('p', { class: 'problem' }, error.message));
    }
  }
  const letter = ({ at: when, channel, id, message, notification_id: notification, reason }) =>
    h(
      'li',
      { class: 'entry' },
      h('div', {}, h('h2', {}, `${channel ? channelName(channel) : 'Unreadable'}: ${words(reason)}`), h('p', {}, REASONS[reason] ?? message ?? ''), h('p', { class: 'hint' }, clock(when), notification && ' · ', notification && h('a', { href: to('notifications', null, { id: notification, delivery: channel, part: 'attempts' }) }, 'notification'))),
      h('div', { class: 'actions' }, button('Send again', () => again({ ids: [id] }))),
    );
  const loadSoon = together(load);
  load();
  let last;
  return {
    moved: load,
    state({ dead_letters: letters }) {
      const now = JSON.stringify(letters);
      if (last !== undefined && now !== last) loadSoon();
      last = now;
    },
    close() {
      asked += 1;
      loadSoon.cancel();
    },
  };
}
