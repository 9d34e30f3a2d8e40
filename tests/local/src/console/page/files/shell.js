// What surrounds each view: the list of views, the gauges, and the link to the preference centre.

import { demo } from './ask.js';
import { h, icon } from './dom.js';
import { to } from './router.js';

const VIEWS = [
  ['notifications', 'Notifications', 'bell'],
  ['send', 'Send', 'send'],
  ['users', 'Users', 'users'],
  ['templates', 'Templates', 'template'],
  ['inbox', 'Inbox', 'in_app'],
  ['topics', 'Topics', 'topic'],
  ['runs', 'Runs', 'run'],
  ['requests', 'API requests', 'requests'],
  ['dead-letters', 'Dead letters', 'letter'],
  ['providers', 'Providers', 'plug'],
];

const links = new Map();

for (const [view, label, sign] of VIEWS) {
  const count = h('span', { class: 'count', hidden: true });
  const link = h('a', { href: to(view) }, icon(sign), h('span', {}, label), count);
  links.set(view, { link, count });
  document.getElementById('views').append(h('li', {}, link));
}

/** Marks the view that is shown. */
export function markView(view) {
  for (const [name, { link }] of links) {
    if (name === view) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  const { link } = links.get(view) ?? {};
  const list = link?.closest('nav');
  // On a narrow page the list is a row that scrolls.
  if (list && list.scrollWidth > list.clientWidth) list.scrollLeft = link.offsetLeft - 24;
}

/** Shows how much waits. */
export function showState({ queues, dead_letters: letters }) {
  const some = letters?.letters?.length ?? 0;
  const number = `${some}${letters?.more ? '+' : ''}`;
  const values = { ...queues, letters: number };
  for (const element of document.querySelectorAll('[data-gauge]')) {
    element.textContent = values[element.dataset.gauge] ?? '–';
    element.toggleAttribute('data-some', !['0', '–'].includes(element.textContent));
  }
  const { count } = links.get('dead-letters');
  count.hidden = some === 0;
  count.textContent = number;
}

// A preference link is valid for a limited time, so it is made when it is followed.
document.getElementById('centre').addEventListener('click', async (event) => {
  event.preventDefault();
  const tab = open('about:blank', '_blank');
  const { links } = await demo();
  if (tab) {
    tab.opener = null;
    tab.location.replace(links.preferences);
  }
});
