import type { Incident } from '@nightcrier/core/incidents/incident';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestBackend } from '../../apps/triage-worker/test/backend.ts';
import { TestHarness } from '../../apps/triage-worker/test/harness.ts';
import type { TriageWorkerApp } from '../../apps/triage-worker/src/app.ts';
import { whyNoDocker } from '../fixtures/agent-image.ts';
import { buildObedientAgent, writesReport } from '../fixtures/obedient-agent.ts';
import { CONTAINER_GRACE, PATIENCE, sandboxed, untilNoContainer } from '../fixtures/sandboxed-agents.ts';

const why = await whyNoDocker();
const MIB = 1024 * 1024;

/** One worker survives all of it: the last test shows that it still works. */
describe.skipIf(why)(`an agent in its sandbox${why ? ` (skipped: ${why})` : ''}`, () => {
  let backend: TestBackend;
  let harness: TestHarness;
  let worker: TriageWorkerApp;

  beforeAll(async () => {
    await buildObedientAgent();
    backend = await TestBackend.start();
    harness = await TestHarness.open(backend);
    worker = await harness.startWorker(await sandboxed(harness, ''), CONTAINER_GRACE);
  }, 300_000);
  afterAll(async () => {
    await harness.close();
    await backend.stop();
  });

  async function investigated(
    behaviour: string,
    settings: Parameters<typeof sandboxed>[2],
    state: Incident['state'],
  ): Promise<Incident> {
    worker.reloading.apply(await sandboxed(harness, behaviour, settings));
    const id = await harness.admit();
    const incident = await harness.reaches(id, state, PATIENCE);
    expect(incident.attempts).toBe(1);
    await untilNoContainer(id);
    return incident;
  }

  it.each([
    ['hangs past its deadline', 'sleep 600', { agent_timeout: 1 }, 'claude timed out after 1 s'],
    ['ignores SIGTERM', "trap '' TERM; while :; do sleep 1; done", { agent_timeout: 1 }, 'claude timed out after 1 s'],
    [
      'forks without end',
      'bomb() { bomb | bomb & }; bomb; sleep 600',
      { agent_timeout: 2, agent_cpus: 0.5 },
      'claude timed out after 2 s',
    ],
    [
      'uses too much memory',
      'all=$(head -c 600M /dev/zero | tr "\\0" x)',
      { agent_memory: '64m' },
      'claude was killed: it used more memory than agent_memory allows (64m)',
    ],
    [
      'fills its output directory',
      'for file in {1..100}; do head -c 16M /dev/zero > output/$file; done',
      {},
      'No space left on device) and left no valid report',
    ],
    [
      'fills its output directory with 100,000 links',
      `perl -e 'symlink "/etc/passwd", "output/$_" or exit 3 for 1..100_000'`,
      {},
      'claude exited with code 3 and left no valid report',
    ],
    [
      'writes a report of 500 MB',
      'yes "The pod cannot start." | head -c 500M > output/investigation.md',
      {},
      `investigation.md has ${32 * MIB} bytes, more than the 1000000 of the largest report`,
    ],
    [
      'writes a report of 10 bytes',
      'echo "It broke." > output/investigation.md',
      {},
      'investigation.md has 10 bytes, fewer than report_min_bytes (100)',
    ],
    ['writes no report', 'echo "All done."', {}, 'claude left no valid report: investigation.md is not there'],
    [
      'links its report to /etc/passwd',
      'ln -s /etc/passwd output/investigation.md',
      {},
      'investigation.md is a symbolic link',
    ],
    ['creates its report as a pipe', 'mkfifo output/investigation.md', {}, 'investigation.md is not a regular file'],
    ['creates its report as a folder', 'mkdir output/investigation.md', {}, 'investigation.md is not a regular file'],
    [
      'writes binary data',
      'head -c 5000 /dev/urandom > output/investigation.md',
      {},
      'investigation.md is not UTF-8 text',
    ],
    ['locks its output directory', 'chmod 000 output', {}, 'claude left no valid report: investigation.md'],
    [
      'crashes with a message on stderr',
      'echo "segmentation fault" >&2; exit 139',
      {},
      'claude exited with code 139 (stderr: segmentation fault) and left no valid report',
    ],
  ])('that %s has failed, and the reason names it', async (_, behaviour, settings, reason) => {
    const incident = await investigated(behaviour, settings, 'agent_failed');
    expect(incident.reason).toContain(reason);
    expect(await harness.incidents.report(incident.incident_id)).toBeUndefined();
    const sizes = [harness.workspace(incident.incident_id, 'output'), '-type', 'f', '-printf', '%s\\n'];
    const { stdout } = await execa('find', sizes, { lines: true });
    expect(stdout.reduce((sum, size) => sum + Number(size), 0)).toBeLessThanOrEqual(64 * MIB);
  });

  it.each([
    [
      'fills its temporary files',
      'for file in {1..20}; do head -c 30M /dev/zero > /tmp/$file; head -c 30M /dev/zero > ~/$file; done',
      { agent_memory: '1g' },
    ],
    ['writes 10 MB on one line of its log', "head -c 10M /dev/zero | tr '\\0' x; echo", {}],
    ['writes binary data to its log', 'head -c 1M /dev/urandom; head -c 1M /dev/urandom >&2; echo', {}],
    ['floods its log', 'yes "$(printf "x%.0s" {1..1000})" | head -c 80M', {}],
  ])('that %s, and then reports, gets its report accepted', async (_, behaviour, settings) => {
    const incident = await investigated(`${behaviour}\n${writesReport()}`, settings, 'reported');
    expect(incident.report?.root_cause).toBe('The scripted cause.');
    const { stdout } = await execa('du', ['-sk', harness.workspace(incident.incident_id)]);
    expect(Number.parseInt(stdout, 10)).toBeLessThanOrEqual(70 * 1024);
  });

  it('that behaves well gets its report accepted by the same worker after all of them', async () => {
    const incident = await investigated(writesReport(), {}, 'reported');
    expect(incident).toMatchObject({ agent: 'claude', report: { confidence: 80 } });
    expect(process.memoryUsage().rss).toBeLessThan(600 * MIB);
  });
});
