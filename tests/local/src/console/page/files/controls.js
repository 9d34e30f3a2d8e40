// The buttons. Each sends a request that an application, a user or a developer with curl could send.

import { announce, ask, channelName, clock, h, token, words } from './dom.js';

const $ = (id) => document.getElementById(id);
const form = $('send');

const NAMES = { ses: 'Email (SES)', fcm: 'Push (FCM)', apns: 'Push (APNs)', slack: 'Slack', sms: 'SMS', webhook: 'Webhooks' };

const ORDER = ['email', 'push', 'sms', 'slack', 'in_app'];

/** The moods of a provider: each has a label, and the provider's next answers. */
const MOODS = {
  well: ['Well', []],
  twice: ['Fails twice (503)', [{ status: 503, times: 2 }]],
  throttles: ['Throttles twice (429)', [{ status: 429, times: 2, headers: { 'retry-after': '2' } }]],
  hangs_up: ['Hangs up once', [{ status: 503, then: 'reset' }]],
  always: ['Always fails (503)', [{ status: 503, always: true }]],
};

let people = [];
let channels = [];
const last = {};

/** Shows the state. Unchanged elements stay as they are, so that the focus is not lost. */
export function showState(state) {
  changed('people', state.people, (all) => {
    people = all ?? [];
    fill(form.elements.to, people.map(({ id, name }) => [id, name ?? id]));
    switches();
  });
  changed('channels', state.channels, (all) => {
    channels = all ?? [];
    $('set-up').hidden = channels.length === 0 || ['sms', 'in_app'].every((channel) => channels.includes(channel));
    switches();
  });
  changed('providers', state.providers, providers);
  changed('functions', state.functions, functions);
  changed('letters', state.dead_letters, letters);
}

function changed(name, value, show) {
  const text = JSON.stringify(value);
  if (last[name] === text) return;
  last[name] = text;
  show(value);
}

function fill(select, options) {
  const before = select.value;
  select.replaceChildren(...options.map(([value, label]) => h('option', { value }, label)));
  if (options.some(([value]) => value === before)) select.value = before;
}

/** Runs the action of a button, and shows the result. */
async function act(what, done) {
  try {
    const answer = await what();
    $('send-problem').textContent = '';
    announce(typeof done === 'function' ? done(answer) : done);
  } catch (error) {
    $('send-problem').textContent = error.message;
  }
}

// Send

form.addEventListener('change', ({ target }) => {
  if (target.name === 'words') {
    for (const part of form.querySelectorAll('[data-words]')) part.hidden = part.dataset.words !== target.value;
  }
  if (target.name === 'to') switches();
});

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const { to, channel, words: chosen, template, title, body, when, critical } = form.elements;
  const request = { user_id: to.value, critical: critical.checked };
  if (channel.value) request.notification_type = channel.value;
  if (chosen.value === 'template') request.template_code = template.value;
  else request.content = { ...(title.value.trim() && { subject: title.value, title: title.value }), body: body.value };
  const seconds = Number(when.value);
  if (seconds) request.send_at = new Date(Date.now() + seconds * 1000).toISOString();
  act(async () => ask('POST', '/api/v1/notifications', { token: await token('service'), body: request }), 'Accepted');
});

async function templates() {
  const answer = await ask('GET', '/api/v1/templates', { token: await token('admin') });
  const codes = answer?.data?.templates ?? answer?.data?.items ?? answer?.data ?? [];
  const names = (Array.isArray(codes) ? codes : []).map((one) => one?.code ?? one?.template_code ?? one);
  if (names.length) fill(form.elements.template, names.map((name) => [name, name]));
}
templates().catch(() => {
  // The demo's own template exists already.
});

// Preferences

function switches() {
  const person = people.find(({ id }) => id === form.elements.to.value) ?? people[0];
  $('whose').textContent = person ? `of ${person.name ?? person.id}` : '';
  const rows = ORDER.filter((channel) => channel in (person?.channels ?? {})).map((channel) => {
    const on = person.channels[channel];
    const known = channels.includes(channel);
    const input = h('input', { type: 'checkbox', role: 'switch', id: `switch-${channel}`, checked: on });
    input.addEventListener('change', () => change(person, channel, input.checked));
    return h('li', {}, h('label', { class: 'switch' }, h('span', {}, channelName(channel), !known && h('span', { class: 'hint' }, ' no provider')), input));
  });
  // The focused switch keeps the focus, for keyboard users.
  const focused = document.activeElement?.id;
  $('switches').replaceChildren(...rows);
  if (focused?.startsWith('switch-')) $(focused)?.focus();
}

function change(person, channel, on) {
  const request = async () =>
    ask('PUT', `/api/v1/users/${person.id}/preferences`, { token: await token('admin'), body: { preferences: { [channel]: on } } });
  act(request, `${channelName(channel)} of ${person.name} is ${on ? 'on' : 'off'}`);
}

$('set-up-button').addEventListener('click', () => act(() => ask('POST', '/_local/ui/channels'), 'SMS, inbox and a webhook are set up'));

// Providers

function providers(all) {
  for (const name of Object.keys(NAMES).filter((name) => name in (all ?? {}))) {
    const { requests, answers } = all[name];
    const select = $(`mood-${name}`) ?? newProvider(name);
    const mood = moodOf(answers);
    if (!select.querySelector(`[value="${mood}"]`)) select.append(h('option', { value: mood }, 'Otherwise'));
    select.value = mood;
    const left = answers.reduce((sum, answer) => sum + (answer.left ?? 0), 0);
    $(`note-${name}`).textContent = left ? `${left} left` : requests ? String(requests) : '';
    $(`note-${name}`).title = left ? '' : 'requests so far';
    select.closest('li').dataset.mood = mood;
  }
}

function newProvider(name) {
  const options = Object.entries(MOODS).map(([mood, [label]]) => h('option', { value: mood }, label));
  const select = h('select', { id: `mood-${name}` }, options);
  select.addEventListener('change', () => {
    const [label, answers] = MOODS[select.value] ?? MOODS.well;
    act(() => ask('PUT', `/_local/providers/${name}`, { body: { answers } }), `${NAMES[name]}: ${label}`);
  });
  const label = h('label', { for: `mood-${name}` }, NAMES[name] ?? name);
  $('providers').append(h('li', {}, label, h('span', { class: 'note', id: `note-${name}` }), select));
  return select;
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

// Functions

function functions(names) {
  const processes = (count) => (count === 1 ? '1 process' : `${count} processes`);
  const kill = (name) => () =>
    act(
      () => ask('POST', `/_local/functions/${encodeURIComponent(name)}/kill`),
      ({ killed }) => `${processes(killed.length)} of ${name} killed`,
    );
  const button = (name) => h('button', { type: 'button', onclick: kill(name), 'aria-label': `Kill ${name}` }, name);
  $('functions').replaceChildren(...(names ?? []).map((name) => h('li', {}, button(name))));
}

// Dead letters

function letters(page) {
  const all = page?.letters ?? [];
  const row = ({ at, channel, reason }) =>
    h('li', {}, h('span', {}, h('b', {}, channel ? channelName(channel) : 'Unreadable'), ` ${words(reason)}`), clock(at));
  $('letters').replaceChildren(...all.map(row));
  $('no-letters').hidden = all.length > 0;
  $('redrive').hidden = all.length === 0;
}

$('redrive').addEventListener('click', () =>
  act(
    async () => ask('POST', '/api/v1/dead-letters/redrive', { token: await token('admin'), body: { all: true } }),
    ({ redriven }) => `${redriven} sent again`,
  ),
);
