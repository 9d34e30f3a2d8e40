// Every template of the table, and one of them with an editor for its variables: what it reads like is the API's own `render`.

import { all, ask } from '../ask.js';
import { channelName, h, heading, json, nothing } from '../dom.js';
import { field, fill, object, select } from '../forms.js';
import { together } from '../live.js';
import { parts, render, rendered } from '../rendering.js';
import { note, to } from '../router.js';
import { userSelect } from '../users.js';
import { CHANNELS } from '../words.js';

export const title = 'Templates';

export function open(root, at) {
  const codes = h('ul', { class: 'codes' });
  const place = h('section', { class: 'stack', 'aria-label': 'The selected template' });
  const listed = h('nav', { class: 'panel', 'aria-label': 'Templates' }, codes);
  root.append(heading('Templates'), h('div', { class: 'beside' }, listed, place));
  let close;
  const ready = all('/api/v1/templates', { as: 'admin' }, 5000).then(
    (templates) => codes.replaceChildren(...(templates.length ? templates.map(({ code }) => h('li', {}, h('a', { href: to('templates', code) }, code))) : [h('li', {}, nothing('There is none.'))])),
    (error) => listed.replaceChildren(h('p', { class: 'problem' }, error.message)),
  );
  const moved = async ({ name, query }) => {
    close?.();
    close = undefined;
    const selected = () => {
      for (const link of codes.querySelectorAll('a')) link.toggleAttribute('data-current', link.textContent === name);
      for (const link of codes.querySelectorAll('a')) link.ariaCurrent = link.textContent === name ? 'true' : null;
    };
    ready.then(selected);
    if (!name) {
      place.replaceChildren(nothing('Select a template to see how it reads. PUT /api/v1/templates/{code} writes one.'));
      return;
    }
    try {
      const answer = await ask('GET', `/api/v1/templates/${encodeURIComponent(name)}`, { as: 'admin' });
      close = one(place, name, answer.data ?? answer, query);
    } catch (error) {
      place.replaceChildren(h('p', { class: 'problem' }, error.message));
    }
  };
  moved(at);
  return { moved, close: () => close?.() };
}

function one(place, code, template, query) {
  const locales = template.locales ?? {};
  const has = CHANNELS.filter((channel) => Object.values(locales).some((locale) => locale[channel]));
  const channel = select({ name: 'channel' }, has.map((one) => [one, channelName(one)]), has.includes(query.channel) ? query.channel : has[0]);
  const reader = userSelect({ name: 'user' }, { value: query.user ?? '', first: [['', 'Nobody in particular']] });
  const language = h('input', { name: 'language', list: 'locales', autocomplete: 'off', value: query.language ?? '', placeholder: 'The reader’s own' });
  const variables = h('textarea', { name: 'variables', rows: 8, spellcheck: 'false', class: 'code' }, pretty(query.variables));
  const form = h(
    'form',
    { class: 'panel fields' },
    field('Channel', channel),
    field('Reader', reader),
    field('Language', language),
    h('datalist', { id: 'locales' }),
    field('Variables (JSON)', variables),
  );
  fill(form.querySelector('datalist'), Object.keys(locales).filter((tag) => tag !== 'default').map((tag) => [tag, tag]));
  const shown = h('div', { class: 'shown' });
  const trouble = h('p', { class: 'problem', role: 'alert' });
  const send = h('a', { class: 'button' }, 'Send it');
  place.replaceChildren(
    h('header', { class: 'heading' }, h('h2', {}, code), send),
    h('div', { class: 'two' }, form, h('section', { class: 'panel', 'aria-labelledby': 'read-title' }, h('h3', { id: 'read-title' }, 'How it reads'), trouble, shown)),
    h('details', { class: 'panel' }, h('summary', {}, `Source, in ${Object.keys(locales).join(', ')}`), json('The template as JSON', template)),
  );

  let asked = 0;
  const look = async () => {
    const number = (asked += 1);
    const chosen = { channel: channel.value, user: reader.value, language: language.value.trim(), variables: variables.value.trim() === '{}' ? '' : variables.value };
    note(to('templates', code, chosen));
    send.href = to('send', null, { template: code, to: chosen.user, channel: chosen.channel, variables: chosen.variables });
    try {
      const answer = await render(code, { ...chosen, variables: object(variables.value) });
      const seen = await rendered(answer);
      if (number !== asked) return;
      trouble.textContent = '';
      shown.replaceChildren(h('p', { class: 'hint' }, `In ${answer.language}`), seen, ...parts(answer.content));
    } catch (error) {
      if (number === asked) trouble.textContent = error.message;
    }
  };
  const soon = together(look, 200);
  form.addEventListener('input', soon);
  form.addEventListener('submit', (event) => event.preventDefault());
  reader.ready.then(look, look);
  return () => {
    soon.cancel();
    asked += 1;
  };
}

/** JSON for an editor; a text that is none stays as it is. */
function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text ?? '{}';
  }
}
