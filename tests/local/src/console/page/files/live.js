// Follows the stack's events.

const link = document.getElementById('link');

function say(state, text) {
  link.dataset.state = state;
  link.textContent = text;
}

/** Calls `listeners.NAME(data)` for each event, and shows whether the stack is there. */
export function follow(listeners) {
  const events = new EventSource('/_local/ui/events');
  events.addEventListener('open', () => say('live', 'Live'));
  events.addEventListener('error', () => say('lost', 'Not connected'));
  for (const [name, listener] of Object.entries(listeners)) {
    events.addEventListener(name, ({ data }) => listener(JSON.parse(data)));
  }
}

/** Calls `work` once for many calls that come close together. Returns the function to call, which has `cancel`. */
export function together(work, wait = 150) {
  let timer;
  const soon = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      work();
    }, wait);
  };
  soon.cancel = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  return soon;
}
