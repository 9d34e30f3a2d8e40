// The parts of a delivery: what was sent as its recipient sees it, as HTML and as text, its headers, and its attempts.

import { h, nothing, source } from '../dom.js';
import { preview } from '../previews.js';
import { to } from '../router.js';
import { attempts } from './attempts.js';
import { decision } from './decision.js';

/** Each part: its name in the URL, its label, and `show(delivery, notification)`. */
export const PARTS = [
  ['preview', 'Preview', seen],
  ['html', 'HTML', html],
  ['text', 'Text', text],
  ['headers', 'Headers', headers],
  ['decision', 'Decision', decision],
  ['attempts', 'Attempts', attempts],
];

function seen(one, notification) {
  const shown = preview(one);
  if (shown) return shown;
  const template = notification.content?.template;
  const link = template && h('a', { href: to('templates', template.template_code, { channel: one.channel, user: notification.user_id, variables: JSON.stringify(template.variables) }) }, 'See how its template reads');
  return h('div', {}, nothing('No provider was asked.'), link && h('p', {}, link, '.'));
}

/** The last request that was taken, or else the last one. */
const last = ({ requests = [] }) => requests.findLast(({ response }) => response.status < 300) ?? requests.at(-1);

function html(one) {
  const code = last(one)?.body?.Content?.Simple?.Body?.Html?.Data;
  return code ? source('HTML', code) : nothing('It has no HTML.');
}

function text(one) {
  const { body, provider } = last(one) ?? {};
  const simple = body?.Content?.Simple;
  const texts = {
    ses: () => simple?.Body?.Text?.Data,
    fcm: () => join(body?.message?.notification),
    apns: () => join(body?.aps?.alert),
    sms: () => body?.MessageBody,
    slack: () => body?.text,
    webhook: () => JSON.stringify(body, null, 2),
  };
  const said = one.entry ? join(one.entry) : texts[provider]?.();
  return said ? source('Text', said) : nothing('It has no text.');
}

const join = (parts) => (typeof parts === 'string' ? parts : [parts?.title, parts?.body].filter(Boolean).join('\n\n'));

function headers(one) {
  const request = last(one);
  if (!request) return nothing('No provider was asked.');
  const simple = request.body?.Content?.Simple;
  const mail = request.provider === 'ses' && [
    ['From', request.body.FromEmailAddress],
    ['To', request.to],
    ['Reply-To', request.body.ReplyToAddresses?.join(', ')],
    ['Subject', simple?.Subject?.Data],
    ...(simple?.Headers ?? []).map(({ Name, Value }) => [Name, Value]),
    ...(request.body.EmailTags ?? []).map(({ Name, Value }) => [`Tag ${Name}`, Value]),
    ['Message id', request.message_id],
  ];
  return h(
    'div',
    { class: 'headers' },
    mail && h('h3', {}, 'Of the email'),
    mail && table('Headers of the email', mail.filter(([, value]) => value)),
    h('h3', {}, 'Of the request to the provider'),
    h('p', { class: 'hint' }, h('code', {}, `${request.method} ${request.path}`), '. Credentials are left out.'),
    table('Headers of the request', Object.entries(request.headers ?? {})),
  );
}

const table = (label, rows) => h('table', { class: 'facts', 'aria-label': label }, h('tbody', {}, rows.map(([name, value]) => h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, String(value))))));
