// The local stack's page: sending, switching channels, making providers fail, and what the page shows then.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { accessible, accessibleInBothSchemes } from './support/axe.js';
import { use } from './support/browser.js';
import { detailOf, goTo, open, overflow, says, send, show, usePeople } from './support/console.js';
import { screenshot, screenshotInBothSchemes } from './support/screenshot.js';
import { answers, demo, done, notify, settled } from './support/stack.js';

const browser = use();
const people = usePeople();

test('an empty page says what to do', async () => {
  // Other tests have sent notifications by now, so this page must not get the stack's.
  const page = await browser.page({ tolerate: /ERR_FAILED/ });
  await page.route('**/_local/ui/events', (route) => route.abort());
  await page.route('**/_local/ui/data/notifications?*', (route) => route.fulfill({ json: { items: [], after: null, looked_at: 0 } }));
  await page.goto('/');
  await page.getByText('Nothing has been sent yet').waitFor();
  assert.equal(new URL(page.url()).pathname, '/_local/ui', 'the root leads to the page');
  await page.getByText('Not connected').waitFor();
  await accessibleInBothSchemes(page);
});

test('what is sent by the button is seen as its recipient sees it, with its decision', async () => {
  const page = await open(browser);
  const { detail } = await send(page);
  await says(detail, 'sent');
  await page.getByRole('status').filter({ hasText: 'Email to John Doe: sent' }).waitFor({ state: 'attached' });
  assert.equal(await detail.frameLocator('iframe').locator('strong').innerText(), 'John Doe');
  assert.match(await detail.locator('.email dl').innerText(), /john\.doe@example\.com[^]*Welcome, John Doe/);
  assert.equal(await detail.locator('h2').innerText(), 'Welcome, John Doe');
  await show(detail, 'Text');
  assert.match(await detail.locator('pre').innerText(), /^Hello John Doe,/);
  await show(detail, 'HTML');
  assert.match(await detail.locator('pre').innerText(), /^<p>Hello <strong>John Doe<\/strong>/);
  await show(detail, 'Headers');
  assert.match(await detail.locator('.headers').innerText(), /Subject\s+Welcome, John Doe[^]*List-Unsubscribe/);
  assert.doesNotMatch(await detail.locator('.headers').innerText(), /authorization/i);
  await show(detail, 'Decision');
  const decided = detail.locator('.decisions section');
  await decided.nth(1).locator('.badge[data-status="send"]').waitFor();
  for (const section of await decided.all()) {
    assert.match((await section.locator('.trace li').allInnerTexts()).join('\n'), /Channel is on[^]*Address[^]*Rendered/);
  }
});

test('an opt-out by the switch is a skip with its reason, and what is critical passes it', async () => {
  const page = await open(browser, `/users/${people.user}`);
  const saved = page.waitForResponse((response) => response.url().endsWith('/preferences') && response.request().method() === 'PUT');
  await page.getByRole('switch', { name: 'Email' }).click();
  assert.equal((await saved).status(), 200);
  const { detail } = await send(page);
  await says(detail, 'skipped');
  assert.match(await detail.locator('.state').innerText(), /switched this channel off\. channel_off/);
  await show(detail, 'Decision');
  await detail.locator('.trace [data-said="stop"]').first().waitFor();
  const { detail: critical } = await send(page, { critical: true });
  await says(critical, 'sent');
  await show(critical, 'Decision');
  assert.match(await critical.locator('.trace [data-said="waived"]').first().innerText(), /Channel is on/);
});

test('a provider that fails twice costs three attempts', async () => {
  const page = await open(browser, '/providers');
  await page.getByLabel('Email (SES)').selectOption('Fails twice (503)');
  await page.locator('#note-ses').filter({ hasText: '2 left' }).waitFor();
  const { detail } = await send(page);
  await show(detail, 'Attempts');
  await says(detail, 'sent');
  assert.match(await detail.locator('.attempts').innerText(), /^3 attempts/);
  assert.deepEqual(await detail.locator('.attempts li .answer').allInnerTexts(), ['503', '503', '200']);
  await goTo(page, 'Providers');
  await page.waitForFunction(() => document.getElementById('mood-ses').value === 'well');
});

