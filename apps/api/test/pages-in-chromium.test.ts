import { AxeBuilder } from '@axe-core/playwright';
import type { RememberedSymptom } from '@nightcrier/core/problems/problem';
import { Settings } from '@nightcrier/core/settings/config';
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { type ApiUnderTest, fault, openReadyApi } from './api-under-test.ts';

const CHROMIUM = '/usr/bin/chromium';
/** A page is slow on a machine that is busy. */
const PATIENCE = 30_000;
const PROBLEM = '/problems/prod/shop%2Fcart';
const PATHS = ['/', '/problems', PROBLEM, '/clusters', '/queue', '/silences', '/routes?cluster=prod', '/settings'];

/** What clusters and agents may write; none of it must run, load or be clicked. */
const HOSTILE = [
  '<script>window.hacked = 1</script><img src="http://evil.example/x.png" onerror="window.hacked = 2">',
  '[click](javascript:window.hacked=3) ![pixel](http://evil.example/pixel.png) <a href="data:text/html,x">data</a>',
  '<form action="http://evil.example"><button>Log in</button></form><style>body { display: none }</style>',
  '<svg onload="window.hacked=4"></svg> `"><script>window.hacked = 5</script>`',
  '<div hx-get="http://evil.example/hx" hx-trigger="load">x</div> <a href="//evil.example/protocol">relative</a>',
].join('\n\n');

describe.skipIf(!existsSync(CHROMIUM))(`pages in Chromium (needs ${CHROMIUM}: apt-get install chromium)`, () => {
  let server: RedisServer;
  let browser: Browser;
  let api: ApiUnderTest;
  beforeAll(async () => {
    server = await startRedisServer();
    const args = ['--no-sandbox', '--disable-background-networking', '--disable-dev-shm-usage'];
    browser = await chromium.launch({ executablePath: CHROMIUM, args });
    const config = { ...Settings.parse({}), clusters: [] };
    api = await openReadyApi(server.url, { config }, { grouping: 'workload', global_queue_size: 100 });
    await admitHostile(api);
  });
  afterAll(async () => {
    await browser?.close();
    await api?.[Symbol.asyncDispose]();
    await server?.stop();
  });

  async function openPage(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext(options);
    onTestFinished(() => context.close());
    context.setDefaultTimeout(PATIENCE);
    return context.newPage();
  }

  test('a problem appears and turns green without a reload', async () => {
    const page = await openPage();
    await page.goto(`${api.url}/problems?namespace=live`);
    await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
    const row = page.getByRole('row', { name: /live\/web/ });
    const live = await liveProblem(api);
    await row.getByText('firing').waitFor();
    await live.recover();
    await row.getByText('recovered').waitFor();
    expect(await row.locator('.mark.good', { hasText: 'recovered' }).count()).toBe(1);
    expect(await page.evaluate(() => 'isSamePage' in globalThis)).toBe(true);
  });

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
    const page = await openPage();
    const foreign: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(api.url)) foreign.push(request.url());
    });
    for (const path of ['/', '/problems', PROBLEM]) {
      await page.goto(`${api.url}${path}`);
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

  test('a click copies a command', async () => {
    const page = await openPage({ permissions: ['clipboard-read', 'clipboard-write'] });
    await page.goto(`${api.url}${PROBLEM}`);
    await page.getByRole('button', { name: 'Copy command' }).first().click();
    await page.getByText('Copied').waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe('kubectl rollout undo deployment/cart -n shop');
  });

  test('no page scrolls sideways on a phone, or breaks its own policy', async () => {
    const page = await openPage({ viewport: { width: 360, height: 740 } });
    const errors: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    page.on('pageerror', ({ message }) => errors.push(message));
    for (const path of PATHS) {
      await page.goto(`${api.url}${path}`);
      const beyond = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
      expect({ path, beyond }).toEqual({ path, beyond: 0 });
    }
    expect(errors).toEqual([]);
  });

  test.each(['light', 'dark'] as const)('axe finds no serious violation in %s', async (colorScheme) => {
    // axe is a script that the policy would refuse.
    const page = await openPage({ bypassCSP: true, colorScheme });
    for (const path of PATHS) {
      await page.goto(`${api.url}${path}`);
      const axe = new AxeBuilder({ page }).setLegacyMode();
      if (colorScheme === 'dark') axe.withRules(['color-contrast']);
      const { violations } = await axe.analyze();
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      expect({ path, serious: serious.map(({ id, nodes }) => [id, nodes[0]?.html]) }).toEqual({ path, serious: [] });
    }
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

/** A problem of its own, which its detector can clear. */
async function liveProblem(api: ApiUnderTest): Promise<{ recover: () => Promise<void> }> {
  const leases = api.state.openLeases({ id: 'ingester-1' });
  await leases.beat(new Map());
  const token = (await leases.take(new Map([['prod', 0]]))).get('prod') ?? 0;
  const admitted = fault();
  const now = Date.now();
  const symptom: RememberedSymptom = {
    state: 'firing',
    family: 'crash',
    container: 'app',
    workload: { namespace: 'live', name: 'web' },
    fault_type: 'CrashLoop',
    severity: 'warning',
    resource: { apiVersion: 'v1', kind: 'Pod', name: 'web-1', namespace: 'live' },
    fault_id: admitted.event.faultId,
    since: now,
    fired_at: now,
  };
  const write = async (one: RememberedSymptom): Promise<void> => {
    await api.state.problems.write(leases, [{ cluster: 'prod', token, problem: 'live/web', symptoms: [one] }]);
  };
  await api.admission.admit({ ...admitted, problem: 'live/web' });
  await write(symptom);
  return { recover: () => write({ ...symptom, state: 'cleared', cleared_at: Date.now() }) };
}

/** Presses Tab until an element with the text has the focus. */
async function tabTo(page: Page, text: string): Promise<void> {
  for (let presses = 0; presses < 30; presses += 1) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate('document.activeElement.textContent.trim()')) === text) return;
  }
  throw new Error(`Tab does not reach ${text}`);
}
