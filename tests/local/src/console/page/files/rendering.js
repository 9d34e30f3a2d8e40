// A template as a recipient would read it, by the API's `render`. Nothing is sent.

import { ask } from './ask.js';
import { h, source } from './dom.js';
import { preview } from './previews.js';

/** The provider whose message a channel's content looks like, and its body. */
const AS_SENT = {
  email: ({ subject, text, html }) => ({
    provider: 'ses',
    body: { Content: { Simple: { Subject: { Data: subject }, Body: { ...(text && { Text: { Data: text } }), ...(html && { Html: { Data: html } }) } } } },
  }),
  push: ({ title, body }) => ({ provider: 'fcm', body: { message: { notification: { title, body } } } }),
  sms: ({ text }) => ({ provider: 'sms', body: { MessageBody: text } }),
  slack: ({ text, blocks }) => ({ provider: 'slack', body: { text, blocks } }),
};

/** Renders: `{channel, language, content}`; `content` is that of the channel. */
export async function render(code, { channel, variables, user, language }) {
  const body = { channel, variables, ...(user && { user_id: user }), ...(language && { language }) };
  const answer = await ask('POST', `/api/v1/templates/${encodeURIComponent(code)}/render`, { as: 'service', body });
  return { ...answer, content: answer.content[channel] ?? answer.content };
}

/** An element that shows what was rendered. An email's HTML is kept by the stack, so that a frame can show it. */
export async function rendered({ channel, content }) {
  const at = new Date().toISOString();
  if (channel === 'in_app') return preview({ channel, entry: { ...content, data: content.data ?? {}, read: false } });
  const request = { at, to: '', response: { status: 200 }, ...AS_SENT[channel]?.(content) };
  if (content.html) request.frame = `/_local/ui/data/drafts/${(await ask('POST', '/_local/ui/data/drafts', { body: { html: content.html } })).id}`;
  return preview({ channel, requests: [request] }) ?? h('div');
}

/** What was rendered, as text: the parts by name. */
export const parts = (content) =>
  Object.entries(content)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => h('details', {}, h('summary', {}, name), source(name, typeof value === 'string' ? value : JSON.stringify(value, null, 2))));
