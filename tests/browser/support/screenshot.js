// Pictures for the documentation. They are written only with UPDATE_SCREENSHOTS=1, because fonts differ from machine to machine.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { smaller } from './png.js';

const FOLDER = fileURLToPath(new URL('../screenshots/', import.meta.url));
/** The most bytes of a picture, so that the repository stays small. */
const LARGEST = 200 * 1024;

/** With UPDATE_SCREENSHOTS=1 writes `screenshots/NAME.png` in this colour scheme; otherwise does nothing. */
export async function screenshot(page, name, { colorScheme = 'light', ...options } = {}) {
  if (process.env.UPDATE_SCREENSHOTS !== '1') return;
  await mkdir(FOLDER, { recursive: true });
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await page.evaluate(() => document.fonts.ready);
  const path = `${FOLDER}${name}.png`;
  const picture = smaller(await page.screenshot({ animations: 'disabled', caret: 'hide', scale: 'css', ...options }));
  assert.ok(picture.length <= LARGEST, `${name}.png has ${picture.length} bytes, more than ${LARGEST}`);
  await writeFile(path, picture);
}

/** Writes NAME-light.png and NAME-dark.png. */
export async function screenshotInBothSchemes(page, name, options) {
  for (const colorScheme of ['dark', 'light']) {
    await screenshot(page, `${name}-${colorScheme}`, { ...options, colorScheme });
  }
}
