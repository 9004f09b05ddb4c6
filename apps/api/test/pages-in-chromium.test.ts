import { Settings } from '@nightcrier/core/settings/config';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { CHROMIUM, hasNoChromium } from '../../../test/fixtures/chromium.ts';
import { overflowOf, PATIENCE_MS, useChromium } from '../../../test/fixtures/chromium-pages.ts';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { type ApiUnderTest, fault, openReadyApi } from './api-under-test.ts';

const PROBLEM = '/problems/prod/shop%2Fcart';

/** What clusters and agents may write; none of it must run, load or be clicked. */
const HOSTILE = [
  '<script>window.hacked = 1</script><img src="http://evil.example/x.png" onerror="window.hacked = 2">',
  '[click](javascript:window.hacked=3) ![pixel](http://evil.example/pixel.png) <a href="data:text/html,x">data</a>',
  '<form action="http://evil.example"><button>Log in</button></form><style>body { display: none }</style>',
  '<svg onload="window.hacked=4"></svg> `"><script>window.hacked = 5</script>`',
  '<div hx-get="http://evil.example/hx" hx-trigger="load">x</div> <a href="//evil.example/protocol">relative</a>',
].join('\n\n');

describe.skipIf(hasNoChromium)(`pages in Chromium (needs ${CHROMIUM}: apt-get install chromium)`, () => {
  let server: RedisServer;
  let api: ApiUnderTest;
  beforeAll(async () => {
    server = await startRedisServer();
    const config = { ...Settings.parse({}), clusters: [] };
    api = await openReadyApi(server.url, { config }, { grouping: 'workload', global_queue_size: 100 });
    await admitHostile(api);
  });
  afterAll(async () => {
    await api?.[Symbol.asyncDispose]();
    await server?.stop();
  });

  const openPage = useChromium();

  test('an update closes nothing that the reader has opened', async () => {
    const page = await openPage();
    await page.goto(`${api.url}${PROBLEM}`);
    await page.getByText('Whole report').click();
    const at = new Date().toISOString();
    await api.state.problems.acknowledge('prod', 'shop/cart', { by: 'alice', at, comment: 'seen by alice' });
    await page.getByText('seen by alice').first().waitFor();
    expect(await page.locator('details[open]', { hasText: 'Whole report' }).count()).toBe(1);
    await api.state.problems.unacknowledge('prod', 'shop/cart');
  });

  test('what clusters and agents write neither runs nor loads anything', async () => {
    const page = await openPage({ viewport: { width: 360, height: 740 } });
    const foreign: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(api.url)) foreign.push(request.url());
    });
    for (const path of ['/', '/problems', PROBLEM]) {
      await page.goto(`${api.url}${path}`);
      expect({ path, overflow: await overflowOf(page) }).toEqual({ path, overflow: 0 });
      for (const summary of await page.locator('main summary').all()) await summary.click();
      expect(await page.evaluate(() => 'hacked' in globalThis)).toBe(false);
      const unsafe =
        'main script, main img, main svg, main style, .markdown form, .markdown [hx-get], [onerror], [onload]';
      expect(await page.locator(unsafe).count()).toBe(0);
      const links = await page.locator('main a').evaluateAll((all) => all.map((one) => one.getAttribute('href') ?? ''));
      expect(links.filter((href) => !/^(?:\/(?!\/)|https?:\/\/|[?#])/.test(href) && href !== '')).toEqual([]);
    }
    expect(foreign).toEqual([]);
    expect(await page.getByText('window.hacked = 5').count()).toBeGreaterThan(0);
  });

  test('the keyboard is enough to acknowledge a problem', async () => {
    const page = await openPage();
    await page.goto(`${api.url}${PROBLEM}`);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to content');
    await page.keyboard.press('Enter');
    await tabTo(page, 'Acknowledge…');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.type('with the keyboard');
    await page.keyboard.press('Enter');
    await page.getByRole('status').filter({ hasText: 'Acknowledged.' }).waitFor();
    expect((await api.state.problems.get('prod', 'shop/cart'))?.acknowledged).toMatchObject({
      comment: 'with the keyboard',
    });
  });

  test('a click copies a command, and the button shows it also after an update', async () => {
    const page = await openPage({ permissions: ['clipboard-read', 'clipboard-write'] });
    await page.clock.install();
    await page.goto(`${api.url}${PROBLEM}`);
    await page.clock.pauseAt(Date.now() + 60_000);
    const button = page.getByRole('button', { name: 'Copy command' }).first();
    await button.click();
    await button.filter({ hasText: 'Copied' }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe('kubectl rollout undo deployment/cart -n shop');
    const at = new Date().toISOString();
    await api.state.problems.acknowledge('prod', 'shop/cart', { by: 'bob', at, comment: 'seen by bob' });
    await page.evaluate("document.body.dispatchEvent(new CustomEvent('changed'))");
    await page.getByText('seen by bob').first().waitFor();
    expect(await button.textContent()).toBe('Copied');
    await page.clock.runFor(2_500);
    await button.filter({ hasText: /^Copy$/ }).waitFor();
    await api.state.problems.unacknowledge('prod', 'shop/cart');
  });

  describe('a page that nothing happens to', () => {
    /** Counts how often its live part is fetched. */
    async function openCounted(url: string, isStreamBlocked: boolean): Promise<{ page: Page; updates: () => number }> {
      const page = await openPage();
      let updates = 0;
      page.on('request', (request) => {
        if (request.url() === `${url}/problems` && request.headers()['hx-request'] === 'true') updates += 1;
      });
      if (isStreamBlocked) await page.route('**/api/stream', async (route) => route.abort());
      await page.clock.install();
      await page.addInitScript("addEventListener('htmx:sse:after:connection', () => { window.isConnected = true })");
      await page.goto(`${url}/problems`);
      return { page, updates: () => updates };
    }

    test('is fetched once when its stream is connected, and rarely afterwards', async () => {
      await using quiet = await openReadyApi(server.url);
      const { page, updates } = await openCounted(quiet.url, false);
      await vi.waitUntil(async () => page.evaluate('window.isConnected === true'), { timeout: PATIENCE_MS });
      await vi.waitUntil(() => updates() > 0, { timeout: PATIENCE_MS });
      const before = updates();
      for (let step = 0; step < 10; step += 1) await page.clock.runFor(5_000);
      expect(updates() - before).toBeLessThan(5);
      expect(await page.locator('#stream-state').isHidden()).toBe(true);
    });

    test('is fetched every few seconds without its stream, and says so', async () => {
      await using quiet = await openReadyApi(server.url);
      const { page, updates } = await openCounted(quiet.url, true);
      for (let step = 0; step < 5; step += 1) {
        const before = updates();
        await page.clock.runFor(11_000);
        await vi.waitUntil(() => updates() > before, { timeout: PATIENCE_MS });
      }
      await page.getByText('Not connected').waitFor();
      expect(await page.locator('#stream-state').isVisible()).toBe(true);
    });
  });

  test('a page whose session has ended goes to the login, and returns to where it was', async () => {
    const auth = Settings.parse({ api: { auth: { methods: ['users'] } } }).api.auth;
    await using other = await openReadyApi(server.url, { auth });
    await other.state.users.add({ name: 'alice', role: 'viewer', password: 'a password of alice' }, 'test');
    const page = await openPage();
    await page.goto(`${other.url}/problems?namespace=shop`);
    await page.getByLabel('User name').fill('alice');
    await page.getByLabel('Password').fill('a password of alice');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Log out' }).waitFor();
    await other.state.sessions.revoke('alice');
    await page.evaluate("document.body.dispatchEvent(new CustomEvent('changed'))");
    await page.waitForURL(`${other.url}/login?*`);
    expect(new URL(page.url()).searchParams.get('return')).toBe('/problems?namespace=shop');
  });

  test('an update that fails leaves what the page shows', async () => {
    const page = await openPage();
    await page.goto(`${api.url}/problems`);
    const row = page.getByRole('row', { name: /shop\/cart/ });
    await row.waitFor();
    await page.route(`${api.url}/problems`, async (route) =>
      route.fulfill({ status: 503, body: '<p>unavailable</p>' }),
    );
    const failed = page.waitForResponse((response) => response.status() === 503);
    await page.evaluate(
      "addEventListener('htmx:finally:request', () => { window.hasFailed = true }); document.body.dispatchEvent(new CustomEvent('changed'))",
    );
    await failed;
    await vi.waitUntil(async () => page.evaluate('window.hasFailed === true'), { timeout: PATIENCE_MS });
    expect(await row.count()).toBe(1);
  });
});

/** A problem whose report and fault are hostile. */
async function admitHostile(api: ApiUnderTest): Promise<void> {
  const { event, ...received } = fault('prod', 'critical');
  const hostile = { ...event, context: HOSTILE, faultType: 'CrashLoop"><script>window.hacked = 6</script>' };
  await api.admission.admit({ ...received, event: hostile, problem: 'shop/cart' });
  const [incident] = (await api.incidents.list({ limit: 1 })).incidents;
  const id = incident?.incident_id ?? '';
  await api.incidents.begin(id, { agent: 'claude' });
  await api.incidents.saveReport(id, `# Report\n\n${HOSTILE}\n\n## What changed\n\n${HOSTILE}`);
  const report = {
    title: '`cart` crashes "><img src=x onerror=window.hacked=7>',
    summary: HOSTILE,
    root_cause: HOSTILE,
    confidence: 90,
    recommendations: ['Roll back: `kubectl rollout undo deployment/cart -n shop`', HOSTILE],
  };
  await api.incidents.finish(id, { state: 'reported', report, agent: 'claude' });
}

/** Presses Tab until an element with the text has the focus. */
async function tabTo(page: Page, text: string): Promise<void> {
  for (let presses = 0; presses < 30; presses += 1) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate('document.activeElement.textContent.trim()')) === text) return;
  }
  throw new Error(`Tab does not reach ${text}`);
}
