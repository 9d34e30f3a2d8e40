// Fills the demo's tokens, keys and session into the page `/docs`, with one click. Only the local stack adds this script.

/** The page's own names of what is filled in, beside the bearer token, and where `GET /_local` has each. */
const KEYS = {
  notiflowsApiKey: ({ notiflows }) => notiflows.api_key,
  notiflowsSecretKey: ({ notiflows }) => notiflows.secret_key,
  notiflowsUserKey: ({ notiflows }) => notiflows.user_key,
  preferencesToken: ({ links }) => links.preferences_token,
  unsubscribeToken: ({ links }) => links.unsubscribe_token,
};

const STYLE = `
  .demo { padding: 12px 20px; font: 14px/1.5 system-ui, sans-serif; background: #e8f1fb; color: #1d2a38 }
  .demo p { margin: 0 0 6px }
  .demo p:last-child { min-height: 1.5em; margin: 6px 0 0 }
  .demo ul { display: flex; flex-wrap: wrap; gap: 8px; margin: 0; padding: 0; list-style: none }
  .demo button { min-height: 30px; padding: 2px 12px; font: inherit; color: inherit; background: #fff; border: 1px solid #5b7a9b; border-radius: 4px; cursor: pointer }
  .demo button[aria-pressed=true] { background: #1f5fb0; border-color: #1f5fb0; color: #fff }
  html.dark-mode .demo { background: #16283b; color: #e4e6e6 }
  html.dark-mode .demo button { background: #1c2022 }
  html.dark-mode .demo button[aria-pressed=true] { background: #7db4ff; border-color: #7db4ff; color: #10151b }
`;

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** Waits until the page knows the document, and with it how each token is sent. */
function loaded() {
  const isLoaded = () => ui.specSelectors.loadingStatus() === 'success';
  return new Promise((resolve) => {
    if (isLoaded()) return resolve();
    const stop = ui.getStore().subscribe(() => {
      if (isLoaded()) {
        stop();
        resolve();
      }
    });
  });
}

/** What names in the document have in place of the organisation's id. */
const PLACE = '{fedmemberid}';

/** Akana's session: the demo's user has one, and everybody else gets the one of the organisation's site admin. */
function sessionOf(who, { akana }) {
  const { csrf_header: header } = akana;
  return who === 'user'
    ? { header, cookie: akana.cookie, csrf: akana.csrf_token, whose: 'the user' }
    : { header, cookie: akana.admin_cookie, csrf: akana.admin_csrf_token, whose: 'the site admin' };
}

/** No page can send a cookie by itself, so the session is the browser's. A header's name has the organisation's id in it. */
async function enter({ cookie, csrf, header }) {
  const keep = () => {
    for (const pair of cookie.split('; ')) document.cookie = `${pair}; path=/; samesite=lax`;
  };
  keep();
  // A page cannot write over the cookie of somebody who has logged in. A log-out clears it.
  if (!document.cookie.includes(csrf) || !document.cookie.includes('AtmoAuthToken_')) {
    await fetch('api/login/logout', { method: 'POST' });
    keep();
  }
  ui.preauthorizeApiKey('akanaSession', cookie);
  ui.preauthorizeApiKey('akanaCsrf', csrf);
  // The command that the page shows is what is sent, so it has the same names, and the cookie as well.
  ui.getConfigs().requestInterceptor = (request) => {
    const headers = Object.entries(request.headers ?? {}).map(([name, value]) => {
      if (name.toLowerCase() === 'cookie') return [name, cookie];
      return name.endsWith(PLACE) ? [header, value] : [name, value];
    });
    request.headers = Object.fromEntries(headers);
    return request;
  };
}

/** Fills in what a person of the demo has. Returns whose session of Akana it is. */
async function fillIn(who) {
  // The tokens expire, so each click gets new ones.
  const demo = await (await fetch('_local')).json();
  await loaded();
  ui.preauthorizeApiKey('bearer', demo.bearer[who]);
  for (const [name, of] of Object.entries(KEYS)) ui.preauthorizeApiKey(name, of(demo));
  const session = sessionOf(who, demo);
  await enter(session);
  return session.whose;
}

const described = await (await fetch('_local')).json();
const said = element('p', {});
said.setAttribute('role', 'status');
const people = Object.keys(described.bearer).map((who) => {
  const button = element('button', { type: 'button' }, who.replaceAll('_', ' '));
  button.setAttribute('aria-pressed', 'false');
  button.addEventListener('click', async () => {
    const whose = await fillIn(who);
    for (const other of people) other.setAttribute('aria-pressed', String(other === button));
    said.textContent = `Filled in: the token of ${button.textContent}, Notiflows' keys, the links' tokens, and Akana's session of ${whose}.`;
  });
  return button;
});
const bar = element('aside', { className: 'demo' },
  element('style', {}, STYLE),
  element('p', {}, `The local stack's demo. Try the requests as (the user's id is ${described.users.user}, in Akana's dialect ${described.akana.user_id}):`),
  element('ul', {}, ...people.map((button) => element('li', {}, button))),
  said);
bar.setAttribute('aria-label', 'The demo of the local stack');
document.body.prepend(bar);