test('what gave up is a dead letter, and is sent once it is sent again', async () => {
  const page = await open(browser, '/providers');
  await page.getByLabel('Push (FCM)').selectOption('Always fails (503)');
  await page.locator('[data-provider="fcm"][data-mood="always"]').waitFor();
  const { id, detail } = await send(page, { channel: 'push' });
  await says(detail, 'dead_lettered');
  await page.locator('[data-gauge="letters"]').filter({ hasText: /[1-9]/ }).waitFor();
  await answers('fcm');
  await goTo(page, 'Dead letters');
  await page.locator('#letters li').filter({ hasText: 'Push: provider unavailable' }).first().waitFor();
  await accessible(page);
  await page.getByRole('button', { name: 'Send all again' }).click();
  await page.getByText('Nothing gave up.').waitFor();
  assert.equal((await settled(id)).status, 'sent');
});

test('a function that is killed is missed by nobody', async () => {
  const page = await open(browser, '/providers');
  await page.getByRole('button', { name: 'Kill dispatch' }).click();
  // How many there are depends on how many batches arrived at once so far. There is at least one.
  await page.getByRole('status').filter({ hasText: /[1-9]\d* process(es)? of dispatch killed/ }).waitFor({ state: 'attached' });
  const { detail } = await send(page);
  await says(detail, 'sent');
});

test('what waits for its time is held until then, with a countdown', async () => {
  const page = await open(browser);
  const { detail } = await send(page, { when: '3600' });
  await says(detail, 'held');
  assert.match(await detail.locator('.state').innerText(), /not_yet_due Until .*\d\d:\d\d:\d\d/);
  assert.match(await detail.locator('.countdown').innerText(), /^Decided again in (59 min \d+ s|1 h 0 min) /);
});

test('with everything on it the page is accessible, wide and narrow, light and dark', async () => {
  const { bearer } = await demo();
  const page = await open(browser, '', { viewport: { width: 1440, height: 860 } });
  await done('POST', '/_local/ui/channels');
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

  const later = new Date(Date.now() + 3_600_000).toISOString();
  const pause = { title: 'Time for a break', body: 'You have been at it for an hour.' };
  await notify({ user_id: people.user, notification_type: 'push', content: pause, send_at: later });
  await settled(await notify({ user_id: people.other_user, notification_type: 'push', content: { title: 'Build 512', body: 'It is green again.' } }));
  await done('PUT', `/api/v1/users/${people.user}/preferences`, { token: bearer.admin, body: { preferences: { sms: false } } });
  await answers('ses', [{ status: 503, times: 2 }]);
  const order = { user_id: people.user, template_code: 'order-shipped', variables: { order: 'A-1042' }, category: 'orders' };
  const id = await notify(order);
  await settled(id);
  await page.locator(`.rows [data-id="${id}"]`).click();
  const detail = await detailOf(page, id);
  for (const channel of ['push', 'slack', 'in_app', 'email']) await detail.locator(`.tile[data-channel="${channel}"][data-status="sent"]`).waitFor();
  await detail.locator('.tile[data-channel="sms"][data-status="skipped"]').waitFor();
  await detail.frameLocator('iframe').getByText('Follow it').waitFor();
  // The list may learn of it later than the detail.
  const row = page.locator(`.rows [data-id="${id}"]:has(.badge[data-status="sent"])`);
  await row.waitFor();
  await page.evaluate(() => document.activeElement.blur());
  await page.mouse.move(0, 0);
  await screenshotInBothSchemes(page, 'ui');
  // Where there is no room for both, the list is a page of its own.
  const size = page.viewportSize();
  await page.setViewportSize({ width: 768, height: 900 });
  await detail.getByRole('link', { name: 'Back to the list' }).click();
  await row.waitFor();
  for (const width of [320, 768]) {
    await page.setViewportSize({ width, height: 900 });
    await page.evaluate(() => {
      document.activeElement.blur();
      scrollTo(0, 0);
    });
    await screenshot(page, `ui-${width}`);
  }
  await row.click();
  await detail.waitFor();
  await page.setViewportSize(size);

  await page.locator('details').evaluateAll((all) => all.forEach((one) => one.toggleAttribute('open', true)));
  await accessibleInBothSchemes(page);
  for (const width of [800, 320]) {
    await page.setViewportSize({ width, height: 844 });
    assert.equal(await overflow(page), 0, `nothing sticks out of a page of ${width} pixels`);
    await accessibleInBothSchemes(page);
  }
});

