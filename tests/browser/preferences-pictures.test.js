// The screenshots of the preference centre.

import { describe, test } from 'node:test';

import { use } from './support/browser.js';
import { visitor } from './support/preferences.js';
import { screenshot, screenshotInBothSchemes } from './support/screenshot.js';
import { demo, done } from './support/stack.js';

const browser = use();

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
