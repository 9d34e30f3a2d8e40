// Reads the stack's events and passes them to the modules that show them.

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
  // The stream starts again from the beginning, because the stack may be another one now.
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
  // Notifications that existed before the page was opened are not announced. Later ones are.
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
