// The other views of the local stack's page: users, templates, inbox, topics, and the requests to the API.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { use } from './support/browser.js';
import { fits, goTo, open, usePeople } from './support/console.js';
import { answers, call, demo, done, newUser, notify, settled } from './support/stack.js';

const browser = use();
const people = usePeople();

test('every link of the page leads somewhere', async () => {
  const page = await open(browser);
  const links = await page.getByRole('navigation', { name: 'Views' }).locator('a').evaluateAll((all) => all.map((link) => ({ name: link.querySelector('span:not(.count)')?.textContent, href: link.getAttribute('href') })));
  assert.ok(links.length >= 11, JSON.stringify(links));
  for (const { href } of links) {
    const response = await page.request.get(href);
    assert.equal(response.status(), 200, href);
  }
  for (const { name, href } of links.filter(({ href }) => href.startsWith('/_local/ui/'))) {
    if (href === '/_local/ui/users' && name !== 'Users') continue;
    await goTo(page, name);
    await page.locator('h1').waitFor();
    assert.equal(new URL(page.url()).pathname.startsWith(href), true, href);
    assert.equal(await page.locator('main').getByText('has no such').count(), 0);
  }
  const opened = page.waitForEvent('popup');
  await page.getByRole('link', { name: 'Preference centre' }).click();
  const centre = await opened;
  await centre.getByRole('heading', { name: 'Notification preferences' }).waitFor();
});

test('every user is listed, found, and shown with the channels', async () => {
  const user = await newUser({ name: 'Nadia Found' });
  const page = await open(browser, '/users');
  await page.getByRole('link', { name: 'John Doe' }).or(page.getByRole('link', { name: 'Older' })).first().waitFor();
  await fits(page);
  await page.getByRole('searchbox', { name: 'Find a user' }).fill(user.email);
  await page.getByRole('button', { name: 'Find' }).click();
  await page.getByRole('link', { name: 'Nadia Found' }).click();
  await page.getByRole('heading', { name: 'Nadia Found', level: 1 }).waitFor();
  assert.equal(new URL(page.url()).pathname, `/_local/ui/users/${user.id}`);
  await page.getByRole('switch', { name: 'Slack' }).click();
  await page.getByRole('status').filter({ hasText: 'Slack of Nadia Found is off' }).waitFor({ state: 'attached' });
  await fits(page);
  const opened = page.waitForEvent('popup');
  await page.getByRole('button', { name: 'Open the preference centre' }).click();
  const centre = await opened;
  await centre.getByRole('heading', { name: 'Notification preferences' }).waitFor();
  assert.equal(await centre.getByRole('switch', { name: 'Slack', exact: true }).isChecked(), false);
});

test('a template is rendered as its variables are edited, and all of that is in the URL', async () => {
  const { bearer } = await demo();
  const email = { subject: 'Order {{ order.number }}', text: 'Dear {{ user.name }}', html: '<p style="color:#b00020">Dear {{ user.name }}, <b>{{ order.number }}</b></p>' };
  const locales = { default: { email, push: { title: 'Order {{ order.number }}', body: 'Now' } }, de: { push: { title: 'Auftrag {{ order.number }}', body: 'Jetzt' } } };
  await done('PUT', '/api/v1/templates/edited', { token: bearer.admin, body: { locales } });
  const page = await open(browser, '/templates');
  await page.getByRole('navigation', { name: 'Templates' }).getByRole('link', { name: 'edited' }).click();
  // What a variable lacks is said in words.
  await page.getByRole('alert').filter({ hasText: /order/ }).waitFor();
  await page.getByLabel('Variables (JSON)').fill('{"order": {"number": 4711}');
  await page.getByRole('alert').filter({ hasText: 'The variables are no JSON' }).waitFor();
  await page.getByLabel('Variables (JSON)').fill('{"order": {"number": 4711}}');
  await page.getByText('Order 4711').first().waitFor();
  await page.locator('[name=user]').selectOption(people.other_user);
  const frame = page.frameLocator('.shown iframe');
  await frame.getByText('Dear Jane Saoirse, 4711').waitFor();
  assert.equal(await frame.locator('p').evaluate((element) => getComputedStyle(element).color), 'rgb(176, 0, 32)', 'an email has its own style');
  await fits(page);
  await page.locator('[name=channel]').selectOption('push');
  await page.getByLabel('Language').fill('de');
  await page.getByText('Auftrag 4711').first().waitFor();
  await page.waitForFunction(() => new URL(location).searchParams.get('language') === 'de');
  await page.reload();
  await page.getByText('Auftrag 4711').first().waitFor();
  assert.equal(await page.locator('[name=user]').inputValue(), people.other_user);
  await page.getByRole('link', { name: 'Send it' }).click();
  await page.locator('#send option[value="edited"]').waitFor({ state: 'attached' });
  assert.match(await page.getByLabel('Variables (JSON)').inputValue(), /4711/);
});

test('the form of a notification has every user and template, and shows how it would read', async () => {
  const user = await newUser({ name: 'Zoe Reader' });
  const page = await open(browser, '/send');
  await page.locator(`#send option[value="${user.id}"]`).waitFor({ state: 'attached' });
  await page.locator('#send [name=to]').selectOption(user.id);
  await page.locator('select[name=template]').selectOption('welcome');
  await page.frameLocator('.shown iframe').getByText('Hello Zoe Reader').waitFor();
  await fits(page);
});

