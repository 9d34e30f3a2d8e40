// A browser for a test file: `const browser = use()`, then `await browser.page()` in each test.

import { after, afterEach, before } from 'node:test';

import { chromium } from 'playwright-core';

import { PATIENCE, url } from './stack.js';

/** These turn off all of the browser's own traffic: it talks to loopback only. */
const FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
];

/** The size of pages and screenshots, in CSS pixels, unless a test gives another. */
export const VIEWPORT = { width: 1280, height: 860 };

const LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" rx="12" fill="#0b7a53"/><path d="M24 10 38 38H10Z" fill="#fff"/></svg>';

/**
 * Starts a browser for this file and ends it. Each page has a context of its own, which ends with the test. A test fails
 * if its page reports an error: an exception in a script, an error on the console, or a resource that does not load.
 */
export function use() {
  let browser;
  let contexts = [];
  before(async () => {
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
  });
  after(() => browser?.close());
  afterEach(async () => {
    const ended = contexts;
    contexts = [];
    await Promise.all(ended.map(({ context }) => context.close()));
    const errors = ended.flatMap(({ errors }) => errors);
    if (errors.length) throw new Error(`the page reported:\n${errors.join('\n')}`);
  });
  return {
    /** Opens a page. `options` are those of a Playwright context; errors that match `tolerate` do not fail the test. */
    async page({ tolerate, ...options } = {}) {
      const context = await browser.newContext({
        baseURL: url,
        viewport: VIEWPORT,
        reducedMotion: 'reduce',
        colorScheme: 'light',
        locale: 'en-GB',
        timezoneId: 'UTC',
        ...options,
      });
      context.setDefaultTimeout(PATIENCE);
      // The brand of the stack that `run` starts. The browser reaches nothing but loopback.
      await context.route('https://brand.example/logo.svg', (route) => route.fulfill({ contentType: 'image/svg+xml', body: LOGO }));
      const errors = [];
      const note = (text) => {
        if (!tolerate?.test(text)) errors.push(text);
      };
      contexts.push({ context, errors });
      const page = await context.newPage();
      page.on('pageerror', (error) => note(String(error)));
      page.on('console', (message) => {
        if (message.type() === 'error') note(`${message.text()} (${message.location().url})`);
      });
      return page;
    },
  };
}
