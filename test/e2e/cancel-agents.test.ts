import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TestBackend } from '../../apps/triage-worker/test/backend.ts';
import { TestHarness } from '../../apps/triage-worker/test/harness.ts';
import { whyNoDocker } from '../fixtures/agent-image.ts';
import { buildObedientAgent, writesReport } from '../fixtures/obedient-agent.ts';
import { CONTAINER_GRACE, containersOf, PATIENCE, sandboxed, untilNoContainer } from '../fixtures/sandboxed-agents.ts';

const why = await whyNoDocker();
const HANGS = 'echo begun; sleep 600';

describe.skipIf(why)(`the container of a cancelled incident${why ? ` (skipped: ${why})` : ''}`, () => {
  let backend: TestBackend;
  let harness: TestHarness;

  beforeAll(async () => {
    await buildObedientAgent();
    backend = await TestBackend.start();
  }, 300_000);
  afterAll(() => backend.stop());
  beforeEach(async () => {
    harness = await TestHarness.open(backend);
  });
  afterEach(() => harness.close());

  const untilBegun = (id: string): Promise<void> =>
    expect
      .poll(() => readFile(harness.workspace(id, 'logs/agent-stdout.log'), 'utf8').catch(() => ''), {
        timeout: PATIENCE,
      })
      .toContain('begun');

  it('is stopped and removed by the worker that runs it', async () => {
    const id = await harness.admit();
    await harness.startWorker(await sandboxed(harness, HANGS, { agent_timeout: 600 }), CONTAINER_GRACE);
    await untilBegun(id);
    expect(await harness.cancellations.cancel(id, { by: 'alice' })).toMatchObject({ kind: 'requested' });
    expect(await harness.reaches(id, 'cancelled')).toMatchObject({ reason: 'by alice', attempts: 1 });
    await untilNoContainer(id);
  });

  it('is removed by the next worker if the one that ran it was killed', async () => {
    const id = await harness.admit();
    const dying = await harness.startWorkerProcess(await sandboxed(harness, HANGS, { agent_timeout: 600 }), {
      grace: CONTAINER_GRACE,
      lock: { lockDuration: 10_000, stalledInterval: 500 },
    });
    await untilBegun(id);
    await dying.kill();
    expect(await containersOf(id)).toHaveLength(1);
    expect(await harness.cancellations.cancel(id, { by: 'alice' })).toMatchObject({ kind: 'requested' });
    await harness.startWorker(await sandboxed(harness, writesReport('Investigated twice.')), CONTAINER_GRACE);
    expect(await harness.reaches(id, 'cancelled', PATIENCE)).toMatchObject({ reason: 'by alice', attempts: 1 });
    await untilNoContainer(id);
  });
});
