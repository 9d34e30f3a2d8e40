// Saves each change as it is made. Without this the page is a plain form with a button.

const form = document.getElementById('centre');
const status = document.getElementById('status');
const last = document.getElementById('last');
const here = document.getElementById('here');

// What a part held when it was last saved.
const held = new Map();
const controls = (part) => [...part.querySelectorAll('input:not([type=hidden]), select')];
const state = (part) => controls(part).map((control) => [control, control.checked, control.value]);
const putBack = (part) => {
  for (const [control, checked, value] of held.get(part)) {
    if (control.type === 'checkbox') control.checked = checked;
    else control.value = value;
  }
};

let fading;
const say = (text, { stays = false, bad = false } = {}) => {
  clearTimeout(fading);
  status.textContent = text;
  status.classList.toggle('bad', bad);
  if (!stays) fading = setTimeout(() => { status.textContent = ''; }, 4000);
};

const fields = (part, more) => {
  const body = new URLSearchParams(more);
  for (const control of part.querySelectorAll('input, select')) {
    if (control.type !== 'checkbox' || control.checked) body.append(control.name, control.value);
  }
  return body;
};

// Beside each control what is wrong with it, or nothing.
const mark = (part, faults) => {
  for (const place of part.querySelectorAll('.fault')) {
    const name = place.id.slice('fault.'.length);
    place.textContent = faults[name] ?? '';
    for (const control of controls(part).filter((control) => control.name === name)) {
      if (faults[name]) control.setAttribute('aria-invalid', 'true');
      else control.removeAttribute('aria-invalid');
    }
  }
};

const agreed = () => new Promise((resolve) => {
  last.returnValue = '';
  last.addEventListener('close', () => resolve(last.returnValue === 'off'), { once: true });
  last.showModal();
});

const send = async (part, more = {}) => {
  say(form.dataset.saving, { stays: true });
  const sent = state(part);
  let told;
  try {
    const answer = await fetch(form.action, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: fields(part, more),
    });
    told = await answer.json();
  } catch {
    // No answer, or none of ours.
    told = {};
  }
  if (told.saved) {
    for (const [name, value] of Object.entries(told.was)) {
      for (const was of part.querySelectorAll('input[type=hidden]')) if (was.name === `was.${name}`) was.value = value;
    }
    mark(part, {});
    held.set(part, sent);
    say(form.dataset.saved);
    if (part.dataset.part === 'language') location.reload();
  } else if (told.confirm) {
    say('');
    if (await agreed()) await send(part, { confirm: told.confirm });
    else putBack(part);
  } else if (told.errors) {
    mark(part, told.errors);
    say(form.dataset.faults, { stays: true, bad: true });
  } else {
    putBack(part);
    say(told.message ?? form.dataset.failed, { stays: true, bad: true });
  }
};

// One after the other: each carries what the one before has left.
let queue = Promise.resolve();
const save = (part) => { queue = queue.then(() => send(part)); };

document.documentElement.classList.add('live');
for (const part of form.querySelectorAll('[data-part]')) {
  held.set(part, state(part));
  part.addEventListener('change', () => save(part));
}
form.addEventListener('submit', (event) => event.preventDefault());

// The zone of the device, where it is one of ours and another than the chosen one. A browser may know it by an old name, and says by
// that name also what it is asked by a new one.
const zones = document.getElementById('timezone');
const named = (timeZone) => {
  try {
    return Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
};
const device = Intl.DateTimeFormat().resolvedOptions().timeZone;
const listed = [...zones.querySelectorAll('optgroup option')].map((option) => option.value);
const zone = listed.includes(device) ? device : listed.find((value) => named(value) === device);
const offer = () => { here.hidden = !zone || zones.value === zone; };
here.textContent = here.dataset.text.replace('{}', (zone ?? '').split('/').pop().replaceAll('_', ' '));
here.addEventListener('click', () => {
  zones.value = zone;
  zones.dispatchEvent(new Event('change', { bubbles: true }));
  zones.focus();
  offer();
});
zones.addEventListener('change', offer);
offer();

// A page that shows this one in a frame may want to know how high it is.
if (window.parent !== window && 'embedded' in document.documentElement.dataset) {
  new ResizeObserver(() => {
    const { height } = document.body.getBoundingClientRect();
    window.parent.postMessage({ type: 'tidings:height', height: Math.ceil(height) }, '*');
  }).observe(document.body);
}
