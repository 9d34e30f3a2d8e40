// The helpers themselves: each must find a fault on a page that has one, or every other test would always pass.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { accessible } from './support/axe.js';
import { use } from './support/browser.js';
import { call, demo } from './support/stack.js';

const browser = use();

test('the stack is up and mints tokens', async () => {
  const { bearer, users } = await demo();
  assert.equal(bearer.service.split('.').length, 3);
  const answer = await call('GET', `/api/v1/users/${users.user}`, { token: bearer.admin });
  assert.equal(answer.status, 200);
});

test('axe finds what is wrong with a page', async () => {
  const page = await browser.page();
  await page.setContent('<!doctype html><html lang="en"><title>x</title><main><h1>x</h1><img src="data:,"></main></html>');
  await assert.rejects(accessible(page), /image-alt/);
  await page.setContent('<!doctype html><html lang="en"><title>x</title><main><h1>x</h1></main></html>');
  await accessible(page);
});

test('a page reaches nobody but loopback', async () => {
  const page = await browser.page({ tolerate: /ERR_/ });
  await assert.rejects(page.goto('http://example.com/'), /ERR_/);
});
