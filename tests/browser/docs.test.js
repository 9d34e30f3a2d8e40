// The page at `/docs`, the guides, and the pages of reasons and errors.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { accessible, accessibleInBothSchemes } from './support/axe.js';
import { use } from './support/browser.js';
import { demo } from './support/stack.js';

const browser = use();

test('the native API is open, and the dialects of other products are folded', async () => {
  const page = await browser.page();
  await page.goto('/docs');
  const tags = page.locator('h3.opblock-tag');
  const folded = page.locator('h3.opblock-tag[data-is-open=false]');
  await folded.first().waitFor();
  const names = (headings) => headings.evaluateAll((all) => all.map((heading) => heading.dataset.tag));
  const { 'x-tagGroups': groups } = await (await page.request.get('/openapi.json')).json();
  assert.deepEqual(groups.map(({ name }) => name), ['Tidings', 'Compatibility']);
  assert.deepEqual(await names(folded), groups[1].tags);
  const paths = page.locator('.opblock-summary-path');
  assert.equal((await paths.first().getAttribute('data-path')).startsWith('/api/v1/notifications'), true);
  assert.equal((await names(tags))[0], 'Notifications');
});

test('a link into a dialect opens it', async () => {
  const page = await browser.page();
  await page.goto('/docs#/Flashback%3A%20settings');
  await page.locator('h3.opblock-tag[data-is-open=true]', { hasText: 'Flashback' }).waitFor();
});

/** Checks the page with axe in both schemes. The dark one is a class, which a script sets. */
async function forEverybody(page) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await page.locator(colorScheme === 'dark' ? 'html.dark-mode' : 'html:not(.dark-mode)').waitFor();
    await accessible(page);
  }
}

/** Opens the operation of this id, and shows the form in which it is tried. */
async function tryOut(page, id) {
  const operation = page.locator(`.opblock[id$="-${id}"]`);
  await operation.locator('.opblock-summary-control').click();
  await operation.getByRole('button', { name: 'Try it out' }).click();
  await operation.getByRole('button', { name: 'Execute' }).waitFor();
  return operation;
}

test('the page is for everybody, in the light and in the dark', async () => {
  const page = await browser.page();
  await page.goto('/docs');
  await page.locator('h3.opblock-tag[data-is-open=false]').first().waitFor();
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await background();
  await forEverybody(page);
  assert.notEqual(await background(), light);
  const nested = await page.locator('.opblock-summary-control a').count();
  assert.equal(nested, 0);
});

test('what is opened is for everybody, too: a request and its answer, an upload, and schemas', async () => {
  const page = await browser.page({ tolerate: /401/ });
  await page.goto('/docs');
  const send = await tryOut(page, 'sendNotification');
  await send.getByRole('textbox', { name: 'Request body' }).waitFor();
  await send.getByRole('button', { name: 'Execute' }).click();
  await send.locator('.live-responses-table .response').waitFor();
  await tryOut(page, 'replaceTemplate');
  const schemas = page.locator('section.models');
  await schemas.getByRole('button', { name: 'Expand all' }).first().click();
  await forEverybody(page);
});

test('the dialog of tokens is for everybody', async () => {
  const page = await browser.page();
  await page.goto('/docs');
  await page.locator('.auth-wrapper .authorize').click();
  await page.getByRole('dialog', { name: 'Authorize' }).waitFor();
  await forEverybody(page);
});

test('operations are searched by every word, also in groups that are folded', async () => {
  const page = await browser.page();
  await page.goto('/docs');
  const search = page.getByRole('searchbox', { name: 'Search operations' });
  const status = page.getByRole('search').getByRole('status');
  const found = page.locator('.opblock-tag-section .opblock-summary-path');
  const paths = () => found.evaluateAll((all) => all.map((path) => path.dataset.path));
  await page.locator('h3.opblock-tag[data-is-open=false]').first().waitFor();
  const all = (await paths()).length;
  await search.fill('subscribe TOPIC post');
  await status.filter({ hasText: /^\d+ operations?$/ }).waitFor();
  const some = await paths();
  assert.equal(some.length > 0 && some.length < all, true, `${some}`);
  assert.equal(some.includes('/admin/v1/users/{external_id}/subscriptions'), true, `${some}`);
  assert.equal(await status.innerText(), `${some.length} operation${some.length === 1 ? '' : 's'}`);
  await forEverybody(page);
  await search.fill('xyzzy');
  await status.filter({ hasText: '0 operations' }).waitFor();
  assert.equal(await page.getByText('No operations defined').count(), 0);
  await search.fill('');
  await page.locator('h3.opblock-tag[data-is-open=false]').first().waitFor();
  assert.equal((await paths()).length, all);
});

