// The stand-ins of the providers, which can be told to fail, and the functions, which can be killed.

import { ask } from '../ask.js';
import { channelName, h, heading } from '../dom.js';
import { act, button, problem } from '../forms.js';

export const title = 'Providers';

const NAMES = { ses: 'Email (SES)', fcm: 'Push (FCM)', apns: 'Push (APNs)', slack: 'Slack', sms: 'SMS', webhook: 'Webhooks' };

/** The moods of a provider: each has a label, and the provider's next answers. */
const MOODS = {
  well: ['Well', []],
  twice: ['Fails twice (503)', [{ status: 503, times: 2 }]],
  throttles: ['Throttles twice (429)', [{ status: 429, times: 2, headers: { 'retry-after': '2' } }]],
  hangs_up: ['Hangs up once', [{ status: 503, then: 'reset' }]],
  always: ['Always fails (503)', [{ status: 503, always: true }]],
};

export function open(root) {
  const trouble = problem();
  const providers = h('ul', { class: 'rows-of', id: 'providers' });
  const functions = h('ul', { class: 'chips', id: 'functions' });
  const queues = h('tbody');
  const setUp = h('div', { id: 'set-up', hidden: true }, h('p', { class: 'hint' }, 'The demo begins with email, push and Slack.'), button('Set up SMS, inbox and a webhook', () => act(() => ask('POST', '/_local/ui/channels'), 'SMS, inbox and a webhook are set up', trouble)));
  const channels = h('p', {});
  const panel = (id, name, ...content) => h('section', { class: 'panel', 'aria-labelledby': id }, h('h2', { id }, name), content);
  root.append(
    heading('Providers', h('p', { class: 'hint' }, 'Stand-ins that speak the providers’ protocols. Tell one to fail, and see what becomes of what is sent.')),
    trouble,
    h(
      'div',
      { class: 'two' },
      panel('providers-title', 'How they answer', providers),
      panel('channels-title', 'Channels', channels, setUp),
      panel('functions-title', 'Functions', h('p', { class: 'hint' }, 'Ends every process at once, whatever it is doing. New ones start.'), functions),
      panel('queues-title', 'Each queue', h('table', { class: 'table small', 'aria-label': 'Queues' }, h('thead', {}, h('tr', {}, ['Queue', 'Waiting', 'In flight', 'Delayed'].map((name) => h('th', { scope: 'col' }, name)))), queues)),
    ),
  );

  const last = {};
  const changed = (name, value, show) => {
    const text = JSON.stringify(value);
    if (last[name] === text) return;
    last[name] = text;
    show(value);
  };
  const processes = (count) => (count === 1 ? '1 process' : `${count} processes`);
  const kill = (name) => () => act(() => ask('POST', `/_local/functions/${encodeURIComponent(name)}/kill`), ({ killed }) => `${processes(killed.length)} of ${name} killed`, trouble);

  return {
    // Unchanged elements stay as they are, so that the focus is not lost.
    state(state) {
      changed('providers', state.providers, (all) => {
        for (const name of Object.keys(NAMES).filter((one) => one in (all ?? {}))) showProvider(providers, name, all[name], trouble);
      });
      changed('functions', state.functions, (all) => functions.replaceChildren(...(all ?? []).map((name) => h('li', {}, button(name, kill(name), { 'aria-label': `Kill ${name}` })))));
      changed('channels', state.channels, (all) => {
        const known = all ?? [];
        channels.textContent = known.length ? `Set up: ${known.map(channelName).join(', ')}.` : '';
        setUp.hidden = known.length === 0 || ['sms', 'in_app'].every((channel) => known.includes(channel));
      });
      changed('queues', state.queues?.queues, (all) =>
        queues.replaceChildren(...Object.entries(all ?? {}).map(([name, counts]) => h('tr', {}, h('th', { scope: 'row' }, name), ['visible', 'in_flight', 'delayed'].map((kind) => h('td', {}, String(counts[kind])))))),
      );
    },
  };
}

function showProvider(list, name, { answers, requests }, trouble) {
  const row = list.querySelector(`[data-provider="${name}"]`) ?? newProvider(list, name, trouble);
  const [chosen, note] = [row.querySelector('select'), row.querySelector('.note')];
  const mood = moodOf(answers);
  if (!chosen.querySelector(`[value="${mood}"]`)) chosen.append(h('option', { value: mood }, 'Otherwise'));
  chosen.value = mood;
  const left = answers.reduce((sum, answer) => sum + (answer.left ?? 0), 0);
  note.textContent = left ? `${left} left` : requests ? String(requests) : '';
  note.title = left ? '' : 'requests so far';
  row.dataset.mood = mood;
}

function newProvider(list, name, trouble) {
  const options = Object.entries(MOODS).map(([mood, [label]]) => h('option', { value: mood }, label));
  const chosen = h('select', { id: `mood-${name}` }, options);
  chosen.addEventListener('change', () => {
    const [label, answers] = MOODS[chosen.value] ?? MOODS.well;
    act(() => ask('PUT', `/_local/providers/${name}`, { body: { answers } }), `${NAMES[name]}: ${label}`, trouble);
  });
  const row = h('li', { 'data-provider': name }, h('label', { for: `mood-${name}` }, NAMES[name]), h('span', { class: 'note', id: `note-${name}` }), chosen);
  list.append(row);
  return row;
}

/** The mood that these answers belong to. */
function moodOf(answers) {
  if (!answers.length) return 'well';
  const [{ status, then, left }] = answers;
  if (then) return 'hangs_up';
  if (status === 429) return 'throttles';
  if (status === 503) return left === null ? 'always' : 'twice';
  return 'other';
}
