import { Settings } from '@nightcrier/core/settings/config';
import { Secret } from '@nightcrier/core/settings/secret';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { CHROMIUM, hasNoChromium } from '../../../test/fixtures/chromium.ts';
import { complaintsOf, overflowOf, useChromium, violationsOf } from '../../../test/fixtures/chromium-pages.ts';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { type ApiUnderTest, openReadyApi } from './api-under-test.ts';
import { CLIENT, startProvider } from './oidc-provider.fixture.ts';

const PASSWORD = 'a password of alice';
const accessKey = new Secret('correct horse battery staple');

describe.skipIf(hasNoChromium)(`a login in Chromium (needs ${CHROMIUM}: apt-get install chromium)`, () => {
  let server: RedisServer;
  let api: ApiUnderTest;
  beforeAll(async () => {
    server = await startRedisServer();
    const { auth } = Settings.parse({ api: { auth: { methods: ['users', 'keys'] } } }).api;
    api = await openReadyApi(server.url, { accessKey, auth });
    await api.state.users.add({ name: 'alice', role: 'operator', password: PASSWORD }, 'test');
  });
  afterAll(async () => {
    await api?.[Symbol.asyncDispose]();
    await server?.stop();
  });

  const openPage = useChromium();

  async function logIn(page: Page): Promise<void> {
    await page.getByLabel('User name').fill('alice');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Log out' }).waitFor();
  }

  test('a link opens after a login by keyboard, and the logout closes it', async () => {
    const page = await openPage();
    await page.goto(`${api.url}/problems?namespace=shop`);
    expect(new URL(page.url()).pathname).toBe('/login');
    await page.getByLabel('User name').fill('alice');
    await page.getByLabel('Password').fill('a wrong password');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'wrong' }).waitFor();
    await logIn(page);
    expect(page.url()).toBe(`${api.url}/problems?namespace=shop`);
    await page.goto(`${api.url}/queues/`);
    await page.getByText('triage').first().waitFor();
    await page.goto(`${api.url}/`);
    await page.getByRole('button', { name: 'Log out' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(`${api.url}/login`);
    await page.goto(`${api.url}/problems`);
    expect(new URL(page.url()).pathname).toBe('/login');
  });

  test('the page of the login is accessible, and fits 360 px in the dark', async () => {
    const page = await openPage({ viewport: { width: 360, height: 640 }, colorScheme: 'dark' });
    const complaints = complaintsOf(page);
    await page.goto(`${api.url}/login`);
    expect(await violationsOf(page)).toEqual([]);
    expect(await overflowOf(page)).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('pages of this origin change things, and those of others do not, though the browser sends the cookie along', async () => {
    const page = await openPage();
    await page.goto(`${api.url}/login`);
    await logIn(page);
    const own = await page.evaluate(async () => (await fetch('/api/silences/unknown', { method: 'DELETE' })).status);
    expect(own).toBe(404);

    // The same site, since ports do not count; another origin.
    const evil = createServer((_, response) =>
      response
        .setHeader('content-type', 'text/html')
        .end(`<form method="post" action="${api.url}/logout"><button>A kitten</button></form>`),
    );
    evil.listen(0, '127.0.0.1');
    await once(evil, 'listening');
    onTestFinished(() => {
      evil.closeAllConnections();
      evil.close();
    });
    const address = evil.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    for (const host of ['127.0.0.1', 'localhost']) {
      await page.goto(`http://${host}:${port}/`);
      await page.getByRole('button', { name: 'A kitten' }).click();
      await page.waitForURL(`${api.url}/logout`);
      expect(await page.textContent('body')).toContain('origin_not_allowed');
      await page.goto(`${api.url}/`);
      await page.getByRole('button', { name: 'Log out' }).waitFor();
    }
  });

  test('the login at a provider of another site leads back to the page', async () => {
    await using other = await openReadyApi(server.url);
    await using provider = await startProvider(`${other.url}/login/oidc/callback`, 'localhost');
    provider.groups.set('alice', ['sre']);
    const oidc = { issuer: provider.issuer, client_id: CLIENT.id, client_secret: CLIENT.secret };
    const auth = {
      methods: ['oidc'],
      roles: { sre: 'operator' },
      oidc: { ...oidc, scopes: ['openid', 'email', 'groups'] },
    };
    other.reloading.apply({ ...Settings.parse({ public_url: other.url, api: { auth } }), clusters: [] });
    const page = await openPage();
    await page.goto(`${other.url}/problems`);
    await page.getByRole('link', { name: 'Log in with single sign-on' }).click();
    await page.locator('input[name=login]').fill('alice');
    await page.locator('input[name=password]').fill('any');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: /continue/i }).click();
    await page.waitForURL(`${other.url}/problems`);
    expect(await page.locator('.who').textContent()).toBe('alice@example.com');
  });
});
