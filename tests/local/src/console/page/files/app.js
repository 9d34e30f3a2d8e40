// Shows the view that the URL names, and passes it what the stack tells.

import { follow } from './live.js';
import { here, onMove } from './router.js';
import { markView, showState } from './shell.js';
import * as deadLetters from './views/dead-letters.js';
import * as inbox from './views/inbox.js';
import * as notifications from './views/notifications.js';
import * as providers from './views/providers.js';
import * as requests from './views/requests.js';
import * as runs from './views/runs.js';
import * as send from './views/send.js';
import * as templates from './views/templates.js';
import * as topics from './views/topics.js';
import * as users from './views/users.js';

const VIEWS = { notifications, send, users, templates, inbox, topics, runs, requests, 'dead-letters': deadLetters, providers };

const main = document.getElementById('main');
let view;
let shown;
let state;

/**
 * A view is a module with a `title` and with `open(root, at)`, which returns what it listens to, each optional: `moved(at)` when
 * only the query or the name in the URL has changed, `notification(data)`, `state(state)`, `requests()`, `runs()`, and `close()`.
 */
function show(at, { isFirst = false } = {}) {
  const wanted = VIEWS[at.view] ?? notifications;
  markView(at.view);
  if (wanted === view && shown?.moved) {
    shown.moved(at);
    return;
  }
  shown?.close?.();
  view = wanted;
  main.replaceChildren();
  document.title = `${wanted.title} · Tidings local stack`;
  shown = wanted.open(main, at);
  if (state) shown?.state?.(state);
  if (isFirst) return;
  // A reader of the screen hears where the link has led.
  const heading = main.querySelector('h1');
  heading?.setAttribute('tabindex', '-1');
  heading?.focus({ preventScroll: true });
  scrollTo(0, 0);
}

onMove((at) => show(at));
show(here(), { isFirst: true });

follow({
  notification: (data) => shown?.notification?.(data),
  requests: () => shown?.requests?.(),
  runs: () => shown?.runs?.(),
  state: (data) => {
    state = data;
    showState(data);
    shown?.state?.(data);
  },
});
