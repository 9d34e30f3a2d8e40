// Shared by the tests of the local stack's page: opening a view, sending by the form, and what the page shows then.

import assert from 'node:assert/strict';
import { beforeEach } from 'node:test';

import { accessibleInBothSchemes } from './axe.js';
import { answers, demo, done, notify } from './stack.js';

/** Every channel, switched on. */
const ON = { email: true, push: true, sms: true, slack: true, in_app: true };

/** The demo's users. Before each test of a file, the providers' answers and the first user's channels are those of a new stack. */
export function usePeople() {
  const people = {};
  beforeEach(async () => {
    const { bearer, users } = await demo();
    Object.assign(people, users);
    for (const provider of ['ses', 'fcm', 'apns', 'slack', 'sms', 'webhook']) await answers(provider);
    await done('PUT', `/api/v1/users/${people.user}/preferences`, { token: bearer.admin, body: { preferences: ON } });
  });
  return people;
}

/** The browser reports when it blocks a script in an email, and when variables of a template are missing. Neither is a fault. */
const EMAILS = /\/_local\/ui\/(emails|data\/drafts)\/|\/render\b/;

/** Opens a view, such as `/send?template=welcome`, and waits until it follows the stack. */
export async function open(browser, view = '', options = {}) {
  const page = await browser.page({ tolerate: EMAILS, ...options });
  await page.goto(`/_local/ui${view}`);
  await page.getByText('Live', { exact: true }).waitFor();
  return page;
}

/** Goes to a view by its link. */
export const goTo = (page, name) => page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name }).click();

/** Fills the form, presses Send, and waits for the notification's detail. Returns `{id, detail}`. */
export async function send(page, { channel = 'email', title, body, when, critical = false } = {}) {
  await goTo(page, 'Send');
  const form = page.locator('#send');
  await form.locator('[name=channel]').selectOption(channel);
  await form.locator('select[name=template] option').first().waitFor({ state: 'attached' });
  await form.locator('select[name=to] option').first().waitFor({ state: 'attached' });
  await form.locator('[name=to]').selectOption({ label: 'John Doe · john.doe@example.com' });
  if (title) {
    await form.locator('[name=words][value=own]').check();
    await form.locator('[name=title]').fill(title);
    await form.locator('[name=body]').fill(body ?? title);
  } else {
    await form.locator('[name=words][value=template]').check();
    await form.locator('select[name=template]').selectOption('welcome');
  }
  await form.locator('[name=when]').selectOption(when ?? '0');
  await form.getByRole('checkbox', { name: /Critical/ }).setChecked(critical);
  const accepted = page.waitForResponse((response) => response.url().endsWith('/api/v1/notifications'));
  await form.getByRole('button', { name: 'Send' }).click();
  const { data } = await (await accepted).json();
  return { id: data.notification_id, detail: await detailOf(page, data.notification_id) };
}

/** The detail of the notification, once it is shown. */
export async function detailOf(page, id) {
  const detail = page.locator(`article.detail[data-id="${id}"]`);
  await detail.waitFor();
  return detail;
}

/** Waits until the badge of the delivery that is shown has this status. */
export const says = (detail, status) => detail.locator(`.state > .badge[data-status="${status}"]`).waitFor();

/** Shows a part of the delivery. */
export const show = (detail, part) => detail.getByRole('navigation', { name: /^Parts of/ }).getByRole('link', { name: new RegExp(`^${part}`) }).click();

/** Sends as an application, and waits until the page's list has it. */
export async function listed(page, body) {
  const id = await notify(body);
  await page.locator(`.rows [data-id="${id}"]`).waitFor();
  return id;
}

/** Asserts that nothing sticks out of the page. */
export const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** Asserts that a view is accessible and fits, at each width. */
export async function fits(page) {
  for (const width of [1440, 800, 320]) {
    await page.setViewportSize({ width, height: 900 });
    assert.equal(await overflow(page), 0, `nothing sticks out of a page of ${width} pixels`);
    await accessibleInBothSchemes(page);
  }
  await page.setViewportSize({ width: 1280, height: 860 });
}
