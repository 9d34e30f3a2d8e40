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
  bell: 'M6 16V11a6 6 0 0 1 12 0v5l1.500 2h-15L6 16ZM10 20.500a2.200 2.200 0 0 0 4 0',
  send: 'M4 12l16-8-6 16-3-6-7-2Z',
  users: 'M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7ZM2.500 20c.5-4 3-6 6.500-6s6 2 6.500 6M16 4.500a3.500 3.500 0 0 1 0 6.500M18 14.500c2 .7 3.200 2.500 3.500 5.500',
  template: 'M5 3h9l5 5v13H5V3ZM14 3v5h5M8.500 13h7M8.500 16.500h5',
  topic: 'M4 11v4h3l7 4V7l-7 4H4ZM17.500 9.500a5 5 0 0 1 0 7',
  run: 'M4 12h5M9 12l6-7h5M9 12h11M9 12l6 7h5',
  requests: 'M4 6h16M4 12h16M4 18h10',
  letter: 'M4 5h16v14H4V5ZM9 9l6 6M15 9l-6 6',
  plug: 'M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0V8ZM12 17v4',
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

/** The time as `14:03:09` in the reader's own time zone, and with its day if that is not today. */
export function clock(at, { seconds = true } = {}) {
  const time = new Date(at);
  const options = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...(seconds ? { second: '2-digit' } : {}) };
  const [now, year] = [new Date(), time.getFullYear()];
  const date = { day: 'numeric', month: 'short', ...(year === now.getFullYear() ? {} : { year: 'numeric' }) };
  const day = time.toDateString() === now.toDateString() ? '' : `${time.toLocaleDateString([], date)} `;
  return h('time', { datetime: at, title: time.toLocaleString() }, day + time.toLocaleTimeString([], options));
}

/** A badge with a state. */
export const badge = (status) => h('span', { class: 'badge', 'data-status': status }, words(status));

/** The heading of a view, with what stands beside it. */
export const heading = (title, ...beside) => h('header', { class: 'heading' }, h('h1', {}, title), ...beside);

/** A sentence where there is nothing to show. */
export const nothing = (text) => h('p', { class: 'nothing' }, text);

/** A text that can be long, which the keyboard can scroll. */
export const source = (label, text) => h('pre', { class: 'source', tabindex: '0', role: 'region', 'aria-label': label }, text);

/** JSON for people. */
export const json = (label, value) => source(label, JSON.stringify(value, null, 2));

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
