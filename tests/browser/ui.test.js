// The local stack's page: what somebody sees who sends, switches and breaks things there.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { accessible, accessibleInBothSchemes } from './support/axe.js';
import { use } from './support/browser.js';
import { screenshotInBothSchemes } from './support/screenshot.js';
import { answers, demo, done, notify } from './support/stack.js';

const browser = use();
let people;

/** Everything as it was at the start. */
beforeEach(async () => {
  const { bearer, users } = await demo();
  people = users;
  for (const provider of ['ses', 'fcm', 'apns', 'slack', 'sms', 'webhook']) await answers(provider);
  const preferences = { email: true, push: true, sms: true, slack: true, in_app: true };
  await done('PUT', `/api/v1/users/${people.user}/preferences`, { token: bearer.admin, body: { preferences } });
});

/** The page, once it follows the stack. */
async function open(options) {
  const page = await browser.page(options);
  await page.goto('/_local/ui');
  await page.getByText('Live', { exact: true }).waitFor();
  await page.locator('#switches input').first().waitFor();
  return page;
}

/** Presses Send; `fields` are what is chosen before. The card and its first tile. */
async function send(page, { channel = 'email', title, body, when, critical = false } = {}) {
  const form = page.locator('#send');
  await form.getByLabel('Channel').selectOption(channel);
  if (title) {
    await form.getByLabel('Own').check();
    await form.getByLabel('Title').fill(title);
    await form.getByLabel('Text').fill(body ?? title);
  }
  if (when) await form.getByLabel('When').selectOption(when);
  await form.getByRole('checkbox', { name: /Critical/ }).setChecked(critical);
  const accepted = page.waitForResponse((response) => response.url().endsWith('/api/v1/notifications'));
  await form.getByRole('button', { name: 'Send' }).click();
  const { data } = await (await accepted).json();
  const card = page.locator(`[data-id="${data.notification_id}"]`);
  await card.waitFor();
  return { id: data.notification_id, card, tile: card.locator('.tile').first() };
}

/** The tile's own badge, once it says so. */
const says = (tile, status) => tile.locator(`.tile-head .badge[data-status="${status}"]`).waitFor();

test('an empty page says what to do', async () => {
  const page = await open();
  await page.getByText('Nothing has been sent yet').waitFor();
  await accessibleInBothSchemes(page);
});

test('what is sent by the button is seen as its recipient sees it, with its decision', async () => {
  const page = await open();
  const { card, tile } = await send(page);
  await says(tile, 'sent');
  const frame = tile.frameLocator('iframe');
  assert.equal(await frame.locator('strong').innerText(), 'John Doe');
  assert.match(await tile.locator('.email dl').innerText(), /john\.doe@example\.com[^]*Welcome, John Doe/);
  await tile.getByText('Text part').click();
  assert.match(await tile.locator('pre.text').innerText(), /^Hello John Doe,/);
  await tile.getByText('Why: ').click();
  const trace = await tile.locator('.trace li').allInnerTexts();
  assert.match(trace.join('\n'), /Channel is on[^]*Address[^]*Put into words/);
  assert.equal(await card.locator('h3').innerText(), 'Welcome, John Doe');
  assert.equal(await page.getByText('Nothing has been sent yet').isVisible(), false);
  await page.getByRole('status').filter({ hasText: 'Email to John Doe: sent' }).waitFor({ state: 'attached' });
});

test('an opt-out by the switch is a skip with its reason, and what is critical passes it', async () => {
  const page = await open();
  const saved = page.waitForResponse((response) => response.url().endsWith('/preferences'));
  await page.getByRole('switch', { name: 'Email' }).click();
  assert.equal((await saved).status(), 200);
  const { tile } = await send(page);
  await says(tile, 'skipped');
  assert.match(await tile.innerText(), /switched this channel off\. channel_off/);
  await tile.getByText('Why: channel is on, no').click();
  await tile.locator('.trace [data-said="stop"]').waitFor();
  const { tile: critical } = await send(page, { critical: true });
  await says(critical, 'sent');
  await critical.getByText('Why: ').click();
  assert.match(await critical.locator('.trace [data-said="waived"]').innerText(), /Channel is on/);
});

