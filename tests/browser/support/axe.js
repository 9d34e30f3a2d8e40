// What axe says of a page: WCAG 2.0 to 2.2, levels A and AA, and its best practices.

import assert from 'node:assert/strict';

import axe from 'axe-core';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];

/** Asserts that axe finds nothing; `within` is a selector of the part that is looked at. */
export async function accessible(page, { within } = {}) {
  // Through the debugger, so that a page's Content-Security-Policy may forbid every script but its own.
  await page.evaluate(axe.source);
  // Frames hold what others wrote (an email), and the sandbox lets no script in.
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

/** The same in light and in dark. */
export async function accessibleInBothSchemes(page, options) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await accessible(page, options);
  }
}
