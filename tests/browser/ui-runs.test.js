// Runs on the local stack's page: the list with its filters and URLs, and one of them, from its progress to its end.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { accessibleInBothSchemes } from './support/axe.js';
import { use } from './support/browser.js';
import { fits, goTo, open, usePeople } from './support/console.js';
import { demo, done, eventually, newUser } from './support/stack.js';

const browser = use();
const people = usePeople();

/** A word that nothing else has. */
const word = () => `w${crypto.randomUUID().replaceAll('-', '')}`;
const missing = () => crypto.randomUUID();

/** Sends a run as an application. Returns its id. */
async function send(body) {
  const { bearer } = await demo();
  const { data } = await done('POST', '/api/v1/runs', { token: bearer.service, body: { channels: ['push'], ...body } });
  return data.run_id;
}

/** Waits until all pages of a run are expanded, and nothing of its notifications is under way. */
async function settled(id) {
  const { bearer } = await demo();
  const get = async (path) => (await done('GET', `/api/v1/runs/${id}${path}`, { token: bearer.service })).data;
  await eventually(async () => (await get('')).status === 'done', `the end of ${id}`);
  await eventually(async () => {
    const { items } = await get('/notifications?limit=100');
    return items.every(({ deliveries }) => deliveries.every(({ status }) => ['sent', 'skipped', 'failed'].includes(status)));
  }, `the end of what ${id} sends`);
  await done('GET', '/_local/index');
}

const row = (page, id) => page.locator(`.runs tr:has(a[data-id="${id}"])`);
const link = (page, id) => page.locator(`.runs a[data-id="${id}"]`);
const content = (title) => ({ title, body: 'A text' });
const recipients = (...ids) => ids.map((id) => ({ user_id: id }));

test('a run is listed as it is sent, with its audience, state, numbers and time, and each filter is in the URL', async () => {
  const title = word();
  const page = await open(browser, '/runs');
  const id = await send({ recipients: recipients(people.user, missing()), content: content(title), category: 'offers' });
  // The page has not asked: the stack has told it.
  await link(page, id).waitFor();
  await row(page, id).filter({ hasText: '1 of 2, 1 left out' }).waitFor();
  assert.match(await row(page, id).innerText(), /2 recipients[^]*done[^]*\d\d:\d\d:\d\d/);
  const topic = `topic-${word()}`;
  await done('POST', `/admin/v1/users/${people.user}/subscriptions`, { headers: await keys(), body: { topic_name: topic } });
  await done('GET', '/_local/index');
  const other = await send({ topic, content: content(title) });
  await link(page, other).waitFor();
  await fits(page);

  const filters = page.getByRole('search', { name: 'Filters' });
  const only = async (...ids) => page.waitForFunction((wanted) => JSON.stringify([...document.querySelectorAll('.runs a[data-id]')].map(({ dataset }) => dataset.id).sort()) === wanted, JSON.stringify(ids.sort()));
  await filters.getByLabel('Text').fill(title.toUpperCase());
  await only(id, other);
  await filters.getByLabel('Audience').selectOption('topic');
  await only(other);
  assert.deepEqual(Object.fromEntries(new URL(page.url()).searchParams), { text: title.toUpperCase(), audience: 'topic' });
  await filters.getByLabel('State').selectOption('cancelled');
  await page.getByText('No run fits these filters.').waitFor();
  await page.goBack();
  await only(other);
  await page.reload();
  await only(other);
  assert.equal(await filters.getByLabel('Audience').inputValue(), 'topic');
  await filters.getByLabel('Audience').selectOption('named');
  await only(id);
});

/** The key pair of Notiflows' dialect, as headers. */
async function keys() {
  const { notiflows } = await demo();
  return { 'x-notiflows-api-key': notiflows.api_key, 'x-notiflows-secret-key': notiflows.secret_key };
}

