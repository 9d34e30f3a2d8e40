// Requests to the API and to the stack's own routes.

/** Marks the page's own requests, so that the log of requests can leave them out. */
const OWN = { 'x-tidings-page': '1' };
/** How long tokens are used, in milliseconds. They are valid for an hour. */
const FRESH = 30 * 60 * 1000;

let known;

/** The demo's tokens, ids and keys. They never leave this module but in a request's headers. */
export async function demo() {
  if (!known || Date.now() - known.at > FRESH) {
    const promise = ask('GET', '/_local');
    known = { at: Date.now(), promise };
    promise.catch(() => (known = undefined));
  }
  return known.promise;
}

/**
 * Sends a request. `as` names whose token it has (`admin`, `service`); `keys` sends the key pair of Notiflows' dialect. Returns the
 * JSON of the answer, and throws an error whose message is a sentence.
 */
export async function ask(method, path, { as, body, keys = false } = {}) {
  const headers = { ...OWN };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (as) headers.authorization = `Bearer ${(await demo()).bearer[as]}`;
  if (keys) {
    const { notiflows } = await demo();
    headers['x-notiflows-api-key'] = notiflows.api_key;
    headers['x-notiflows-secret-key'] = notiflows.secret_key;
  }
  const response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await response.text();
  let answer = null;
  try {
    answer = JSON.parse(text);
  } catch {
    // Not every answer has a body.
  }
  if (response.ok) return answer;
  const faults = (answer?.error?.details?.fields ?? []).map(({ field, message }) => `${field}: ${message}`);
  const said = [answer?.message ?? answer?.error?.message, ...(answer?.errors ?? []), ...faults].filter(Boolean).join(': ');
  throw new Error(said || `${method} ${path} was answered with ${response.status}`);
}

/** All items of a list of the API, page by page, at most `most`. */
export async function all(path, options, most = 500) {
  const items = [];
  for (let after; items.length < most; ) {
    const query = new URLSearchParams({ limit: '100', ...(after ? { after } : {}) });
    const answer = await ask('GET', `${path}?${query}`, options);
    const page = answer?.data ?? answer;
    items.push(...page.items);
    after = page.page?.after;
    if (!after || page.items.length === 0) break;
  }
  return items;
}
