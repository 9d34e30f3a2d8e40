// The preference centre, as a person meets it: with its script and without, by mouse and by keyboard, in a frame.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { accessible, accessibleInBothSchemes } from './support/axe.js';
import { use } from './support/browser.js';
import { screenshot, screenshotInBothSchemes } from './support/screenshot.js';
import { call, demo, done, newUser, url } from './support/stack.js';

const browser = use();
const LANGUAGES = { en: 'Notification preferences', de: 'Benachrichtigungen', fr: 'Préférences de notification', es: 'Preferencias de notificación' };
const WITHOUT_SCRIPT = { javaScriptEnabled: false };
const GROUP = 'com.soa.notification.type.news.update';

/** A new user with a link: `{id, link, channels(), display(), quiet()}`. */
async function visitor() {
  const { id } = await newUser();
  const { bearer } = await demo();
  const { data } = await done('POST', `/api/v1/users/${id}/preference-link`, { token: bearer.service });
  const get = async (path) => (await call('GET', `/api/v1/users/${id}${path}`, { token: bearer.admin })).body;
  return {
    id,
    link: data.url,
    switches: (preferences) => done('PUT', `/api/v1/users/${id}/preferences`, { token: bearer.admin, body: { preferences } }),
    sets: (display) => done('PATCH', `/api/v1/users/${id}/preferences`, { token: bearer.admin, body: display }),
    channels: async () => (await get('')).preferences,
    stored: async () => (await get('/export')).user,
  };
}

const others = { push: false, sms: false, slack: false, in_app: false };
const control = (page, name) => page.getByRole('switch', { name, exact: true });
const says = async (page, text) => {
  const status = page.getByRole('status');
  await page.waitForFunction(([text]) => document.getElementById('status').textContent === text, [text]);
  assert.equal(await status.textContent(), text);
};

describe('with its script', () => {
  test('a change is saved as it is made', async () => {
    const who = await visitor();
    const page = await browser.page();
    await page.goto(who.link);
    assert.equal(await page.getByRole('button', { name: 'Save' }).isVisible(), false);
    await control(page, 'Text messages').click();
    await says(page, 'Saved');
    assert.deepEqual(await who.channels(), { sms: false });
    // All of the row switches.
    await page.getByText('Messages in your Slack workspace').click({ force: true });
    await says(page, 'Saved');
    await page.waitForFunction(() => document.querySelector('[name="was.channel.slack"]').value === 'off');
    await control(page, 'News').uncheck();
    await page.waitForFunction(() => document.getElementById('group.7').previousElementSibling.value === 'off');
    await page.reload();
    assert.deepEqual(await who.channels(), { sms: false, slack: false });
    assert.deepEqual((await who.stored()).groups, { [GROUP]: false });
    for (const [name, on] of [['Email', true], ['Text messages', false], ['Slack', false], ['News', false]]) {
      assert.equal(await control(page, name).isChecked(), on, name);
    }
  });

  test('quick changes are all saved, in their order', async () => {
    const who = await visitor();
    const page = await browser.page();
    await page.goto(who.link);
    for (let n = 0; n < 3; n += 1) await control(page, 'Email').click();
    await control(page, 'Push').click();
    // "Saved" is said of the first of the four already.
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
    await dialog.waitFor({ state: 'hidden' });
    assert.equal(await control(page, 'Email').isChecked(), true);
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
    // The safe answer has the focus; Escape is it, too.
    assert.equal(await page.evaluate(() => document.activeElement.value), 'keep');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    assert.equal(await control(page, 'Email').isChecked(), true);
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
    await page.getByRole('heading', { name: 'Unsubscribe from “newsletter”?' }).waitFor();
    await page.getByRole('heading', { name: LANGUAGES.en }).waitFor();
    await page.getByRole('button', { name: 'Unsubscribe' }).click();
    await page.getByRole('heading', { name: 'You are unsubscribed' }).waitFor();
    await page.getByRole('link', { name: 'See all notification preferences' }).click();
    await control(page, 'newsletter').check();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved', { exact: true }).waitFor();
  });
});

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
    // Axe is a script itself: the page's own is taken out instead.
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

describe('in a frame', () => {
  const host = async (origin, link) => {
    const page = await browser.page({ tolerate: /frame-ancestors|ERR_BLOCKED_BY_RESPONSE/, permissions: [] });
    await page.context().grantPermissions(['local-network-access'], { origin }).catch(() => {});
    await page.route(`${origin}/**`, (route) => route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><title>Shop</title><script>addEventListener('message', ({ data, origin }) => { (window.told ??= []).push({ data, origin }); });</script><iframe title="Preferences" width="500" height="600" src="${link}&embed=1"></iframe>`,
    }));
    await page.goto(`${origin}/`);
    return page;
  };

  test('an allowed page shows it, changes are saved there, and it says how high it is', async () => {
    const who = await visitor();
    const page = await host('https://shop.example', who.link);
    const frame = page.frameLocator('iframe');
    await frame.getByRole('switch', { name: 'Text messages' }).click();
    await frame.getByText('Saved', { exact: true }).waitFor();
    assert.deepEqual(await who.channels(), { sms: false });
    assert.equal(await frame.getByRole('banner').count(), 0);
    await page.waitForFunction(() => window.told?.some(({ data }) => data.height > 600));
    const [{ data, origin }] = await page.evaluate(() => window.told);
    assert.deepEqual([data.type, origin], ['tidings:height', new URL(url).origin]);
  });

  test('no other page shows it', async () => {
    const who = await visitor();
    const page = await host('https://evil.example', who.link);
    await page.waitForLoadState('networkidle');
    const [, frame] = page.frames();
    assert.equal(await frame.getByRole('switch').count(), 0);
    assert.deepEqual(await who.channels(), {});
  });
});

describe('pictures', () => {
  const framed = async (options, display) => {
    const who = await visitor();
    await who.sets({ timezone: 'Europe/Berlin', ...display });
    const { bearer } = await demo();
    await who.switches({ sms: false });
    await done('PUT', `/api/v1/users/${who.id}/quiet-hours`, { token: bearer.admin, body: { start: '22:00', end: '07:00' } });
    const page = await browser.page({ timezoneId: 'Europe/Berlin', ...options });
    await page.goto(who.link);
    return page;
  };

  test('of the page in light and in dark', async () => {
    const page = await framed({ viewport: { width: 820, height: 1000 } });
    await screenshotInBothSchemes(page, 'preferences', { fullPage: true });
  });

  test('of the page in German on a telephone', async () => {
    const page = await framed({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true }, { language: 'de' });
    await screenshot(page, 'preferences-de-mobile', { fullPage: true });
  });
});
