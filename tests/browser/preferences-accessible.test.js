// The accessibility of the preference centre: axe, themes, and the size of controls.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { accessible, accessibleInBothSchemes } from './support/axe.js';
import { use } from './support/browser.js';
import { LANGUAGES, control, others, visitor } from './support/preferences.js';
import { demo, done } from './support/stack.js';

const browser = use();

describe('for everybody', () => {
  for (const [language, title] of Object.entries(LANGUAGES)) {
    test(`axe finds nothing in ${language}, in light and in dark`, async () => {
      const who = await visitor();
      await done('PUT', `/api/v1/users/${who.id}/quiet-hours`, { token: (await demo()).bearer.admin, body: { start: '22:00', end: '07:00', days: ['sat', 'sun'] } });
      const page = await browser.page({ locale: language, tolerate: /400|410/ });
      await page.goto(who.link);
      await page.getByRole('heading', { level: 1, name: title }).waitFor();
      assert.equal(await page.evaluate(() => document.documentElement.lang), language);
      await accessibleInBothSchemes(page);
      await page.goto(`${who.link}&embed=1`);
      await accessibleInBothSchemes(page);
      const { links } = await demo();
      for (const path of [`/unsubscribe?token=${links.unsubscribe_token}`, '/preferences?token=x']) {
        await page.goto(path);
        await accessibleInBothSchemes(page);
      }
    });
  }

  test('axe finds nothing on the pages of who has no script', async () => {
    const who = await visitor();
    await who.switches(others);
    // Axe is a script itself, so scripts cannot be turned off. The test removes the page's own script instead.
    const page = await browser.page({ tolerate: /400|409/ });
    await page.route('**/preferences?*', async (route) => {
      const response = await route.fetch({ maxRedirects: 0 });
      const body = (await response.text()).replace(/<script type="module">[^]*<\/script>/, '');
      await route.fulfill({ response, body });
    });
    await page.goto(who.link);
    await control(page, 'Email').uncheck();
    await accessibleInBothSchemes(page);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'Turn off the last channel?' }).waitFor();
    await accessibleInBothSchemes(page);
    await page.goto(who.link);
    await control(page, 'Keep these hours quiet').check();
    await page.getByLabel('To', { exact: true }).fill('22:00');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('alert').waitFor();
    await accessibleInBothSchemes(page);
  });

  test('the user\'s own theme is shown whatever the browser likes', async () => {
    const who = await visitor();
    await who.sets({ theme: 'dark' });
    const page = await browser.page({ colorScheme: 'light' });
    await page.goto(who.link);
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).colorScheme), 'dark');
    await accessible(page);
  });

  test('what can be clicked is large enough', async () => {
    const who = await visitor();
    const page = await browser.page({ viewport: { width: 360, height: 740 } });
    await page.goto(who.link);
    await control(page, 'Keep these hours quiet').click();
    const small = await page.evaluate(() => [...document.querySelectorAll('input:not([type=hidden]), select, button, a')]
      .filter((one) => one.checkVisibility())
      .map((one) => [one.id || one.textContent, one.getBoundingClientRect()])
      .filter(([, { width, height }]) => width < 24 || height < 24)
      .map(([name]) => name));
    assert.deepEqual(small, []);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, 'nothing sticks out');
  });
});
