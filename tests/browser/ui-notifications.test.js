// The list of notifications on the local stack's page: its filters, its URLs, and the detail of one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';

import { accessibleInBothSchemes } from './support/axe.js';
import { use } from './support/browser.js';
import { detailOf, listed, open, overflow, says, show, usePeople } from './support/console.js';
import { answers, demo, done, eventually, newUser, notify, settled } from './support/stack.js';

const browser = use();
const people = usePeople();

/** A word that no other notification has. */
const word = () => `w${crypto.randomUUID().replaceAll('-', '')}`;
const push = (title, more = {}) => ({ user_id: people.user, notification_type: 'push', content: { title, body: 'A text' }, ...more });
/** The notifications of the list, by their ids. */
const ids = (page) => page.locator('.rows a').evaluateAll((all) => all.map(({ dataset }) => dataset.id));
/** Waits until the list has these notifications and no others. Which of two is newer, their processes' clocks say differently. */
const has = (page, wanted) =>
  page.waitForFunction((wanted) => JSON.stringify([...document.querySelectorAll('.rows a')].map(({ dataset }) => dataset.id).sort()) === wanted, JSON.stringify([...wanted].sort()));
/** Waits until the list has so many. */
const counts = (page, wanted) => page.waitForFunction((wanted) => document.querySelectorAll('.rows a').length === wanted, wanted);

test('fifty fit into 2,500 pixels at each width, and older ones are on the next page', async () => {
  const { bearer } = await demo();
  const user = await newUser({ name: 'A Reader' });
  // Nothing is handed to a provider, whose rate other tests would feel.
  const preferences = { email: false, push: false, sms: false, slack: false, in_app: false };
  await done('PUT', `/api/v1/users/${user.id}/preferences`, { token: bearer.admin, body: { preferences } });
  const sent = [];
  for (let number = 0; number < 53; number += 1) {
    sent.push(await notify({ user_id: user.id, channels: ['email', 'push', 'sms', 'slack', 'in_app'], category: 'offers', content: { title: `Number ${number} ${'and more '.repeat(9)}`, body: 'A text' } }));
  }
  const page = await open(browser, `?user=${user.id}`);
  await counts(page, 50);
  const newest = await ids(page);
  for (const width of [1440, 800, 320]) {
    await page.setViewportSize({ width, height: 900 });
    const { height } = await page.locator('.rows').boundingBox();
    assert.ok(height <= 2500, `${height} pixels at a width of ${width}`);
    assert.equal(await overflow(page), 0);
  }
  await accessibleInBothSchemes(page);
  await page.getByRole('link', { name: 'Older' }).click();
  await counts(page, 3);
  assert.deepEqual([...(await ids(page)), ...newest].sort(), sent.sort());
  await page.getByRole('link', { name: 'Newest' }).click();
  await has(page, newest);
  // Fifty with one selected are no higher.
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.locator('.rows a').first().click();
  assert.ok((await page.locator('.rows').boundingBox()).height <= 2500);
});

test('each filter is in the URL, and the URL shows the same again', async () => {
  const [one, other] = [word(), word()];
  const category = `c-${word()}`;
  const page = await open(browser);
  await done('PUT', `/api/v1/users/${people.user}/preferences`, { token: (await demo()).bearer.admin, body: { preferences: { push: false } } });
  const skipped = await listed(page, push(one, { category }));
  await settled(skipped);
  const email = await listed(page, { ...push(one), notification_type: 'email', user_id: people.other_user });
  await settled(email);
  const third = await listed(page, { ...push(other), notification_type: 'email', user_id: people.other_user });
  await settled(third);

  const filters = page.getByRole('search', { name: 'Filters' });
  await filters.getByLabel('Text').fill(one.toUpperCase());
  await has(page, [email, skipped]);
  await filters.getByLabel('Channel').selectOption('push');
  await has(page, [skipped]);
  assert.deepEqual(Object.fromEntries(new URL(page.url()).searchParams), { text: one.toUpperCase(), channel: 'push' });
  await filters.getByLabel('Status').selectOption('sent');
  await page.getByText('No notification fits these filters.').waitFor();
  // Back is the filter before.
  await page.goBack();
  await has(page, [skipped]);
  assert.equal(await filters.getByLabel('Status').inputValue(), '');
  await page.reload();
  await has(page, [skipped]);
  assert.equal(await filters.getByLabel('Text').inputValue(), one.toUpperCase());
  await filters.getByRole('link', { name: 'Clear' }).click();
  await filters.getByLabel('Category').fill(category);
  await has(page, [skipped]);
  const isInUrl = (wanted) => page.waitForURL((url) => isDeepStrictEqual(Object.fromEntries(url.searchParams), wanted));
  await isInUrl({ category });
  await filters.getByLabel('Status').selectOption('skipped');
  await has(page, [skipped]);
  await isInUrl({ category, status: 'skipped' });
  await page.reload();
  await has(page, [skipped]);
  await filters.getByLabel('Status').selectOption('');
  await filters.getByLabel('Category').fill('');
  await filters.getByLabel('User').fill('jane.saoirse@');
  await filters.getByLabel('Text').fill(one);
  await has(page, [email]);
  await isInUrl({ user: 'jane.saoirse@', text: one });
  await page.reload();
  await has(page, [email]);
  // A reason is a text, too.
  await filters.getByLabel('User').fill('');
  await filters.getByLabel('Text').fill('channel_off');
  await eventually(async () => (await ids(page)).includes(skipped) && !(await ids(page)).includes(third), 'the list of what a reason stopped');
});

