// Checks a page with axe: WCAG 2.0 to 2.2, levels A and AA, and axe's best practices.

import assert from 'node:assert/strict';

import axe from 'axe-core';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];

/** Asserts that axe finds no violation on the page, or in the part that the selector `within` names. */
export async function accessible(page, { within } = {}) {
  // The debugger runs axe, so it also runs on a page whose Content-Security-Policy forbids other scripts.
  await page.evaluate(axe.source);
  // A frame holds an email, which is not our page, and its sandbox lets no script run.
  const options = { runOnly: { type: 'tag', values: TAGS }, iframes: false, resultTypes: ['violations'] };
  const { violations } = await page.evaluate(([context, options]) => globalThis.axe.run(context ?? document, options), [
    within ?? null,
    options,
  ]);
  const found = violations.map(({ id, help, nodes }) => {
    const where = nodes.slice(0, 3).map(({ target, failureSummary }) => `  ${target.join(' ')}\n    ${failureSummary}`);
    return `${id}: ${help} (${nodes.length})\n${where.join('\n')}`;
  });
  assert.deepEqual(found, [], `axe finds:\n${found.join('\n')}`);
}

/** Does the same as `accessible`, in the light and in the dark scheme. */
export async function accessibleInBothSchemes(page, options) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await accessible(page, options);
  }
}
