// The preference centre with its script: used by mouse and by keyboard, and when a request fails.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { accessible } from './support/axe.js';
import { use } from './support/browser.js';
import { LANGUAGES, control, others, says, visitor } from './support/preferences.js';

const browser = use();

describe('with its script', () => {
  test('a change is saved as it is made', async () => {
    const who = await visitor();
    const page = await browser.page();
    await page.goto(who.link);
    assert.equal(await page.getByRole('button', { name: 'Save' }).isVisible(), false);
    await control(page, 'Text messages').click();
    await says(page, 'Saved');
    assert.deepEqual(await who.channels(), { sms: false });
    // A click anywhere in the row flips the switch.
    await page.getByText('Messages in your Slack workspace').click({ force: true });
    await says(page, 'Saved');
    await page.waitForFunction(() => document.querySelector('[name="was.channel.slack"]').value === 'off');
    await control(page, 'Newsletter').uncheck();
    await page.waitForFunction(() => document.querySelector('[name="was.group.newsletter"]').value === 'off');
    await page.reload();
    assert.deepEqual(await who.channels(), { sms: false, slack: false });
    for (const [name, on] of [['Email', true], ['Text messages', false], ['Slack', false], ['Newsletter', false]]) {
      assert.equal(await control(page, name).isChecked(), on, name);
    }
  });

  test('quick changes are all saved, in their order', async () => {
    const who = await visitor();
    const page = await browser.page();
    await page.goto(who.link);
    for (let n = 0; n < 3; n += 1) await control(page, 'Email').click();
    await control(page, 'Push').click();
    // The page shows "Saved" already after the first of the four changes, so the test waits for the last values.
    await page.waitForFunction(() => ['email', 'push'].every((name) => document.querySelector(`[name="was.channel.${name}"]`).value === 'off'));
    assert.deepEqual(await who.channels(), { email: false, push: false });
  });

  test('what cannot be saved is put back, and says so', async () => {
    const who = await visitor();
    const page = await browser.page({ tolerate: /ERR_FAILED|503/ });
    await page.goto(who.link);
    await page.route('**/preferences?*', (route) => route.abort());
    await control(page, 'Email').click();
    await says(page, 'This could not be saved, so it was put back. Please try again.');
    assert.equal(await control(page, 'Email').isChecked(), true);
    await page.unroute('**/preferences?*');
    await control(page, 'Email').click();
    await says(page, 'Saved');
    assert.deepEqual(await who.channels(), { email: false });
  });

  test('a change of another client is kept', async () => {
    const who = await visitor();
    const page = await browser.page();
    await page.goto(who.link);
    await who.switches({ push: false });
    await control(page, 'Email').click();
    await says(page, 'Saved');
    assert.deepEqual(await who.channels(), { email: false, push: false });
  });

  test('before the last channel goes off there is a question', async () => {
    const who = await visitor();
    await who.switches(others);
    const page = await browser.page({ tolerate: /409/ });
    await page.goto(who.link);
    const dialog = page.getByRole('dialog', { name: 'Turn off the last channel?' });
    await control(page, 'Email').click();
    await dialog.waitFor();
    await accessible(page);
    await dialog.getByRole('button', { name: 'Keep it on' }).click();
    // The switch is put back by the dialog's event `close`, which comes after the dialog is gone.
    await page.waitForFunction(() => document.getElementById('channel.email').checked);
    assert.deepEqual(await who.channels(), others);
    await control(page, 'Email').click();
    await dialog.getByRole('button', { name: 'Turn it off' }).click();
    await says(page, 'Saved');
    assert.equal(await control(page, 'Email').isChecked(), false);
    assert.deepEqual(await who.channels(), { ...others, email: false });
  });

  test('all of it can be done by keyboard', async () => {
    const who = await visitor();
    await who.switches(others);
    const page = await browser.page({ tolerate: /409/ });
    await page.goto(who.link);
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'channel.email');
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineWidth);
    assert.notEqual(outline, '0px', 'the focus is seen');
    await page.keyboard.press('Space');
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    // The safe answer has the focus, and Escape chooses it too.
    assert.equal(await page.evaluate(() => document.activeElement.value), 'keep');
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.getElementById('channel.email').checked);
    assert.equal(await page.evaluate(() => document.activeElement.id), 'channel.email');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await says(page, 'Saved');
    assert.equal((await who.channels()).push, true);
    await page.locator('#quiet').focus();
    await page.keyboard.press('Space');
    await says(page, 'Saved');
    await page.locator('[id="day.sun"]').focus();
    await page.keyboard.press('Space');
    await page.waitForFunction(() => document.querySelector('[name="was.quiet"]').value === '22:00 07:00 mon,tue,wed,thu,fri,sat');
    assert.deepEqual((await who.stored()).quiet.days, ['mon', 'tue', 'wed', 'thu', 'fri', 'sat']);
  });

  test('quiet hours that cannot be are told beside their field', async () => {
    const who = await visitor();
    const page = await browser.page({ tolerate: /400/ });
    await page.goto(who.link);
    assert.equal(await page.getByLabel('From').isVisible(), false);
    await control(page, 'Keep these hours quiet').click();
    await says(page, 'Saved');
    await page.getByLabel('To', { exact: true }).fill('22:00');
    const fault = page.getByText('Please choose an end that differs from the start.');
    await fault.waitFor();
    assert.equal(await page.getByLabel('To', { exact: true }).getAttribute('aria-invalid'), 'true');
    await accessible(page);
    assert.deepEqual((await who.stored()).quiet, { start: '22:00', end: '07:00' });
    await page.getByLabel('To', { exact: true }).fill('06:30');
    await says(page, 'Saved');
    assert.equal(await fault.isVisible(), false);
    assert.equal(await page.getByLabel('To', { exact: true }).getAttribute('aria-invalid'), null);
    assert.deepEqual((await who.stored()).quiet, { start: '22:00', end: '06:30' });
  });

  test('a new language is spoken at once, and the zone of the device is one click', async () => {
    const who = await visitor();
    const page = await browser.page({ timezoneId: 'Europe/Berlin' });
    await page.goto(who.link);
    await page.getByRole('button', { name: 'Use Berlin' }).click();
    await says(page, 'Saved');
    assert.equal((await who.stored()).display.timezone, 'Europe/Berlin');
    assert.equal(await page.locator('#here').isVisible(), false);
    await page.getByLabel('Language').selectOption('de');
    await page.getByRole('heading', { level: 1, name: LANGUAGES.de }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'de');
  });
});
