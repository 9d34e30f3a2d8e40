// The page at `/docs`, the guides, and the pages of reasons and errors.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { accessibleInBothSchemes } from './support/axe.js';
import { use } from './support/browser.js';

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