test('a provider that fails twice costs three attempts', async () => {
  const page = await open();
  await page.getByLabel('Email (SES)').selectOption('Fails twice (503)');
  await page.locator('#note-ses').filter({ hasText: '2 left' }).waitFor();
  const { tile } = await send(page);
  await says(tile, 'sent');
  assert.match(await tile.locator('.attempts').innerText(), /^3 attempts/);
  const statuses = await tile.locator('.attempts li b').allInnerTexts();
  assert.deepEqual(statuses, ['503', '503', '200']);
  await page.waitForFunction(() => document.getElementById('mood-ses').value === 'well');
});

test('what gave up is a dead letter, and is sent once it is sent again', async () => {
  const page = await open();
  await page.getByLabel('Push (FCM)').selectOption('Always fails (503)');
  const { tile } = await send(page, { channel: 'push' });
  await says(tile, 'dead_lettered');
  await page.locator('#letters li').filter({ hasText: 'Push provider unavailable' }).waitFor();
  await page.locator('[data-gauge="letters"]').filter({ hasText: '1' }).waitFor();
  await page.getByLabel('Push (FCM)').selectOption('Well');
  await page.waitForFunction(() => document.querySelector('#mood-fcm').closest('li').dataset.mood === 'well');
  await page.getByRole('button', { name: 'Send all again' }).click();
  await says(tile, 'sent');
  await page.getByText('Nothing gave up.').waitFor();
});

test('a function that is killed is missed by nobody', async () => {
  const page = await open();
  await page.getByRole('button', { name: 'Kill dispatch' }).click();
  await page.getByRole('status').filter({ hasText: '2 processes of dispatch are killed' }).waitFor({ state: 'attached' });
  const { tile } = await send(page);
  await says(tile, 'sent');
});

test('what waits for its time is held until then', async () => {
  const page = await open();
  const { tile } = await send(page, { when: '3600' });
  await says(tile, 'held');
  assert.match(await tile.innerText(), /not_yet_due Until \d\d:\d\d:\d\d/);
});

test('hostile words stay words', async () => {
  // The browser reports what it keeps an email from doing.
  const page = await open({ tolerate: /\/_local\/ui\/emails\// });
  const hostile = `<script>document.title='taken'</script><img src=x onerror="document.title='taken'"><b>bold</b>`;
  await done('POST', '/_local/ui/channels');
  for (const channel of ['email', 'push', 'sms', 'slack', 'in_app']) {
    const { card, tile } = await send(page, { channel, title: hostile, body: `${hostile} ${channel}` });
    await says(tile, 'sent');
    assert.equal(await card.locator('h3').innerText(), hostile);
    assert.ok((await tile.innerText()).includes(`${hostile} ${channel}`), `${channel}: ${await tile.innerText()}`);
  }
  assert.equal(await page.locator('#cards script, #cards img, #cards .previews b:text-is("bold")').count(), 0);
  // An email's own HTML shows as HTML, and runs nothing.
  const html = `<p>Seen</p>${hostile}`;
  const { bearer } = await demo();
  const locales = { default: { email: { subject: 'Hostile', text: hostile, html } } };
  await done('PUT', '/api/v1/templates/hostile', { token: bearer.admin, body: { locales } });
  const id = await notify({ user_id: people.user, notification_type: 'email', template_code: 'hostile' });
  const frame = page.locator(`[data-id="${id}"]`).frameLocator('iframe');
  assert.equal(await frame.getByText('Seen').innerText(), 'Seen');
  assert.equal(await frame.locator('b').innerText(), 'bold');
  assert.equal(await page.title(), 'Deliveries · Tidings local stack');
  await accessible(page);
});