test('an inbox has its entries, which can be read and archived', async () => {
  await done('POST', '/_local/ui/channels');
  const user = await newUser({ name: 'Ines Inbox' });
  await settled(await notify({ user_id: user.id, notification_type: 'in_app', content: { title: 'You have mail', body: 'Read it' } }));
  const page = await open(browser, `/inbox/${user.id}`);
  await page.getByRole('heading', { name: 'You have mail' }).waitFor();
  await fits(page);
  await page.getByRole('button', { name: 'Mark read' }).click();
  await page.getByRole('button', { name: 'Mark unread' }).waitFor();
  await page.getByRole('button', { name: 'Archive' }).click();
  await page.getByText('There is nothing.').waitFor();
  await page.getByLabel('State').selectOption('archived');
  await page.getByRole('heading', { name: 'You have mail' }).waitFor();
  assert.equal(new URL(page.url()).searchParams.get('state'), 'archived');
  await page.getByRole('link', { name: 'notification', exact: true }).click();
  await page.locator('article.detail').waitFor();
});

test('topics have subscribers, who come and go', async () => {
  const user = await newUser({ name: 'Tom Topic' });
  const name = `topic-${crypto.randomUUID()}`;
  const page = await open(browser, '/topics');
  await page.locator(`option[value="${user.id}"]`).waitFor({ state: 'attached' });
  await page.getByRole('textbox', { name: 'Topic' }).fill(name);
  await page.locator('select[name=user]').selectOption(user.id);
  await page.getByRole('button', { name: 'Subscribe', exact: true }).click();
  await page.getByRole('heading', { name, level: 1 }).waitFor();
  // The list is late, as on AWS.
  await done('GET', '/_local/index');
  await page.reload();
  await page.getByRole('link', { name: 'Tom Topic' }).waitFor();
  await fits(page);
  await page.getByRole('button', { name: 'Unsubscribe Tom Topic' }).click();
  await page.getByRole('status').filter({ hasText: 'is not subscribed any more' }).waitFor({ state: 'attached' });
  await done('GET', '/_local/index');
  await page.reload();
  await page.getByText('Nobody is subscribed.').waitFor();
  await page.getByRole('link', { name: 'All topics' }).click();
  await page.getByRole('link', { name, exact: true }).waitFor();
  await fits(page);
});

test('each request of an application is in the log with its status and reason, and without secrets', async () => {
  const { bearer, notiflows } = await demo();
  const page = await open(browser, '/requests');
  const path = `/api/v1/users/${crypto.randomUUID()}`;
  const secret = `hidden${crypto.randomUUID()}`;
  await call('GET', `${path}?token=${secret}`, { token: bearer.admin });
  await call('GET', path, { token: secret });
  await call('POST', '/api/v1/users', { token: bearer.admin, body: { name: 3, password: secret } });
  const key = await done('POST', '/api/v1/api-keys', { token: bearer.admin, body: { name: 'A key' } });
  await call('GET', '/admin/v1/topics', { headers: { 'x-notiflows-api-key': notiflows.api_key, 'x-notiflows-secret-key': secret, cookie: `a=${secret}` } });
  const link = await done('POST', `/api/v1/users/${people.user}/preference-link`, { token: bearer.service });
  await fetch(link.data.url);
  const row = (text) => page.locator('.log a').filter({ hasText: text }).first();
  await row(`/preferences?token=[hidden]`).waitFor();
  await row('/api/v1/api-keys').waitFor();
  await page.getByLabel('Status').selectOption('4xx');
  await row('name must be').click();
  const more = page.locator('.call-more');
  await more.getByText('Validation failed').waitFor();
  assert.match(await more.innerText(), /bearer token, not kept/);
  assert.equal(await more.getByRole('link', { name: /validation_failed/ }).getAttribute('href'), '/docs/errors/validation_failed');
  assert.equal(new URL(page.url()).searchParams.get('status'), '4xx');
  assert.ok(new URL(page.url()).searchParams.get('request'));
  await fits(page);
  await page.reload();
  await more.getByText('Validation failed').waitFor();
  await page.getByLabel('Text').fill(path);
  await page.waitForFunction((path) => [...document.querySelectorAll('.log .path')].filter((one) => one.textContent.includes(path)).length === 2, path);
  // Nothing of it anywhere, neither on the page nor in what it was made of.
  const all = JSON.stringify(await done('GET', '/_local/ui/data/requests?own=all'));
  const secrets = [secret, key.secret_key ?? key.data?.secret_key, bearer.admin, bearer.service, notiflows.secret_key, new URL(link.data.url).searchParams.get('token')];
  for (const one of secrets) {
    assert.ok(one?.length > 10);
    assert.equal(all.includes(one), false, 'the log has a secret');
    assert.equal((await page.content()).includes(one), false, 'the page has a secret');
  }
  // The page's own requests are there when they are asked for.
  await page.getByLabel('Text').fill('');
  await page.getByLabel('Status').selectOption('');
  await page.getByLabel(/own requests/).check();
  await goTo(page, 'Users');
  await page.locator('table').waitFor();
  await page.goBack();
  await row('/api/v1/users?limit=50').waitFor();
});

test('dead letters and providers fit at each width, too', async () => {
  await answers('fcm', [{ status: 503, always: true }]);
  const id = await notify({ user_id: people.user, notification_type: 'push', content: { title: 'A title', body: 'A text' } });
  assert.equal((await settled(id)).status, 'dead_lettered');
  await done('GET', '/_local/index');
  const page = await open(browser, '/dead-letters');
  await page.locator('#letters li').first().waitFor();
  await fits(page);
  await goTo(page, 'Providers');
  await page.locator('[data-provider="fcm"][data-mood="always"]').waitFor();
  await fits(page);
});
