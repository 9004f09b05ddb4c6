import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { whyNoDocker } from '../fixtures/agent-image.ts';
import { writesReport } from '../fixtures/obedient-agent.ts';
import { CONTAINER_GRACE, containersOf, PATIENCE, sandboxed, untilNoContainer } from '../fixtures/sandboxed-agents.ts';
import { useHarness } from '../fixtures/use-harness.ts';

const why = await whyNoDocker();
const HANGS = 'echo begun; sleep 600';

describe.skipIf(why)(`the container of a cancelled incident${why ? ` (skipped: ${why})` : ''}`, () => {
  const suite = useHarness();

  const untilBegun = (id: string): Promise<void> =>
    expect
      .poll(() => readFile(suite.harness.workspace(id, 'logs/agent-stdout.log'), 'utf8').catch(() => ''), {
        timeout: PATIENCE,
      })
      .toContain('begun');

  it('is stopped and removed by the worker that runs it', async () => {
    const id = await suite.harness.admit();
    await suite.harness.startWorker(await sandboxed(suite.harness, HANGS, { agent_timeout: 600 }), CONTAINER_GRACE);
    await untilBegun(id);
    expect(await suite.harness.cancellations.cancel(id, { by: 'alice' })).toMatchObject({ kind: 'requested' });
    expect(await suite.harness.reaches(id, 'cancelled')).toMatchObject({ reason: 'by alice', attempts: 1 });
    await untilNoContainer(id);
  });

  it('is removed by the next worker if the one that ran it was killed', async () => {
    const id = await suite.harness.admit();
    const dying = await suite.harness.startWorkerProcess(
      await sandboxed(suite.harness, HANGS, { agent_timeout: 600 }),
      {
        grace: CONTAINER_GRACE,
      },
    );
    await untilBegun(id);
    await dying.kill();
    expect(await containersOf(id)).toHaveLength(1);
    expect(await suite.harness.cancellations.cancel(id, { by: 'alice' })).toMatchObject({ kind: 'requested' });
    await suite.harness.startWorker(
      await sandboxed(suite.harness, writesReport('Investigated twice.')),
      CONTAINER_GRACE,
    );
    expect(await suite.harness.reaches(id, 'cancelled', PATIENCE)).toMatchObject({ reason: 'by alice', attempts: 1 });
    await untilNoContainer(id);
  });
});
