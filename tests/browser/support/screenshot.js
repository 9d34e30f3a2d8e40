// Pictures for the documentation, written only when they are asked for: fonts differ from machine to machine.

import assert from 'node:assert/strict';
import { mkdir, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../screenshots/', import.meta.url));
/** A repository is no place for large pictures. */
const LARGEST = 150 * 1024;

/** With UPDATE_SCREENSHOTS=1 writes `screenshots/NAME.png` in this colour scheme; else does nothing. */
export async function screenshot(page, name, { colorScheme = 'light', ...options } = {}) {
  if (process.env.UPDATE_SCREENSHOTS !== '1') return;
  await mkdir(FOLDER, { recursive: true });
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await page.evaluate(() => document.fonts.ready);
  const path = `${FOLDER}${name}.png`;
  await page.screenshot({ path, animations: 'disabled', caret: 'hide', scale: 'css', ...options });
  const { size } = await stat(path);
  assert.ok(size <= LARGEST, `${name}.png has ${size} bytes, more than ${LARGEST}`);
}

/** NAME-light.png and NAME-dark.png. */
export async function screenshotInBothSchemes(page, name, options) {
  for (const colorScheme of ['dark', 'light']) {
    await screenshot(page, `${name}-${colorScheme}`, { ...options, colorScheme });
  }
}
