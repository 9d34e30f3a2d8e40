// The preference centre and the unsubscribe page as plain forms, without script.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { use } from './support/browser.js';
import { LANGUAGES, control, others, visitor } from './support/preferences.js';
import { demo } from './support/stack.js';

const browser = use();
const WITHOUT_SCRIPT = { javaScriptEnabled: false };

describe('without its script', () => {
  test('a form is saved by its button', async () => {
    const who = await visitor();
    const page = await browser.page(WITHOUT_SCRIPT);
    await page.goto(who.link);
    await control(page, 'Text messages').uncheck();
    await control(page, 'Keep these hours quiet').check();
    await page.getByLabel('To', { exact: true }).fill('06:30');
    await page.locator('#timezone').selectOption('Europe/Berlin');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved', { exact: true }).waitFor();
    assert.match(page.url(), /&saved=1$/);
    assert.deepEqual(await who.channels(), { sms: false });
    const { quiet, display } = await who.stored();
    assert.deepEqual([quiet, display], [{ start: '22:00', end: '06:30' }, { timezone: 'Europe/Berlin' }]);
    assert.equal(await control(page, 'Text messages').isChecked(), false);
  });

  test('before the last channel goes off there is a page', async () => {
    const who = await visitor();
    await who.switches(others);
    const page = await browser.page({ ...WITHOUT_SCRIPT, tolerate: /409/ });
    await page.goto(who.link);
    const turnOff = async () => {
      await control(page, 'Email').uncheck();
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('heading', { name: 'Turn off the last channel?' }).waitFor();
    };
    await turnOff();
    await page.getByRole('link', { name: 'Keep it on' }).click();
    assert.equal(await control(page, 'Email').isChecked(), true);
    assert.deepEqual(await who.channels(), others);
    await turnOff();
    await page.getByRole('button', { name: 'Turn it off' }).click();
    await page.getByText('Saved', { exact: true }).waitFor();
    assert.deepEqual(await who.channels(), { ...others, email: false });
  });

  test('the link of an email asks first', async () => {
    const { links } = await demo();
    const page = await browser.page(WITHOUT_SCRIPT);
    await page.goto(`/unsubscribe?token=${links.unsubscribe_token}`);
    await page.getByRole('heading', { name: 'Unsubscribe from “Newsletter”?' }).waitFor();
    await page.getByRole('heading', { name: LANGUAGES.en }).waitFor();
    await page.getByRole('button', { name: 'Unsubscribe' }).click();
    await page.getByRole('heading', { name: 'You are unsubscribed' }).waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('heading', { name: 'You are subscribed again' }).waitFor();
    await page.getByRole('link', { name: 'See all notification preferences' }).click();
    assert.equal(await control(page, 'Newsletter').isChecked(), true);
  });
});
