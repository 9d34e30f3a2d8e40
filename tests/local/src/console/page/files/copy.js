// Copies a text, and writes a request as a command for a shell.

import { announce, h } from './dom.js';

/** A button that copies what `text()` returns. Where the browser does not let it, the text is shown instead. */
export function copyButton(label, text) {
  const button = h('button', { type: 'button' }, label);
  button.addEventListener('click', async () => {
    const value = await text();
    try {
      await navigator.clipboard.writeText(value);
      button.textContent = 'Copied';
      announce('Copied');
      setTimeout(() => (button.textContent = label), 1500);
    } catch {
      const shown = h('textarea', { class: 'copied', readonly: true, rows: 6, 'aria-label': label }, value);
      button.after(shown);
      shown.select();
    }
  });
  return button;
}

/** The body of `POST /api/v1/notifications` that asks for the same again. Times that are over are left out. */
export function requestFor(notification) {
  const { content, critical, deliveries, group, metadata, priority, user_id } = notification;
  const request = { user_id, channels: deliveries.map(({ channel }) => channel) };
  if (content?.template) Object.assign(request, { template_code: content.template.template_code, variables: content.template.variables });
  else request.content = content?.inline ?? {};
  if (group) request.category = group;
  if (critical) request.critical = true;
  if (priority !== 3) request.priority = priority;
  if (Object.keys(metadata ?? {}).length) request.metadata = metadata;
  if (notification.at_most_once) request.at_most_once = true;
  for (const name of ['send_at', 'expires_at']) {
    if (notification[name] && Date.parse(notification[name]) > Date.now()) request[name] = notification[name];
  }
  return request;
}

const quoted = (text) => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** The request that sends such a notification, as a command. */
export const curl = (notification) => command('/api/v1/notifications', requestFor(notification));

/** The request for such a run, as a command. Times that are over are left out. */
export function runCurl(request) {
  const times = ['send_at', 'expires_at'];
  const wanted = Object.entries(request).filter(([name, value]) => !times.includes(name) || Date.parse(value) > Date.now());
  return command('/api/v1/runs', Object.fromEntries(wanted));
}

/** The token is a variable of the shell, which `GET /_local/env` sets. */
function command(path, body) {
  const request = JSON.stringify(body, null, 2);
  return `# eval "$(curl -s ${location.origin}/_local/env)" sets the token
curl -X POST ${location.origin}${path} \\
  -H "Authorization: Bearer $BEARER_SERVICE" -H "Content-Type: application/json" \\
  -d ${quoted(request)}
`;
}
