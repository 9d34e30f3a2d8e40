// Every view has a URL: `/_local/ui/VIEW/NAME?FILTERS`. A link within the page changes the view without loading the page again.

const ROOT = '/_local/ui';
const DEFAULT = 'notifications';

/** Where the page is: `{view, name, query}`; `query` is an object of the parameters that are not empty. */
export function here() {
  const [view = DEFAULT, ...rest] = location.pathname.slice(ROOT.length).split('/').filter(Boolean);
  const query = Object.fromEntries([...new URLSearchParams(location.search)].filter(([, value]) => value !== ''));
  return { view, name: rest.length ? decodeURIComponent(rest.join('/')) : null, query };
}

/** The URL of a view. Parameters that are empty, `null` or `undefined` are left out. */
export function to(view, name = null, query = {}) {
  const path = view === DEFAULT ? ROOT : `${ROOT}/${view}${name === null ? '' : `/${encodeURIComponent(name)}`}`;
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const search = new URLSearchParams(given).toString();
  return search ? `${path}?${search}` : path;
}

const listeners = [];

/** Calls `listener(at)` after each move. */
export const onMove = (listener) => listeners.push(listener);

const tell = () => {
  const at = here();
  for (const listener of listeners) listener(at);
};

/** Goes to a URL of this page. With `replace` there is no way back to where the page was. */
export function go(url, { replace = false } = {}) {
  if (url === location.pathname + location.search) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', url);
  tell();
}

/** Changes the URL only: the view has shown it already. */
export const note = (url) => history.replaceState(null, '', url);

addEventListener('popstate', tell);

document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[href]');
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !isPlain || event.defaultPrevented || link.target || link.origin !== location.origin) return;
  const isOwn = link.pathname === ROOT || link.pathname.startsWith(`${ROOT}/`);
  // A link to a place on this page is the browser's.
  if (!isOwn || (link.hash && link.pathname === location.pathname)) return;
  event.preventDefault();
  go(link.pathname + link.search);
});
