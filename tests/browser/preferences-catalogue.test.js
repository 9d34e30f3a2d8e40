// The preference centre with the deployment's brand and the three categories that the local stack begins with.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { accessibleInBothSchemes } from './support/axe.js';
import { use } from './support/browser.js';
import { LANGUAGES, control, says, visitor } from './support/preferences.js';
import { screenshot } from './support/screenshot.js';
import { demo } from './support/stack.js';

const browser = use();
const NAMES = {
  en: ['Security alerts', 'Newsletter', 'Offers'],
  de: ['Sicherheitshinweise', 'Newsletter', 'Angebote'],
  fr: ['Alertes de sécurité', 'Lettre d’information', 'Offres'],
  es: ['Alertas de seguridad', 'Boletín', 'Ofertas'],
};

/** The switches of one category's channels. */
const ways = (page, category) => page.getByRole('group', { name: `Channels for ${category}` });

describe('with a catalogue and a brand', () => {
  for (const language of Object.keys(LANGUAGES)) {
    test(`the categories have their names in ${language}, in their order, and axe finds nothing`, async () => {
      const who = await visitor();
      const page = await browser.page({ locale: language });
      await page.goto(who.link);
      const names = await page.locator('.topic > label').allTextContents();
      assert.deepEqual(names, NAMES[language]);
      const states = await page.locator('.topic .switch').evaluateAll((all) => all.map(({ checked, disabled }) => [checked, disabled]));
      assert.deepEqual(states, [[true, true], [true, false], [false, false]], 'locked, in, opt-in');
      await page.locator('.topic .switch').nth(2).check();
      await accessibleInBothSchemes(page);
    });
  }

  test('a category is switched off on one channel, and the others stay', async () => {
    const who = await visitor();
    const page = await browser.page();
    await page.goto(who.link);
    const newsletter = ways(page, 'Newsletter');
    assert.deepEqual(await newsletter.getByRole('checkbox').evaluateAll((all) => all.map((one) => one.labels[0].textContent)), ['Email', 'Push', 'Slack']);
    await newsletter.getByRole('checkbox', { name: 'Push' }).uncheck();
    await says(page, 'Saved');
    await page.reload();
    const on = await newsletter.getByRole('checkbox').evaluateAll((all) => all.map(({ checked }) => checked));
    assert.deepEqual(on, [true, false, true]);
    assert.equal(await control(page, 'Newsletter').isChecked(), true);
    // Who leaves it as a whole has no channels to choose.
    await control(page, 'Newsletter').uncheck();
    assert.equal(await newsletter.isVisible(), false);
    assert.equal(await ways(page, 'Security alerts').getByRole('checkbox').first().isDisabled(), true);
  });

  test('the brand is on every page', async () => {
    const who = await visitor();
    const { links } = await demo();
    const page = await browser.page({ tolerate: /400/ });
    for (const path of [who.link, `/unsubscribe?token=${links.unsubscribe_token}`, '/preferences?token=x']) {
      await page.goto(path);
      await page.waitForFunction(() => document.querySelector('.logo')?.naturalWidth > 0);
      assert.match(await page.locator('header').textContent(), /Acme/);
      assert.match(await page.title(), / · Acme$/);
    }
  });

  test('a zone that the browser knows by an old name is offered by the present one', async () => {
    const who = await visitor();
    const page = await browser.page({ timezoneId: 'Asia/Calcutta' });
    await page.goto(who.link);
    await page.getByRole('button', { name: /^Use / }).click();
    await says(page, 'Saved');
    const chosen = await page.locator('#timezone').evaluate((zones) => [zones.value, zones.selectedOptions[0].textContent]);
    assert.deepEqual(chosen, ['Asia/Kolkata', 'Kolkata (UTC+05:30)']);
  });

  for (const language of Object.keys(LANGUAGES)) {
    test(`nothing sticks out at 320 pixels in ${language}`, async () => {
      const who = await visitor();
      await who.sets({ language });
      const { links } = await demo();
      const page = await browser.page({ viewport: { width: 320, height: 640 }, locale: language, tolerate: /400/ });
      const fits = async (what) => {
        const out = await page.evaluate(() => [...document.querySelectorAll('body *')]
          .filter((one) => one.checkVisibility() && !one.closest('.hidden, option, select') && one.getBoundingClientRect().right > 320)
          .map((one) => one.outerHTML.slice(0, 100)));
        assert.deepEqual(out, [], what);
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320, what);
      };
      await page.goto(who.link);
      await page.locator('#quiet').check();
      await page.locator('.topic .switch').nth(2).check();
      await fits('the centre');
      await page.goto(`${who.link}&embed=1`);
      await fits('in a frame');
      for (const path of [`/unsubscribe?token=${links.unsubscribe_token}`, '/preferences?token=x']) {
        await page.goto(path);
        await fits(path.split('?')[0]);
      }
    });
  }

  for (const language of ['en', 'de']) {
    test(`a picture in ${language}`, async () => {
      const who = await visitor();
      await who.sets({ language, timezone: 'Europe/Berlin' });
      const page = await browser.page({ viewport: { width: 820, height: 1000 }, timezoneId: 'Europe/Berlin' });
      await page.goto(who.link);
      await page.locator('.topic .switch').nth(2).check();
      await page.reload();
      await screenshot(page, `preferences-brand-${language}`, { fullPage: true });
    });
  }
});
