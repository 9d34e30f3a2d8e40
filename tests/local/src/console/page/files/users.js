// Everybody in the table, for the choice of a user.

import { all } from './ask.js';
import { h } from './dom.js';
import { fill } from './forms.js';

/** How long the list is used, in milliseconds. */
const FRESH = 10_000;

let known;

/** All users, newest first, as the API shows them. */
export function users() {
  if (!known || Date.now() - known.at > FRESH) known = { at: Date.now(), promise: all('/api/v1/users', { as: 'admin' }, 1000) };
  return known.promise;
}

/** A user's name. */
export const nameOf = ({ name, email, id }) => name ?? email ?? id;

/** A select of all users, by name. `first` are options before them. The demo's own users come first. */
export function userSelect(attributes, { value = '', first = [] } = {}) {
  const element = h('select', attributes);
  fill(element, [...first, ...(value ? [[value, value]] : [])]);
  if (value) element.value = value;
  const ready = users().then((list) => {
    const options = [...list].reverse().map((user) => [user.id, user.email && user.name ? `${user.name} · ${user.email}` : nameOf(user)]);
    // The URL may name somebody who is not among them.
    const other = value && !options.some(([id]) => id === value) ? [[value, value]] : [];
    fill(element, [...first, ...other, ...options]);
  });
  ready.catch(() => {
    // What asks next says why.
  });
  return Object.assign(element, { ready });
}
