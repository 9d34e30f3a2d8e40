// Shows deliveries as a recipient sees them: an email as in a mail client, a push message as on a phone, and so on.

import { clock, h } from './dom.js';

const SHOWS = { ses: email, fcm: push, apns: push, slack, sms, webhook };

/** A delivery as its recipient sees it; nothing if there was no request. */
export function preview({ channel, entry, requests = [] }) {
  if (channel === 'in_app') return entry ? h('div', { class: 'previews' }, inApp(entry)) : null;
  // For each address, the last accepted request, or else the last request.
  const last = new Map();
  for (const request of requests) {
    const taken = request.response.status < 300;
    if (taken || !last.get(request.to)?.taken) last.set(request.to, { request, taken });
  }
  const shown = [...last.values()].map(({ request, taken }) => {
    const node = SHOWS[request.provider]?.(request);
    if (node && !taken) node.classList.add('refused');
    return node;
  });
  return shown.length ? h('div', { class: 'previews' }, shown) : null;
}

function email({ body, frame: src, message_id: id, to }) {
  const simple = body?.Content?.Simple ?? {};
  const text = simple.Body?.Text?.Data;
  const html = simple.Body?.Html?.Data;
  const row = (name, value) => [h('dt', {}, name), h('dd', {}, value)];
  // The policy of the frame's document forbids everything except display, and the frame's sandbox does the same.
  const page = src ?? (id && `/_local/ui/emails/${encodeURIComponent(id)}`);
  const frame = html && page && h('iframe', { sandbox: '', src: page, title: `Email: ${simple.Subject?.Data}` });
  const words = text && h('pre', { class: 'text', tabindex: '0', 'aria-label': 'Text part' }, text);
  return h(
    'div',
    { class: 'email' },
    h('dl', {}, body?.FromEmailAddress && row('From', address(body.FromEmailAddress)), to && row('To', address(to)), row('Subject', h('strong', {}, simple.Subject?.Data ?? ''))),
    frame || null,
    frame && words ? h('details', { class: 'part' }, h('summary', {}, 'Text part'), words) : words,
  );
}

/** An address that may wrap after the `@`. */
const address = (text) => String(text ?? '').split(/(?<=@)/).flatMap((part, at) => (at ? [h('wbr'), part] : [part]));

function push({ at, body, provider }) {
  const { title, body: text } = provider === 'fcm' ? (body?.message?.notification ?? {}) : alertOf(body);
  return h(
    'div',
    { class: 'phone' },
    h('div', { class: 'phone-time' }, clock(at, { seconds: false })),
    h(
      'div',
      { class: 'bubble' },
      h('div', { class: 'app' }, h('span', { class: 'app-icon', 'aria-hidden': 'true' }), 'Your app', h('span', { class: 'now' }, 'now')),
      title && h('strong', {}, title),
      h('p', {}, text ?? ''),
    ),
  );
}

function alertOf(body) {
  const alert = body?.aps?.alert;
  return typeof alert === 'string' ? { body: alert } : (alert ?? {});
}

function sms({ body, to }) {
  return h(
    'div',
    { class: 'sms' },
    h('p', { class: 'number' }, to ?? ''),
    h('p', { class: 'said' }, body?.MessageBody ?? ''),
  );
}

function inApp({ title, body, data, read }) {
  return h(
    'div',
    { class: 'inbox' },
    h('span', { class: 'dot', 'data-read': read ? 'yes' : 'no' }, h('span', { class: 'aside' }, read ? 'read' : 'unread')),
    h('div', {}, title && h('strong', {}, title), h('p', {}, body)),
    Object.keys(data ?? {}).length > 0 && h('pre', { class: 'json', tabindex: '0', 'aria-label': 'Data' }, JSON.stringify(data, null, 2)),
  );
}

function webhook({ body, to }) {
  const json = typeof body === 'string' ? body : JSON.stringify(body, null, 2);
  return h(
    'div',
    { class: 'webhook' },
    h('p', { class: 'number' }, h('b', {}, 'POST'), ' ', to ?? ''),
    h('pre', { class: 'json', tabindex: '0', 'aria-label': 'Body of the webhook' }, json),
  );
}

function slack({ at, body, to }) {
  const blocks = Array.isArray(body?.blocks) && body.blocks.length ? body.blocks.map(block) : [h('p', {}, mrkdwn(body?.text ?? ''))];
  return h(
    'div',
    { class: 'slack' },
    h('span', { class: 'avatar', 'aria-hidden': 'true' }),
    h('div', {}, h('p', { class: 'by' }, h('b', {}, 'Tidings'), h('span', { class: 'bot' }, 'APP'), clock(at, { seconds: false }), to && ` in ${to}`), blocks),
  );
}

/** A block of Slack's Block Kit, in a plain form. Unknown blocks are shown as JSON. */
function block(one) {
  const textOf = (part) => (part?.type === 'mrkdwn' ? mrkdwn(part.text ?? '') : [part?.text ?? '']);
  switch (one?.type) {
    case 'header':
      return h('p', { class: 'block-header' }, textOf(one.text));
    case 'section':
      return h('div', {}, one.text && h('p', {}, textOf(one.text)), (one.fields ?? []).map((field) => h('p', { class: 'part' }, textOf(field))));
    case 'context':
      return h('p', { class: 'hint' }, (one.elements ?? []).flatMap((part) => [...textOf(part), ' ']));
    case 'divider':
      return h('hr');
    default:
      return h('pre', { class: 'json', tabindex: '0', 'aria-label': 'A block' }, JSON.stringify(one, null, 2));
  }
}

const MARKS = { '*': 'b', _: 'i', '~': 's', '`': 'code' };

/** Slack's mark-up as elements: bold, italic, struck, code, links. Everything else stays text. */
export function mrkdwn(text) {
  const pattern = /<((?:https?:|mailto:|tel:|[@#!])[^<>]*)>|(^|[\s(])([*_~`])([^\s*_~`](?:[^\n]*?[^\s])?)\3(?=$|[\s).,:;!?])/gm;
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    const [whole, link, before, mark, inner] = match;
    nodes.push(unescaped(text.slice(at, match.index)));
    if (link) nodes.push(linkOf(link));
    else nodes.push(before, h(MARKS[mark], {}, mark === '`' ? unescaped(inner) : mrkdwn(inner)));
    at = match.index + whole.length;
  }
  nodes.push(unescaped(text.slice(at)));
  return nodes.filter((node) => node !== '');
}

/** A link that is shown and cannot be followed, because others wrote it. */
function linkOf(link) {
  const [target, label] = link.split('|');
  return h('span', { class: 'url', title: unescaped(target) }, unescaped(label ?? target));
}

const unescaped = (text) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