test('a run has its numbers, who was left out and why, and leads to its notifications', async () => {
  const { bearer } = await demo();
  const [title, gone] = [word(), missing()];
  const [quiet, erased] = [await newUser({ name: 'Olga Off', preferences: { push: false } }), await newUser({ name: 'Edda Erased' })];
  await done('DELETE', `/api/v1/users/${erased.id}`, { token: bearer.admin });
  const id = await send({ recipients: recipients(people.user, quiet.id, gone, erased.id), content: content(title) });
  await settled(id);
  const page = await open(browser, `/runs/${id}`, { permissions: ['clipboard-read', 'clipboard-write'] });
  await page.getByRole('heading', { name: title, level: 1 }).waitFor();
  assert.match(await page.locator('.stack > .progress').innerText(), /2 of 4, 2 left out/);
  assert.equal(await page.getByRole('progressbar').getAttribute('max'), '4');
  const states = page.getByRole('table', { name: 'Deliveries by state' });
  assert.match(await states.innerText(), /sent\s+1[^]*skipped\s+1/);
  const left = await page.getByRole('table', { name: 'Recipients who are left out' }).innerText();
  assert.match(left, new RegExp(`${gone}\\s+user_not_found`));
  assert.match(left, new RegExp(`${erased.id}\\s+user_erased`));
  await fits(page);

  // What it means for one of them, and that is in the URL.
  const explained = page.getByRole('region', { name: 'What it means for one recipient' });
  await explained.locator(`option[value="${quiet.id}"]`).waitFor({ state: 'attached' });
  await explained.getByLabel('Recipient').selectOption(quiet.id);
  await explained.locator('.badge[data-status="skip"]').waitFor();
  assert.match(await explained.innerText(), /channel_off/);
  await page.reload();
  await explained.getByText('channel_off').waitFor();
  await fits(page);

  assert.match(await page.getByRole('region', { name: 'The run as JSON' }).innerText(), new RegExp(`"run_id": "${id}"`));
  await page.getByRole('button', { name: 'Copy as curl' }).click();
  await page.getByRole('status').filter({ hasText: 'Copied' }).waitFor({ state: 'attached' });
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, /^curl -X POST http:\/\/127\.0\.0\.1:\d+\/api\/v1\/runs/m);
  assert.equal(copied.includes(bearer.service.slice(0, 20)), false);
  const body = JSON.parse(copied.slice(copied.indexOf("-d '") + 4, copied.lastIndexOf("'")));
  assert.deepEqual(body, { recipients: recipients(people.user, quiet.id, gone, erased.id), content: content(title), channels: ['push'] });

  await page.getByRole('link', { name: 'Its notifications' }).click();
  await page.waitForFunction(() => document.querySelectorAll('.rows a').length === 2);
  assert.equal(new URL(page.url()).search, `?run=${id}`);
  await page.goBack();
  await states.getByRole('link', { name: 'skipped' }).click();
  await page.waitForFunction(() => document.querySelectorAll('.rows a').length === 1);
  assert.deepEqual(Object.fromEntries(new URL(page.url()).searchParams), { run: id, status: 'skipped' });
  const filters = page.getByRole('search', { name: 'Filters' });
  assert.equal(await filters.getByLabel('Run').inputValue(), id);
  await page.locator('.rows a').click();
  await page.locator('article.detail').getByRole('link', { name: 'run', exact: true }).click();
  await page.getByRole('heading', { name: title, level: 1 }).waitFor();
  await page.getByRole('link', { name: 'All runs' }).click();
  await link(page, id).waitFor();
});

test('a run is cancelled by a button, and the page says so', async () => {
  const title = word();
  const later = new Date(Date.now() + 3_600_000).toISOString();
  const id = await send({ recipients: recipients(people.user), content: content(title), send_at: later });
  const page = await open(browser, '/runs');
  await link(page, id).click();
  await page.getByRole('heading', { name: title, level: 1 }).waitFor();
  assert.equal(new URL(page.url()).pathname, `/_local/ui/runs/${id}`);
  await page.getByRole('button', { name: 'Cancel the run' }).click();
  await page.locator('.heading .badge[data-status="cancelled"]').waitFor();
  await page.getByRole('status').filter({ hasText: 'The run is cancelled' }).waitFor({ state: 'attached' });
  assert.equal(await page.getByRole('button', { name: 'Cancel the run' }).count(), 0);
  await accessibleInBothSchemes(page);
  await goTo(page, 'Runs');
  await row(page, id).locator('.badge[data-status="cancelled"]').waitFor();
});

test('a run that cannot be read is said to be so until it is read, and a button that failed is still said to have failed', async () => {
  const later = new Date(Date.now() + 3_600_000).toISOString();
  const waits = () => send({ recipients: recipients(people.user), content: content(word()), send_at: later });
  const id = await waits();
  const page = await open(browser, `/runs/${id}`, { tolerate: /50[23]/ });
  const said = page.getByRole('alert');
  const refuse = (path, method, status, message) => page.route(path, (route) => (route.request().method() === method ? route.fulfill({ status, json: { message } }) : route.continue()));
  await refuse(`**/api/v1/runs/${id}`, 'DELETE', 503, 'Come back later.');
  await refuse(`**/data/runs/${id}`, 'GET', 502, 'It cannot be read.');
  await page.getByRole('button', { name: 'Cancel the run' }).click();
  await said.filter({ hasText: 'Come back later.' }).waitFor();
  await said.filter({ hasText: 'It cannot be read.' }).waitFor();
  await page.unroute(`**/data/runs/${id}`);
  // Whatever is written of a run, the page looks again.
  await waits();
  await page.getByText('It cannot be read.').waitFor({ state: 'detached' });
  await said.filter({ hasText: 'Come back later.' }).waitFor();
});

test('a run that is not there is said to be so', async () => {
  const page = await open(browser, `/runs/${missing()}`, { tolerate: /404/ });
  await page.getByText('there is no such run').waitFor();
  await accessibleInBothSchemes(page);
  await page.getByRole('link', { name: 'All runs' }).click();
  await page.getByRole('heading', { name: 'Runs', level: 1 }).waitFor();
});
