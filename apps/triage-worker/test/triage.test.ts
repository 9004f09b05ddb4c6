import { loadScenario, Scenario } from '@nightcrier/simulator/scenario';
import { execa } from 'execa';
import { access, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { ADMIN_TOKEN } from './bench.ts';
import { bench, world } from './bench-of-test.ts';

const jobState = async (id: string): Promise<string | undefined> => (await bench.queue.getJob(id))?.getState();

describe('an incident with the built-in agent', () => {
  it('is resolved with a report that names the cause', async () => {
    const id = await bench.admit('image-pull-back-off');
    await bench.startWorker(bench.config());
    const incident = await bench.reaches(id, 'resolved');

    expect(incident).toMatchObject({ agent: 'builtin', attempts: 1, workspace: bench.workspace(id) });
    expect(Date.parse(incident.finished_at!)).toBeGreaterThanOrEqual(Date.parse(incident.started_at!));
    expect(incident.report?.root_cause).toMatch(/image/i);
    expect(incident.report?.confidence).toBeGreaterThan(0);
    expect(await bench.incidents.report(id)).toBe(
      await readFile(bench.workspace(id, 'output/investigation.md'), 'utf8'),
    );
    await expect.poll(() => jobState(id)).toBe('completed');
  });

  it('leaves a workspace with incident, permissions, prompt and evidence that nobody else can enter', async () => {
    const id = await bench.admit();
    await bench.startWorker(bench.config({ additional_agent_prompt: 'Mind the freeze.' }));
    await bench.reaches(id, 'resolved');

    expect((await stat(bench.workspace(id))).mode & 0o777).toBe(0o700);
    const read = (file: string): Promise<string> => readFile(bench.workspace(id, file), 'utf8');
    expect(JSON.parse(await read('incident.json'))).toMatchObject({
      incident_id: id,
      cluster_name: 'alpha',
      labels: { team: 'shop' },
      attempt: 1,
    });
    // The fault was admitted without permissions, so the worker has asked for them.
    expect(JSON.parse(await read('incident_cluster_permissions.json'))).toMatchObject({
      cluster_name: 'alpha',
      can_get_pods: true,
      secrets_access_allowed: false,
    });
    expect(await read('prompt-sent.md')).toContain('Mind the freeze.');
    expect(JSON.parse(await read('evidence/index.json'))).not.toHaveLength(0);
  });

  it('leaves nothing of what is kept at hand for agents', async () => {
    await bench.startWorker(bench.config());
    for (const id of [await bench.admit(), await bench.admit()]) {
      await bench.reaches(id, 'resolved');
      expect(await readdir(bench.workspace(id, 'logs'))).toEqual([]);
    }
    expect(await readdir(bench.workspace('.'))).toHaveLength(2);
  });

  it('leaves no secret of the cluster in evidence, prompt and report', async () => {
    const text = JSON.stringify(loadScenario('crash-loop-back-off'))
      .replaceAll('"name":"DATABASE_PORT","value":"5432"', '"name":"DATABASE_PASSWORD","value":"hunter2-env"')
      .replaceAll('Back-off restarting', 'Back-off password=hunter2-event restarting')
      .replaceAll('connection refused', 'connection refused postgres://shop:hunter2-log@checkout-db/orders');
    const scenario = Scenario.parse(JSON.parse(text));
    if (scenario.fault) scenario.fault.context = 'exits: DB_PASSWORD=hunter2-fault is wrong';
    const id = await bench.admit(scenario);
    await bench.startWorker(bench.config());
    await bench.reaches(id, 'resolved');

    const { stdout } = await execa('grep', ['-rh', 'hunter2\\|redacted', bench.workspace(id)]);
    expect(stdout).not.toContain('hunter2');
    expect(stdout).toMatch(/value: .?\[redacted\]/);
    expect(stdout).toContain('Back-off password=[redacted] restarting');
    expect(stdout).toContain('postgres://shop:[redacted]@checkout-db/orders');
    expect(stdout).toContain('DB_PASSWORD=[redacted] is wrong');
  });

  it('waits for a cluster that is away and is resolved when it is back', async () => {
    const id = await bench.admit();
    await world.cluster.stopKubernetes();
    try {
      await bench.startWorker(bench.config({ max_attempts: 20 }));
      await expect.poll(async () => (await bench.incident(id)).reason).toContain('cannot reach');
    } finally {
      await world.cluster.startKubernetes();
    }
    expect((await bench.reaches(id, 'resolved')).attempts).toBeGreaterThan(1);
  });
});

describe('an incident that cannot be investigated', () => {
  it('is skipped, without workspace and agent, when triage is disabled for its cluster now', async () => {
    const id = await bench.admit();
    const triage = { enabled: false, allow_secrets_access: false };
    await bench.startWorker(bench.config({}, { agent: 'writes-report', cluster: { triage } }));

    expect(await bench.reaches(id, 'skipped')).toMatchObject({ attempts: 0, reason: expect.stringContaining('alpha') });
    await expect(access(bench.workspace(id))).rejects.toThrow('ENOENT');
    await expect.poll(() => jobState(id)).toBe('completed');
    expect(bench.logger.lines).toContainEqual(
      expect.objectContaining({ message: 'triage_skipped', fields: expect.objectContaining({ cluster: 'alpha' }) }),
    );
  });

  it('fails with advice when its cluster is not configured here', async () => {
    const id = await bench.admit();
    await bench.startWorker(bench.config({}, { cluster: { name: 'beta' } }));
    expect((await bench.reaches(id, 'failed')).reason).toMatch(/cluster alpha is not in .* configuration; add it/);
    await expect.poll(() => jobState(id)).toBe('failed');
  });

  it('fails with advice when the kubeconfig is not there', async () => {
    const id = await bench.admit();
    const triage = { enabled: true, kubeconfig: '/nowhere/alpha.yaml', allow_secrets_access: false };
    await bench.startWorker(bench.config({}, { cluster: { triage } }));
    expect((await bench.reaches(id, 'failed')).reason).toMatch(
      /kubeconfig \/nowhere\/alpha.yaml cannot be read; correct/,
    );
  });

  it.each([
    ['system prompt', { agent_system_prompt_file: '/nowhere/prompt.md' }],
    ['script', { agent_script_path: '/nowhere/run-agent.sh' }],
    ['key', { anthropic_api_key_file: '/nowhere/key' }],
  ])('fails with the name of a %s that is not there', async (_, settings) => {
    const id = await bench.admit();
    await bench.startWorker(bench.config({ agent_cli: 'claude', ...settings }, { agent: 'writes-report' }));
    expect((await bench.reaches(id, 'failed')).reason).toContain(Object.values(settings)[0]);
  });

  it('fails with advice when its kubeconfig can write, unless that is allowed', async () => {
    await writeFile(bench.kubeconfig, world.cluster.kubeconfig(ADMIN_TOKEN));
    const refused = await bench.admit();
    const first = await bench.startWorker(bench.config());
    expect((await bench.reaches(refused, 'failed')).reason).toMatch(
      /alpha is not read-only: the kubeconfig can write \(.*; give it .* ClusterRole view, or set require_read_only=false/,
    );
    await expect(access(bench.workspace(refused))).rejects.toThrow('ENOENT');
    // A mended kubeconfig takes effect with the next incident.
    await writeFile(bench.kubeconfig, world.cluster.kubeconfig());
    await bench.reaches(await bench.admit(), 'resolved');

    await first.stop();
    await writeFile(bench.kubeconfig, world.cluster.kubeconfig(ADMIN_TOKEN));
    const allowed = await bench.admit();
    await bench.startWorker(bench.config({ require_read_only: false }));
    await bench.reaches(allowed, 'resolved');
  });

  it('fails when its row cannot be read', async () => {
    const id = await bench.admit();
    await bench.corrupt(id);
    await bench.startWorker(bench.config());
    await expect.poll(() => jobState(id), { timeout: 20_000 }).toBe('failed');
    expect((await bench.queue.getJob(id))?.failedReason).toContain('unreadable row');
  });

  it('fails in the end when its workspace cannot be written', async () => {
    const id = await bench.admit();
    // Where not even root may make a directory.
    await bench.startWorker(bench.config({ max_attempts: 1, workspace_root: '/sys/incidents' }));
    expect((await bench.reaches(id, 'failed')).reason).toMatch(/correct owner or mode of workspace_root|read-only/);
  });

  it('fails in the end when something else is in the place of the workspaces', async () => {
    const id = await bench.admit();
    await bench.startWorker(bench.config({ max_attempts: 2, workspace_root: bench.kubeconfig }));
    expect((await bench.reaches(id, 'failed')).reason).toMatch(
      /gave up after 2 attempts: .*choose another workspace_root/,
    );
  });
});

describe('an agent script', () => {
  it.each(['writes-report', 'exits-1-after-report'])('that %s leads to a report', async (agent) => {
    const id = await bench.admit();
    await bench.startWorker(bench.config({}, { agent }));
    expect(await bench.reaches(id, 'resolved')).toMatchObject({
      agent: 'claude',
      attempts: 1,
      report: { root_cause: 'The stand-in cause.', confidence: 80 },
    });
  });

  it.each([
    ['writes-too-little', 'investigation.md has 10 bytes, fewer than report_min_bytes (100)'],
    ['writes-nothing', 'investigation.md is not there'],
    ['exits-3', 'claude exited with code 3 (last words: the model refused)'],
    ['links-report', 'investigation.md is a symbolic link'],
    ['writes-5-mb', 'more than the 1000000 of the largest report'],
  ])('that %s has failed, at the first attempt', async (agent, reason) => {
    const id = await bench.admit();
    await bench.startWorker(bench.config({}, { agent }));
    const incident = await bench.reaches(id, 'agent_failed');
    expect(incident).toMatchObject({ agent: 'claude', attempts: 1, reason: expect.stringContaining(reason) });
    expect(await bench.incidents.report(id)).toBeUndefined();
  });

  it('whose engine is not there is retried, and given up after max_attempts', async () => {
    const id = await bench.admit();
    await bench.startWorker(bench.config({ max_attempts: 3 }, { agent: 'engine-unavailable' }));
    expect(await bench.reaches(id, 'failed')).toMatchObject({
      attempts: 3,
      reason:
        'gave up after 3 attempts: the container engine or the agent image is unavailable: the engine does not answer',
    });
    const retries = bench.logger.lines.filter((line) => line.message === 'triage will be retried');
    expect(retries).toHaveLength(2);
  });

  it('gets flags and keys, and nothing else of the environment', async () => {
    const id = await bench.admit();
    const settings = { anthropic_api_key: 'a-key', openai_api_key: 'o-key', agent_model: 'sonnet' };
    await bench.startWorker(bench.config(settings, { agent: 'writes-report' }));
    await bench.reaches(id, 'resolved');

    const flags = (await readFile(bench.workspace(id, 'flags.txt'), 'utf8')).split('\n');
    expect(flags.slice(0, 6)).toEqual(['-w', bench.workspace(id), '-m', 'sonnet', '--kubeconfig', bench.kubeconfig]);
    const environment = await readFile(bench.workspace(id, 'environment.txt'), 'utf8');
    expect(environment).toContain('ANTHROPIC_API_KEY=a-key');
    expect(environment).toContain(`HOME=${bench.folder}`);
    // VITEST stands for whatever else is in the environment of the worker's own process.
    expect(process.env.VITEST).toBeDefined();
    expect(environment).not.toMatch(/OPENAI|NOT_FOR_AGENTS|VITEST/);
  });

  it('that hangs and ignores SIGTERM is killed with its children after the deadline', async () => {
    const id = await bench.admit();
    await bench.startWorker(bench.config({ agent_timeout: 1 }, { agent: 'hangs' }));
    const incident = await bench.reaches(id, 'agent_failed');

    expect(incident).toMatchObject({ reason: 'claude timed out after 1 s', attempts: 1 });
    for (const file of ['agent-pids', 'child-pid']) {
      const pid = (await readFile(bench.workspace(id, file), 'utf8')).trim();
      await expect.poll(() => isRunning(pid)).toBe(false);
    }
  });

  it('that has recorded its end leads to a report at once, and keeps its slot until it is gone', async () => {
    const id = await bench.admit();
    const worker = await bench.startWorker(bench.config({}, { agent: 'records-its-end' }));
    await bench.reaches(id, 'resolved');
    const stopping = worker.stop();
    expect([await bench.slotsHeld(), await jobState(id)]).toEqual([1, 'active']);

    await writeFile(bench.workspace(id, 'may-go'), '');
    await stopping;
    expect([await bench.slotsHeld(), await jobState(id)]).toEqual([0, 'completed']);
  });

  it('that has recorded its end without a report is waited for before its incident has failed', async () => {
    const id = await bench.admit();
    const config = bench.config({}, { agent: 'records-its-end' });
    await mkdir(config.workspace_root);
    await writeFile(path.join(config.workspace_root, 'no-report'), '');
    await bench.startWorker(config);
    const record = bench.workspace(id, 'logs/container.json');
    await vi.waitFor(() => access(record), { timeout: 20_000 });
    const going = sleep(300).then(() => writeFile(bench.workspace(id, 'may-go'), ''));
    const incident = await bench.reaches(id, 'agent_failed');
    await access(bench.workspace(id, 'may-go'));
    await going;
    expect(incident.reason).toContain('investigation.md is not there');
  });

  it("is retried with an empty output, so that an earlier attempt's report does not pass for its own", async () => {
    const id = await bench.admit();
    await bench.startWorker(bench.config({}, { agent: 'engine-comes-back' }));

    expect(await bench.reaches(id, 'agent_failed')).toMatchObject({
      reason: expect.stringContaining('is not there'),
      attempts: 2,
    });
    await access(bench.workspace(id, 'attempts/1/output/investigation.md'));
  });
});

it('a report that quotes what was not recorded says so, and is a report all the same', async () => {
  const id = await bench.admit();
  await bench.startWorker(bench.config({}, { agent: 'quotes-output' }));
  expect((await bench.reaches(id, 'resolved')).report).toMatchObject({
    root_cause: 'The stand-in cause.',
    unsupported: { count: 1, quotes: ['exit code 137, I think'] },
  });
});

it('investigates no more at once than max_concurrent_agents over all workers', async () => {
  const ids = await Promise.all(Array.from({ length: 6 }, () => bench.admit()));
  const settings = { max_concurrent_agents: 2, max_agents_per_cluster: 0, agent_timeout: 1 };
  const config = bench.config(settings, { agent: 'hangs' });
  await bench.startWorker(config);
  await bench.startWorker(config);
  let most = 0;
  await expect
    .poll(
      async () => {
        const { investigating, agent_failed } = await bench.incidents.counts();
        most = Math.max(most, investigating);
        return agent_failed;
      },
      { interval: 20, timeout: 30_000 },
    )
    .toBe(ids.length);
  expect(most).toBe(2);
});

/** A process that is dead and only waits for its parent does not count. */
async function isRunning(pid: string): Promise<boolean> {
  const { stdout } = await execa('ps', ['-o', 'stat=', '-p', pid], { reject: false });
  return stdout !== '' && !stdout.startsWith('Z');
}
