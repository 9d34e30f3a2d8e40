// The local stack's page: sending, switching channels, making providers fail, and what the page shows then.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { accessible, accessibleInBothSchemes } from './support/axe.js';
import { use } from './support/browser.js';
import { screenshotInBothSchemes } from './support/screenshot.js';
import { answers, demo, done, notify } from './support/stack.js';

const browser = use();
let people;

/** Sets the providers' answers and the user's channels back to those of a new stack. */
beforeEach(async () => {
  const { bearer, users } = await demo();
  people = users;
  for (const provider of ['ses', 'fcm', 'apns', 'slack', 'sms', 'webhook']) await answers(provider);
  const preferences = { email: true, push: true, sms: true, slack: true, in_app: true };
  await done('PUT', `/api/v1/users/${people.user}/preferences`, { token: bearer.admin, body: { preferences } });
});

/** Opens the page and waits until it follows the stack. The browser reports when it blocks a script in an email, which is no fault. */
async function open(options) {
  const page = await browser.page({ tolerate: /\/_local\/ui\/emails\//, ...options });
  await page.goto('/_local/ui');
  await page.getByText('Live', { exact: true }).waitFor();
  await page.locator('#switches input').first().waitFor();
  return page;
}

/** Fills the form, presses Send, and waits for the notification's card. Returns `{id, card, tile}`, with the card's first tile. */
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

/** Waits until the tile's own badge shows `status`. */
const says = (tile, status) => tile.locator(`.tile-head .badge[data-status="${status}"]`).waitFor();

test('an empty page says what to do', async () => {
  // Other tests have sent notifications by now, so this page must not get the stack's events.
  const page = await browser.page({ tolerate: /ERR_FAILED/ });
  await page.route('**/_local/ui/events', (route) => route.abort());
  await page.goto('/_local/ui');
  await page.getByText('Nothing has been sent yet').waitFor();
  await page.getByText('Not connected').waitFor();
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
  await tile.locator('.why summary').focus();
  await page.keyboard.press('Enter');
  await says(tile, 'sent');
  assert.match(await tile.locator('.attempts').innerText(), /^3 attempts/);
  const stays = await tile.locator('.why').evaluate((why) => why.open && why.contains(document.activeElement));
  assert.ok(stays, 'what was opened while it was retried is open, and has the focus');
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
  await page.locator('[data-gauge="letters"]').filter({ hasText: /[1-9]/ }).waitFor();
  await page.getByLabel('Push (FCM)').selectOption('Well');
  await page.waitForFunction(() => document.querySelector('#mood-fcm').closest('li').dataset.mood === 'well');
  await page.getByRole('button', { name: 'Send all again' }).click();
  await says(tile, 'sent');
  await page.getByText('Nothing gave up.').waitFor();
});

test('a function that is killed is missed by nobody', async () => {
  const page = await open();
  await page.getByRole('button', { name: 'Kill dispatch' }).click();
  // How many there are depends on how many batches arrived at once so far. There is at least one.
  await page.getByRole('status').filter({ hasText: /[1-9]\d* process(es)? of dispatch killed/ }).waitFor({ state: 'attached' });
  const { tile } = await send(page);
  await says(tile, 'sent');
});

test('what waits for its time is held until then', async () => {
  const page = await open();
  const { tile } = await send(page, { when: '3600' });
  await says(tile, 'held');
  assert.match(await tile.innerText(), /not_yet_due Until \d\d:\d\d:\d\d/);
});

test('with everything on it the page is accessible, wide and narrow, light and dark', async () => {
  const { bearer } = await demo();
  const page = await open({ viewport: { width: 1240, height: 800 } });
  await done('POST', '/_local/ui/channels');
  await page.locator('#set-up').waitFor({ state: 'hidden' });
  const locales = {
    default: {
      email: {
        subject: 'Your order ships today',
        text: 'Hi {{ user.first_name or user.name }},\n\norder {{ order }} is on its way.',
        html: `<h2 style="margin:0 0 8px;font-size:18px">On its way, {{ user.name }}</h2>
          <p style="margin:0 0 12px">Order <strong>{{ order }}</strong> left our warehouse this morning.</p>
          <a href="https://shop.example/orders" style="display:inline-block;padding:8px 14px;border-radius:8px;background:#0f6e66;color:#fff;text-decoration:none">Follow it</a>`,
      },
      push: { title: 'On its way', body: 'Order {{ order }} left our warehouse this morning.', data: { order: '{{ order }}' } },
      sms: { text: 'Tidings: order {{ order }} is on its way.' },
      slack: { text: '*On its way:* order `{{ order }}` left our warehouse. <https://shop.example/orders|Follow it>' },
      in_app: { title: 'On its way', body: 'Order {{ order }} left our warehouse this morning.' },
    },
  };
  await done('PUT', '/api/v1/templates/order-shipped', { token: bearer.admin, body: { locales } });
  const of = (id) => page.locator(`[data-id="${id}"]`);

  const later = new Date(Date.now() + 3_600_000).toISOString();
  const pause = { title: 'Time for a break', body: 'You have been at it for an hour.' };
  await notify({ user_id: people.user, notification_type: 'push', content: pause, send_at: later });
  const hook = { user_id: people.other_user, notification_type: 'push', content: { title: 'Build 512', body: 'It is green again.' } };
  await says(of(await notify(hook)).locator('.tile'), 'sent');
  await done('PUT', `/api/v1/users/${people.user}/preferences`, { token: bearer.admin, body: { preferences: { sms: false } } });
  await answers('ses', [{ status: 503, times: 2 }]);
  const order = { user_id: people.user, template_code: 'order-shipped', variables: { order: 'A-1042' }, group: 'orders' };
  const card = of(await notify(order));
  for (const channel of ['push', 'slack', 'in_app', 'email']) await says(card.locator(`[data-channel="${channel}"]`), 'sent');
  await says(card.locator('[data-channel="sms"]'), 'skipped');
  await card.frameLocator('iframe').getByText('Follow it').waitFor();
  await card.locator('[data-channel="sms"] summary').click();
  await page.evaluate(() => document.activeElement.blur());
  await screenshotInBothSchemes(page, 'ui');

  await page.locator('details').evaluateAll((all) => all.forEach((one) => one.toggleAttribute('open', true)));
  await accessibleInBothSchemes(page);
  await page.setViewportSize({ width: 390, height: 844 });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(overflow, 0, 'nothing sticks out of a narrow page');
  await accessibleInBothSchemes(page);
});

test('the keyboard is enough', async () => {
  const page = await open();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the deliveries');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id || location.hash), 'deliveries');
  await page.locator('#send').getByRole('button', { name: 'Send' }).focus();
  await page.keyboard.press('Enter');
  await page.locator('.tile-head .badge[data-status="sent"]').first().waitFor();
  await page.getByRole('switch', { name: 'Push' }).focus();
  await page.keyboard.press('Space');
  await page.waitForFunction(() => !document.getElementById('switch-push').checked);
  // The switch is drawn anew and still has the focus.
  await page.waitForFunction(() => document.activeElement.id === 'switch-push');
});

test('hostile words stay words', async () => {
  const page = await open();
  const hostile = `<script>document.title='taken'</script><img src=x onerror="document.title='taken'"><b>bold</b>`;
  await done('POST', '/_local/ui/channels');
  for (const channel of ['email', 'push', 'sms', 'slack', 'in_app']) {
    const { card, tile } = await send(page, { channel, title: hostile, body: `${hostile} ${channel}` });
    await says(tile, 'sent');
    assert.equal(await card.locator('h3').innerText(), hostile);
    assert.ok((await tile.innerText()).includes(`${hostile} ${channel}`), `${channel}: ${await tile.innerText()}`);
  }
  assert.equal(await page.locator('#cards script, #cards img, #cards .previews b:text-is("bold")').count(), 0);
  // An email's own HTML is shown as HTML, but its scripts do not run.
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
