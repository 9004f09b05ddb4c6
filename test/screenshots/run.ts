import { execa } from 'execa';
import { freePort } from '@nightcrier/simulator/free-port';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { launchChromium } from '../fixtures/chromium.ts';
import { slackMessagePage } from './slack-message-page.ts';

/**
 * `pnpm screenshots`: makes the pictures of the README from a running demo: the page of a problem, and the message about it as Slack gets
 * it, drawn from its blocks. Needs Chromium.
 */
const ROOT = path.join(import.meta.dirname, '../..');
const IMAGES = path.join(ROOT, 'docs/images');
const DEADLINE_MS = 120_000;
const MOST_BYTES = 300_000;
/** The problem of the demo that the pictures show. */
const SHOWN = 'shop%2Fcheckout';

const Message = z.object({ text: z.string(), blocks: z.array(z.unknown()) });
type Message = z.infer<typeof Message>;

const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-screenshots-'));
const messages: Message[] = [];
const slack = createServer((request, response) => {
  void text(request).then((body) => {
    messages.push(Message.parse(JSON.parse(body)));
    response.end('ok');
    return undefined;
  });
});
slack.listen(0, '127.0.0.1');
await once(slack, 'listening');
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
const { port: slackPort } = slack.address() as AddressInfo;
const port = await freePort();
const demo = execa(process.execPath, [path.join(ROOT, 'apps/cli/src/main.ts'), 'demo', '--api-port', String(port)], {
  cwd: folder,
  reject: false,
  env: { NIGHTCRIER_SLACK_WEBHOOK_URL: `http://127.0.0.1:${slackPort}/services/demo` },
});
try {
  const url = `http://127.0.0.1:${port}`;
  const page = `${url}/problems/westeu-cluster1/${SHOWN}`;
  const message = await waitFor(async () => {
    const isReady = (
      await fetch(page).then(
        (response) => response.text(),
        () => '',
      )
    ).includes('What to do');
    return isReady
      ? messages.find(({ blocks }) => /westeu-cluster1.*checkout/.test(JSON.stringify(blocks)))
      : undefined;
  });
  await mkdir(IMAGES, { recursive: true });
  const browser = await launchChromium();
  const tab = await browser.newPage({ viewport: { width: 1000, height: 720 } });
  await tab.goto(page);
  await tab.screenshot({ path: path.join(IMAGES, 'problem.png') });
  // The policy of the page before would forbid the style.
  await tab.goto('about:blank');
  await tab.setContent(slackMessagePage(message.blocks).toString());
  await tab.locator('article').screenshot({ path: path.join(IMAGES, 'slack.png') });
  await browser.close();
  const sizes = await Promise.all(
    ['problem.png', 'slack.png'].map(async (name) => (await stat(path.join(IMAGES, name))).size),
  );
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  console.log(`docs/images: ${Math.ceil(bytes / 1000)} KB`);
  if (bytes > MOST_BYTES) throw new Error(`the pictures have ${bytes} bytes, at most ${MOST_BYTES} are wanted`);
} finally {
  demo.kill('SIGTERM');
  await demo;
  slack.closeAllConnections();
  slack.close();
  await rm(folder, { recursive: true, force: true });
}

async function waitFor<T>(find: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + DEADLINE_MS; Date.now() < deadline; await sleep(500)) {
    const found = await find();
    if (found !== undefined) return found;
  }
  throw new Error(`the demo showed no report on ${SHOWN} within ${DEADLINE_MS / 1000} s`);
}