test('what was sent is found by its text, though it came from a template', async () => {
  const { bearer } = await demo();
  const found = word();
  const locales = { default: { push: { title: 'A title', body: `Rendered ${found} {{ n }}` } } };
  await done('PUT', '/api/v1/templates/found-by-text', { token: bearer.admin, body: { locales } });
  const id = await notify({ user_id: people.user, template_code: 'found-by-text', variables: { n: 1 } });
  await settled(id);
  const page = await open(browser, `?text=${found}`);
  await has(page, [id]);
  assert.match(await page.locator('.rows a').innerText(), /A title/);
});

test('a selection is in the URL with its filters, and the back button leaves it', async () => {
  const title = word();
  const id = await notify({ user_id: people.user, channels: ['email', 'push'], content: { title, body: 'A text' } });
  await settled(id);
  const missing = '00000000-0000-4000-8000-000000000000';
  const page = await open(browser, `?text=${title}`, { tolerate: new RegExp(`/(emails/|notifications/${missing})`) });
  await page.locator('.rows a').click();
  const detail = await detailOf(page, id);
  await detail.getByRole('navigation', { name: 'Deliveries' }).getByRole('link', { name: 'Push' }).click();
  await show(detail, 'Attempts');
  assert.deepEqual(Object.fromEntries(new URL(page.url()).searchParams), { text: title, id, delivery: 'push', part: 'attempts' });
  await page.reload();
  await (await detailOf(page, id)).locator('.attempts li').waitFor();
  assert.equal(await page.getByRole('search', { name: 'Filters' }).getByLabel('Text').inputValue(), title);
  assert.equal(await page.locator('.rows a[aria-current]').getAttribute('data-id'), id);
  for (let step = 0; step < 3; step += 1) await page.goBack();
  await page.locator('article.detail').waitFor({ state: 'detached' });
  await page.goto(`/_local/ui?id=${missing}`);
  await page.getByText('there is no such notification').waitFor();
});

test('on a narrow page the selected one takes the place of the list', async () => {
  const title = word();
  const id = await notify(push(title));
  await settled(id);
  const page = await open(browser, `?text=${title}`, { viewport: { width: 320, height: 800 } });
  await page.locator('.rows a').click();
  const detail = await detailOf(page, id);
  assert.equal(await page.locator('.rows').isVisible(), false);
  for (const part of ['Text', 'Headers', 'Decision', 'Attempts']) {
    await show(detail, part);
    await detail.locator(`.part[data-part="${part.toLowerCase()}"]`).waitFor();
    assert.equal(await overflow(page), 0, part);
  }
  await accessibleInBothSchemes(page);
  await detail.getByRole('link', { name: 'Back to the list' }).click();
  await has(page, [id]);
});

test('what waits for its next attempt has a countdown, and retry now does not wait', async () => {
  await answers('fcm', [{ status: 503, headers: { 'retry-after': '600' } }]);
  const id = await notify(push(word()));
  const page = await open(browser, `?id=${id}&part=attempts`);
  const detail = await detailOf(page, id);
  await says(detail, 'retrying');
  const left = detail.locator('.countdown .left');
  assert.match(await left.innerText(), /^in (9|10) min \d+ s$/);
  const before = await left.innerText();
  await page.waitForFunction((before) => document.querySelector('.countdown .left').textContent !== before, before);
  await accessibleInBothSchemes(page);
  await detail.getByRole('button', { name: 'Retry now' }).click();
  await says(detail, 'sent');
  assert.deepEqual(await detail.locator('.attempts li .answer').allInnerTexts(), ['503', '200']);
  assert.equal(await detail.getByRole('button', { name: 'Retry now' }).count(), 0);
});

test('a dead letter is retried from its notification', async () => {
  await answers('fcm', [{ status: 503, always: true }]);
  const id = await notify(push(word()));
  const page = await open(browser, `?id=${id}`);
  const detail = await detailOf(page, id);
  await says(detail, 'dead_lettered');
  await answers('fcm');
  const retry = detail.getByRole('button', { name: 'Retry now' });
  // The list of dead letters has it a moment after the delivery says so.
  await eventually(async () => {
    if (await retry.isVisible()) await retry.click({ timeout: 2000 }).catch(() => {});
    return detail.locator('.state > .badge[data-status="sent"]').isVisible();
  }, 'the retry');
});

test('it is copied as a command that asks for the same, without a token', async () => {
  const { bearer } = await demo();
  const title = `It's ${word()}`;
  const id = await notify(push(title, { critical: true, category: 'offers', metadata: { a: 1 } }));
  await settled(id);
  const page = await open(browser, `?id=${id}`, { permissions: ['clipboard-read', 'clipboard-write'] });
  const detail = await detailOf(page, id);
  await detail.getByRole('button', { name: 'Copy as curl' }).click();
  await page.getByRole('status').filter({ hasText: 'Copied' }).waitFor({ state: 'attached' });
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, /^curl -X POST http:\/\/127\.0\.0\.1:\d+\/api\/v1\/notifications/m);
  assert.ok(copied.includes('"Authorization: Bearer $BEARER_SERVICE"') && !copied.includes(bearer.service.slice(0, 20)));
  const body = JSON.parse(copied.slice(copied.indexOf("-d '") + 4, copied.lastIndexOf("'")).replaceAll("'\\''", "'"));
  assert.deepEqual(body, { user_id: people.user, channels: ['push'], content: { title, body: 'A text' }, category: 'offers', critical: true, metadata: { a: 1 } });
  await settled(await notify(body));
  await detail.getByRole('link', { name: 'Raw JSON' }).click();
  const raw = JSON.parse(await detail.locator('pre').innerText());
  assert.equal(raw.notification_id, id);
  await detail.getByRole('link', { name: 'Send one like it' }).click();
  await page.getByLabel('Title').waitFor();
  assert.equal(await page.getByLabel('Title').inputValue(), title);
  assert.equal(await page.getByRole('checkbox', { name: /Critical/ }).isChecked(), true);
});