test('the keyboard is enough', async () => {
  const page = await open(browser, '/send?template=welcome&channel=email');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id || location.hash), 'main');
  await page.locator('#send option[value="welcome"]').waitFor({ state: 'attached' });
  await page.locator(`#send option[value="${people.user}"]`).waitFor({ state: 'attached' });
  await page.locator('#send').getByRole('button', { name: 'Send' }).focus();
  await page.keyboard.press('Enter');
  await page.locator('.state > .badge[data-status="sent"]').waitFor();
  await page.goto(`/_local/ui/users/${people.user}`);
  await page.getByRole('switch', { name: 'Push' }).focus();
  await page.keyboard.press('Space');
  await page.getByRole('status').filter({ hasText: 'Push of John Doe is off' }).waitFor({ state: 'attached' });
  // The switch is drawn anew and still has the focus.
  await page.waitForFunction(() => document.activeElement.id === 'switch-push' && !document.activeElement.checked);
});

test('hostile words stay words', async () => {
  await done('POST', '/_local/ui/channels');
  const page = await open(browser);
  const hostile = `<script>document.title='taken'</script><img src=x onerror="document.title='taken'"><b>bold</b>`;
  for (const channel of ['email', 'push', 'sms', 'slack', 'in_app']) {
    const { id, detail } = await send(page, { channel, title: hostile, body: `${hostile} ${channel}` });
    await says(detail, 'sent');
    assert.equal(await detail.locator('h2').innerText(), hostile);
    assert.ok((await detail.innerText()).includes(`${hostile} ${channel}`), `${channel}: ${await detail.innerText()}`);
    assert.ok((await page.locator(`.rows [data-id="${id}"]`).innerText()).includes(hostile));
    for (const part of ['Text', 'Headers', 'Decision', 'Attempts']) await show(detail, part);
    assert.equal(await page.locator('main :is(script, img[src=x], b:text-is("bold"))').count(), 0);
  }
  // An email's own HTML is shown as HTML, but its scripts do not run.
  const html = `<p>Seen</p>${hostile}`;
  const { bearer } = await demo();
  const locales = { default: { email: { subject: 'Hostile', text: hostile, html } } };
  await done('PUT', '/api/v1/templates/hostile', { token: bearer.admin, body: { locales } });
  const id = await notify({ user_id: people.user, notification_type: 'email', template_code: 'hostile' });
  await settled(id);
  await page.goto(`/_local/ui?id=${id}`);
  const sent = (await detailOf(page, id)).frameLocator('iframe');
  await page.goto('/_local/ui/templates/hostile');
  const drafted = page.frameLocator('.shown iframe');
  await page.locator('.shown iframe').waitFor();
  assert.equal(await page.locator('.shown iframe').getAttribute('sandbox'), '');
  assert.equal(await drafted.locator('b').innerText(), 'bold');
  await page.goto(`/_local/ui?id=${id}`);
  assert.equal(await sent.getByText('Seen').innerText(), 'Seen');
  assert.equal(await sent.locator('b').innerText(), 'bold');
  assert.equal(await page.title(), 'Notifications · Tidings local stack');
  await accessible(page);
});
