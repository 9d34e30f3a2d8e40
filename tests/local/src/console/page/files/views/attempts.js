// The attempts of a delivery, and what comes next: a countdown, and a button that does not wait for it.

import { all, ask } from '../ask.js';
import { channelName, clock, h, nothing } from '../dom.js';
import { act, button, problem } from '../forms.js';

/** When the next attempt comes, with a button that makes it now; nothing if none comes by itself or by hand. */
export function waiting(one, notification, again) {
  const { channel, next_attempt_at: next, status } = one;
  if (!next && status !== 'dead_lettered') return null;
  const trouble = problem();
  const works = { retrying: retry, dead_lettered: redrive };
  const work = works[status] && (() => act(() => works[status](notification.notification_id, channel), `${channelName(channel)} is tried again`, trouble).then(again));
  return h(
    'div',
    { class: 'waiting' },
    next && countdown(next, status),
    status === 'dead_lettered' && h('span', {}, 'It is a dead letter. No attempt follows by itself.'),
    work && button('Retry now', work, { 'data-focus': `retry-${channel}` }),
    trouble,
  );
}

async function retry(id, channel) {
  return ask('POST', `/_local/ui/data/notifications/${id}/retry`, { body: { channel } });
}

/** Redrives the dead letter of a delivery. */
async function redrive(id, channel) {
  const letters = await all('/api/v1/dead-letters', { as: 'admin' }, 1000);
  const letter = letters.find((one) => one.notification_id === id && one.channel === channel);
  if (!letter) throw new Error('Its dead letter is not listed yet: try again in a moment');
  return ask('POST', '/api/v1/dead-letters/redrive', { as: 'admin', body: { ids: [letter.id] } });
}

/** Counts down to a time, for as long as it is on the page. */
function countdown(at, status) {
  const left = h('b', { class: 'left' });
  const element = h('span', { class: 'countdown' }, status === 'held' ? 'Decided again ' : 'Next attempt ', left, ' (', clock(at), ')');
  const draw = () => {
    const seconds = Math.ceil((Date.parse(at) - Date.now()) / 1000);
    left.textContent = seconds <= 0 ? 'now' : `in ${duration(seconds)}`;
  };
  draw();
  const timer = setInterval(() => (element.isConnected ? draw() : clearInterval(timer)), 250);
  return element;
}

function duration(seconds) {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** Each attempt with the provider's answer, oldest first. */
export function attempts({ ambiguous, attempts: begun, requests = [] }) {
  if (!begun && !requests.length) return nothing('There was no attempt.');
  const item = ({ at, message_id: id, provider, response, to }, number) => {
    const good = response.status < 300 && !response.then;
    const before = requests[number - 1]?.at;
    const gap = before && `${((Date.parse(at) - Date.parse(before)) / 1000).toFixed(1)} s later`;
    return h(
      'li',
      { 'data-good': good ? 'yes' : 'no' },
      h('b', { class: 'answer' }, String(response.then ?? response.status)),
      h('span', {}, provider, to && h('span', { class: 'to' }, ` to ${to}`)),
      h('span', { class: 'when' }, clock(at), gap && h('span', { class: 'hint' }, ` ${gap}`)),
      id && h('code', { class: 'id' }, id),
    );
  };
  const count = `${begun} ${begun === 1 ? 'attempt' : 'attempts'}${ambiguous ? ', one of them may have been sent too' : ''}`;
  return h(
    'div',
    { class: 'attempts' },
    h('p', { class: 'hint' }, count, requests.length !== begun && `, ${requests.length} ${requests.length === 1 ? 'request' : 'requests'} to providers`),
    h('ol', { 'aria-label': 'Attempts' }, requests.map(item)),
  );
}
