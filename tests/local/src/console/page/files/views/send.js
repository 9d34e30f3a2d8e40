// Sends a notification as an application would, and shows beforehand what a template makes of its variables.

import { all, ask } from '../ask.js';
import { channelName, h, heading } from '../dom.js';
import { act, field, fill, object, problem, select } from '../forms.js';
import { together } from '../live.js';
import { render, rendered } from '../rendering.js';
import { go, to } from '../router.js';
import { userSelect } from '../users.js';
import { CHANNELS } from '../words.js';

export const title = 'Send';

const WHEN = [
  ['0', 'Now'],
  ['10', 'In 10 seconds'],
  ['3600', 'In an hour'],
];

/** What was filled in stays for the next time. */
let last = {};

export function open(root, { query }) {
  const given = { ...last, ...query };
  const who = userSelect({ name: 'to', required: true }, { value: given.to ?? given.user });
  const channel = select({ name: 'channel' }, [['', 'Every channel that is set up'], ...CHANNELS.map((one) => [one, channelName(one)])], given.channel);
  const template = select({ name: 'template' }, given.template ? [[given.template, given.template]] : [], given.template);
  const category = h('input', { name: 'category', list: 'categories', autocomplete: 'off', value: given.category ?? '' });
  const variables = h('textarea', { name: 'variables', rows: 4, spellcheck: 'false', class: 'code' }, given.variables ?? '{}');
  const own = given.words === 'own';
  const radio = (value, label) => h('label', {}, h('input', { type: 'radio', name: 'words', value, checked: (value === 'own') === own }), ` ${label}`);
  const byTemplate = h('div', { class: 'fields', hidden: own }, field('Template', template), field('Variables (JSON)', variables));
  const byWords = h(
    'div',
    { class: 'fields', hidden: !own },
    field('Title', h('input', { name: 'title', maxlength: 255, autocomplete: 'off', value: given.title ?? 'Your order ships today' })),
    field('Text', h('textarea', { name: 'body', rows: 3 }, given.body ?? 'It left our warehouse this morning.')),
  );
  const trouble = problem();
  const form = h(
    'form',
    { id: 'send', class: 'panel fields' },
    field('To', who),
    field('Channel', channel),
    h('fieldset', { class: 'choice' }, h('legend', {}, 'Words'), radio('template', 'Template'), radio('own', 'Own')),
    byTemplate,
    byWords,
    field('Category', category, 'A recipient may have opted out of it.'),
    h('datalist', { id: 'categories' }),
    field('When', select({ name: 'when' }, WHEN, given.when)),
    h('label', { class: 'check' }, h('input', { type: 'checkbox', name: 'critical', checked: Boolean(given.critical) }), ' Critical ', h('span', { class: 'hint' }, 'passes opt-outs and quiet hours')),
    h('button', { class: 'primary', type: 'submit' }, 'Send'),
    trouble,
  );
  const shown = h('div', { class: 'shown' });
  const look = h('section', { class: 'panel', 'aria-labelledby': 'look-title', hidden: own }, h('h2', { id: 'look-title' }, 'As it would read'), shown);
  root.append(heading('Send a notification'), h('div', { class: 'two' }, form, look));

  const values = () => {
    const { elements } = form;
    return { to: elements.to.value, channel: elements.channel.value, words: elements.words.value, template: elements.template.value, variables: elements.variables.value, title: elements.title.value, body: elements.body.value, category: elements.category.value, when: elements.when.value, critical: elements.critical.checked };
  };
  let asked = 0;
  const again = together(async () => {
    const now = values();
    look.hidden = now.words === 'own';
    if (now.words === 'own' || !now.template) return;
    const number = (asked += 1);
    const channel = now.channel || 'email';
    let seen;
    try {
      seen = [h('p', { class: 'hint' }, channelName(channel)), await rendered(await render(now.template, { channel, variables: object(now.variables), user: now.to }))];
    } catch (error) {
      seen = [h('p', { class: 'problem' }, error.message)];
    }
    if (number === asked) shown.replaceChildren(...seen);
  });

  form.addEventListener('input', () => {
    last = values();
    byTemplate.hidden = last.words === 'own';
    byWords.hidden = last.words !== 'own';
    again();
  });
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    last = values();
    const answer = await act(async () => ask('POST', '/api/v1/notifications', { as: 'service', body: request(last) }), 'Accepted', trouble);
    if (answer) go(to('notifications', null, { id: answer.data.notification_id }));
  });

  all('/api/v1/templates', { as: 'admin' }).then((templates) => {
    fill(template, templates.map(({ code }) => [code, code]));
    if (given.template) template.value = given.template;
    again();
  }, (error) => (trouble.textContent = error.message));
  all('/api/v1/categories', { as: 'admin' }).then((list) => fill(form.querySelector('datalist'), list.map(({ handle }) => [handle, handle])), () => {
    // Without a list a category can still be typed.
  });
  who.ready.then(again, (error) => (trouble.textContent = error.message));
  return { close: () => again.cancel() };
}

/** The body of the request; throws a sentence if the variables are no JSON object. */
function request({ to, channel, words, template, variables, title, body, category, when, critical }) {
  const request = { user_id: to, critical };
  if (channel) request.notification_type = channel;
  if (words === 'own') request.content = { ...(title.trim() && { subject: title, title }), body };
  else Object.assign(request, { template_code: template, variables: object(variables) });
  if (category.trim()) request.category = category.trim();
  if (Number(when)) request.send_at = new Date(Date.now() + Number(when) * 1000).toISOString();
  return request;
}
