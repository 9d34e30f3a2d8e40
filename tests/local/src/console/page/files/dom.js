// Makes elements from data. All content of messages becomes text: nothing here parses HTML.

const SVG = 'http://www.w3.org/2000/svg';

/** An element with attributes, listeners (`onclick`) and children; `null` and `false` are skipped. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const ICONS = {
  email: 'M3 7l9 6 9-6M4.500 5h15A1.500 1.500 0 0 1 21 6.500v11a1.500 1.500 0 0 1-1.500 1.500h-15A1.500 1.500 0 0 1 3 17.500v-11A1.500 1.500 0 0 1 4.500 5Z',
  push: 'M6 16V11a6 6 0 0 1 12 0v5l1.500 2h-15L6 16ZM10 20.500a2.200 2.200 0 0 0 4 0',
  sms: 'M4 5h16v11H11l-4.500 4V16H4V5ZM8 9h8M8 12h5',
  slack: 'M9 3v18M15 3v18M3 9h18M3 15h18',
  in_app: 'M4 13l2-8h12l2 8v6H4v-6ZM4 13h5a3 3 0 0 0 6 0h5',
  pass: 'M5 12.500l4.500 4.500L19 7.500',
  stop: 'M6 6l12 12M18 6L6 18',
  waived: 'M5 12h14M13 6l6 6-6 6',
};

/** An icon beside a text with the same meaning. It is hidden from screen readers. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name] ?? ICONS.push);
  svg.append(path);
  return svg;
}

/** The time as `14:03:09`, in the reader's own time zone. */
export function clock(at, { seconds = true } = {}) {
  const options = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...(seconds ? { second: '2-digit' } : {}) };
  return h('time', { datetime: at }, new Date(at).toLocaleTimeString([], options));
}

/** A channel's name for people. */
export const channelName = (channel) =>
  ({ email: 'Email', push: 'Push', sms: 'SMS', slack: 'Slack', in_app: 'In-app' })[channel] ?? channel;

/** A name such as `provider_unavailable` as words. */
export const words = (name) => String(name ?? '').replaceAll('_', ' ');

let pending = [];

/** Announces a text to screen readers, together with other texts of the same moment. */
export function announce(text) {
  pending.push(text);
  if (pending.length > 1) return;
  setTimeout(() => {
    document.getElementById('announcements').textContent = pending.join('. ');
    pending = [];
  }, 250);
}

/** Sends a request to the stack. Returns the JSON of the answer, and throws errors as a sentence. */
export async function ask(method, path, { body, token } = {}) {
  const headers = {};
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (token) headers.authorization = `Bearer ${token}`;
  const response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await response.text();
  let answer = null;
  try {
    answer = JSON.parse(text);
  } catch {
    // Not every answer has a body.
  }
  if (response.ok) return answer;
  const said = [answer?.message, ...(answer?.errors ?? [])].filter(Boolean).join(': ');
  throw new Error(said || `${method} ${path} was answered with ${response.status}`);
}

/** A new token. */
export const token = async (who) => (await ask('GET', '/_local')).bearer[who];