test('one click fills in the tokens of the demo, and a request is answered', async () => {
  const page = await browser.page();
  await page.goto('/docs');
  const people = page.getByRole('complementary', { name: 'The demo of the local stack' });
  await people.getByRole('button', { name: 'admin', exact: true }).click();
  await people.getByText('Filled in: the token of admin').waitFor();
  await forEverybody(page);
  const operation = await tryOut(page, 'listApiKeys');
  // A request is as a person has written it: the example of `If-Match` would have it refused.
  assert.equal(await operation.getByRole('textbox', { name: 'If-Match' }).inputValue(), '');
  await operation.getByRole('button', { name: 'Execute' }).click();
  await operation.locator('.live-responses-table .response-col_status', { hasText: '200' }).waitFor();
  // Notiflows' keys come along.
  await page.getByRole('searchbox', { name: 'Search operations' }).fill('listTopics');
  const topics = await tryOut(page, 'listTopics');
  await topics.getByRole('button', { name: 'Execute' }).click();
  await topics.locator('.live-responses-table .response-col_status', { hasText: '200' }).waitFor();
});

test('the same click fills in a session of Akana, with which settings are read and written', async () => {
  const page = await browser.page();
  const { akana } = await demo();
  await page.goto('/docs');
  // Somebody has logged in before, with cookies that a page cannot write over.
  const { bearer } = await demo();
  const logIn = (token) => fetch('/api/login', { method: 'POST', headers: { authorization: `Bearer ${token}` } }).then(({ status }) => status);
  assert.equal(await page.evaluate(logIn, bearer.org_admin), 200);
  const people = page.getByRole('complementary', { name: 'The demo of the local stack' });
  for (const [who, session] of [['user', 'the user'], ['org admin', 'the site admin']]) {
    await people.getByRole('button', { name: who, exact: true }).click();
    await people.getByText(`Akana's session of ${session}.`).waitFor();
  }
  await page.getByRole('searchbox', { name: 'Search operations' }).fill('AccountSettings');
  const read = await tryOut(page, 'readAccountSettings');
  await read.getByRole('textbox', { name: 'UserID' }).fill(akana.user_id);
  await read.getByRole('button', { name: 'Execute' }).click();
  await read.locator('.live-responses-table .response-col_status', { hasText: '200' }).waitFor();
  const change = await tryOut(page, 'changeAccountSettings');
  await change.getByRole('textbox', { name: 'UserID' }).fill(akana.user_id);
  await change.getByRole('textbox', { name: 'Request body' }).fill('{}');
  const asked = page.waitForRequest((request) => request.method() === 'PUT');
  await change.getByRole('button', { name: 'Execute' }).click();
  // A write needs the CSRF value, in the header of this organisation.
  assert.ok((await (await asked).allHeaders())[akana.csrf_header.toLowerCase()]);
  await change.locator('.live-responses-table .response-col_status', { hasText: '200' }).waitFor();
  assert.match(await change.locator('.curl').innerText(), /X-Csrf-Token_acmepaymentscorp: /);
});

test('the page of an error is for everybody', async () => {
  const page = await browser.page();
  await page.goto('/docs/errors/validation_failed');
  await page.getByRole('heading', { name: 'A field is not valid' }).waitFor();
  await accessibleInBothSchemes(page);
  await page.getByRole('link', { name: 'All requests and answers' }).click();
  await page.locator('h3.opblock-tag').first().waitFor();
});

test('the guides and the reasons are for everybody, and a click leads from one to the next', async () => {
  const page = await browser.page();
  await page.goto('/docs');
  await page.getByRole('link', { name: 'Guides' }).click();
  await page.getByRole('heading', { name: 'Guides' }).waitFor();
  await accessibleInBothSchemes(page);
  await page.getByRole('link', { name: 'Troubleshooting' }).click();
  await page.getByRole('heading', { name: 'A message did not arrive' }).waitFor();
  await accessibleInBothSchemes(page);
  await page.getByRole('link', { name: 'QueueAgeAlarm' }).click();
  await page.waitForURL('**/docs/guides/alarms#queueagealarm');
  await page.getByRole('link', { name: 'Reasons of deliveries' }).click();
  await accessibleInBothSchemes(page);
  await page.getByRole('link', { name: 'group_opted_out' }).click();
  await page.getByRole('heading', { name: 'What to do' }).waitFor();
  await accessibleInBothSchemes(page);
});
