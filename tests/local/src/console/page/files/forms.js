// Parts of forms, and buttons that tell what came of them.

import { announce, h } from './dom.js';

/** A label with its control: `[element, control]`. */
export function field(label, control, hint) {
  return h('label', { class: 'field' }, h('span', {}, label), control, hint && h('span', { class: 'hint' }, hint));
}

/** A select with `[value, label]` options. */
export function select(attributes, options, value) {
  const element = h('select', attributes);
  fill(element, options);
  if (value !== undefined && value !== null) element.value = value;
  return element;
}

/** Sets the options of a select, and keeps what was chosen if it is still there. */
export function fill(element, options) {
  const before = element.value;
  element.replaceChildren(...options.map(([value, label]) => h('option', { value }, label)));
  if (options.some(([value]) => value === before)) element.value = before;
}

/** Where a form says what went wrong. */
export const problem = () => h('p', { class: 'problem', role: 'alert' });

/** Runs `work`, and tells the result: `done` is a sentence, or makes one of the answer. The error goes into `where`. */
export async function act(work, done, where) {
  try {
    const answer = await work();
    where.textContent = '';
    if (done) announce(typeof done === 'function' ? done(answer) : done);
    return answer;
  } catch (error) {
    where.textContent = error.message;
    return undefined;
  }
}

/** A button that cannot be pressed twice while it works. */
export function button(label, work, attributes = {}) {
  const element = h('button', { type: 'button', ...attributes }, label);
  element.addEventListener('click', async () => {
    element.disabled = true;
    try {
      await work();
    } finally {
      element.disabled = false;
    }
  });
  return element;
}

/** The object of a JSON text; throws a sentence. An empty text is an empty object. */
export function object(text) {
  let value;
  try {
    value = text.trim() === '' ? {} : JSON.parse(text);
  } catch (error) {
    throw new Error(`The variables are no JSON: ${error.message}`);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new Error('The variables must be a JSON object');
  return value;
}
