// The preference centre in a frame of another page.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { use } from './support/browser.js';
import { visitor } from './support/preferences.js';
import { url } from './support/stack.js';

const browser = use();

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
