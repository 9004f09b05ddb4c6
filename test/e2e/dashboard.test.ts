import { execa } from 'execa';
import { freePort } from '@nightcrier/simulator/free-port';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { CHROMIUM, hasNoChromium } from '../fixtures/chromium.ts';
import { complaintsOf, overflowOf, PATIENCE_MS, useChromium, violationsOf } from '../fixtures/chromium-pages.ts';

const CLI = path.join(import.meta.dirname, '../../apps/cli/src/main.ts');
/** Everything that the header of the dashboard leads to, with what the page says about the demo. */
const PAGES: [page: string, shown: RegExp][] = [
  ['/', /westeu-cluster1/],
  ['/problems', /checkout/],
  ['/problems/westeu-cluster1/shop%2Fcheckout', /scaled to 0 replicas/],
  ['/clusters', /eastus-cluster1/],
  ['/queue', /balanced/],
  ['/silences', /Silences/],
  ['/routes?cluster=westeu-cluster1&severity=critical', /Routes/],
  ['/settings', /workspace_root/],
];
/** Recovers by itself in the demo. */
const RECOVERING = /westeu-cluster1 · shop\/inventory/;

describe.skipIf(hasNoChromium)(`the dashboard of nightcrier demo (needs ${CHROMIUM}: apt-get install chromium)`, () => {
  // Before the demo, whose problems appear within half a minute.
  const openPage = useChromium();
  const stopping = new AbortController();
  let folder: string;
  let url: string;
  let demo: Promise<unknown>;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-dashboard-'));
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const flags = ['--api-port', String(port), '--recovery-after', '1', '--recovery-interval', '1'];
    demo = execa(process.execPath, [CLI, 'demo', ...flags], {
      cwd: folder,
      reject: false,
      cancelSignal: stopping.signal,
      forceKillAfterDelay: PATIENCE_MS,
    });
    const isReady = async (): Promise<boolean> =>
      fetch(`${url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
    await vi.waitUntil(isReady, { timeout: PATIENCE_MS, interval: 100 });
  });
  afterAll(async () => {
    stopping.abort();
    await demo;
    await rm(folder, { recursive: true, force: true });
  });

  test('problems appear and turn green without a reload, and every page is legible, small, dark and accessible', async () => {
    const list = await openPage();
    await list.goto(`${url}/problems`);
    await list.evaluate('window.isSamePage = true');
    const rows = list.getByRole('row');
    const atFirst = await rows.count();

    const phone = await openPage({ viewport: { width: 360, height: 740 } });
    const complaints = complaintsOf(phone);
    // axe is a script that the policy would refuse.
    const wide = await openPage({ bypassCSP: true });
    for (const [page, shown] of PAGES) {
      for (const tab of [phone, wide]) {
        await tab.goto(url + page);
        await tab.locator('main').filter({ hasText: shown }).waitFor();
      }
      const light = await violationsOf(wide);
      await wide.emulateMedia({ colorScheme: 'dark' });
      const dark = await violationsOf(wide, ['color-contrast']);
      await wide.emulateMedia({ colorScheme: 'light' });
      const overflow = await overflowOf(phone);
      expect({ page, light, dark, overflow }).toEqual({ page, light: [], dark: [], overflow: 0 });
    }
    expect(complaints).toEqual([]);

    const recovering = rows.filter({ hasText: RECOVERING });
    await recovering.locator('.mark.good', { hasText: 'recovered' }).waitFor();
    expect(await rows.count()).toBeGreaterThan(atFirst);
    expect(await list.evaluate('window.isSamePage')).toBe(true);
  }, 240_000);
});
