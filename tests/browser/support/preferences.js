// Shared by the tests of the preference centre: a user with a link, and the page's controls.

import assert from 'node:assert/strict';

import { call, demo, done, newUser } from './stack.js';

/** The page's title in each language. */
export const LANGUAGES = { en: 'Notification preferences', de: 'Benachrichtigungen', fr: 'Préférences de notification', es: 'Preferencias de notificación' };

/** Every channel but email, switched off. */
export const others = { push: false, sms: false, slack: false, in_app: false };

/** A new user with a link: `{id, link, switches(), sets(), channels(), stored()}`. */
export async function visitor() {
  const { id } = await newUser();
  const { bearer } = await demo();
  const { data } = await done('POST', `/api/v1/users/${id}/preference-link`, { token: bearer.service });
  const get = async (path) => (await call('GET', `/api/v1/users/${id}${path}`, { token: bearer.admin })).body;
  return {
    id,
    link: data.url,
    switches: (preferences) => done('PUT', `/api/v1/users/${id}/preferences`, { token: bearer.admin, body: { preferences } }),
    sets: (display) => done('PATCH', `/api/v1/users/${id}/preferences`, { token: bearer.admin, body: display }),
    channels: async () => (await get('')).preferences,
    stored: async () => (await get('/export')).user,
  };
}

/** The switch with this name. */
export const control = (page, name) => page.getByRole('switch', { name, exact: true });

/** Waits until the page's status is `text`. */
export const says = async (page, text) => {
  const status = page.getByRole('status');
  await page.waitForFunction(([text]) => document.getElementById('status').textContent === text, [text]);
  assert.equal(await status.textContent(), text);
};
