// Follows the stack's events and hands them to who shows them.

import { clear, count, settle, show } from './cards.js';
import { showState } from './controls.js';

const link = document.getElementById('link');
const empty = document.getElementById('empty');

function say(state, text) {
  link.dataset.state = state;
  link.textContent = text;
}

const events = new EventSource('/_local/ui/events');

events.addEventListener('open', () => {
  // Everything is told again from the beginning: perhaps it is another stack by now.
  clear();
  say('live', 'Live');
});
events.addEventListener('error', () => say('lost', 'Not connected'));
events.addEventListener('notification', ({ data }) => {
  show(JSON.parse(data));
  empty.hidden = count() > 0;
});
events.addEventListener('state', ({ data }) => {
  const state = JSON.parse(data);
  showState(state);
  gauges(state);
  empty.hidden = count() > 0;
  // What was there before the page came needs no announcement; what comes from now on does.
  settle();
});

function gauges({ queues, dead_letters: letters }) {
  const values = { ...queues, letters: `${letters?.letters?.length ?? 0}${letters?.more ? '+' : ''}` };
  for (const element of document.querySelectorAll('[data-gauge]')) {
    const name = element.dataset.gauge;
    element.textContent = values[name] ?? '–';
    element.toggleAttribute('data-some', !['0', '–'].includes(element.textContent));
  }
}
