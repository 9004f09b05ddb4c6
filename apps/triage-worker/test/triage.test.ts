import type { FaultEvent } from '@nightcrier/core/faults/fault';
import { loadScenario, Scenario } from '@nightcrier/simulator/scenario';
import { execa } from 'execa';
import { access, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { diagnose } from '../src/analyser/diagnose.ts';
import { readEvidence } from '../src/evidence/read-evidence.ts';
import { ADMIN_TOKEN } from './backend.ts';
import { harness, backend } from './file-harness.ts';

const jobState = async (id: string): Promise<string | undefined> => (await harness.queue.getJob(id))?.getState();

describe('an incident with the built-in agent', () => {
  it('is reported with a report that names the cause', async () => {
    const id = await harness.admit('image-pull-back-off');
    await harness.startWorker(harness.config());
    const incident = await harness.reaches(id, 'reported');

    expect(incident).toMatchObject({ agent: 'builtin', attempts: 1, workspace: harness.workspace(id) });
    expect(Date.parse(incident.finished_at!)).toBeGreaterThanOrEqual(Date.parse(incident.started_at!));
    expect(incident.report?.root_cause).toMatch(/image/i);
    expect(incident.report?.confidence).toBeGreaterThan(0);
    expect(await harness.incidents.report(id)).toBe(
      await readFile(harness.workspace(id, 'output/investigation.md'), 'utf8'),
    );
    await expect.poll(() => jobState(id)).toBe('completed');
    const fields = {
      cluster: 'alpha',
      resource: expect.stringMatching(/^Pod \S+/),
      cause: expect.stringMatching(/image/i),
    };
    expect(harness.logger.lines).toContainEqual({
      level: 'info',
      message: 'incident reported',
      fields: expect.objectContaining({ incident_id: id, ...fields }),
    });
  });

  it('leaves a workspace with incident, permissions, prompt and evidence that other users cannot enter', async () => {
    const id = await harness.admit();
    await harness.startWorker(harness.config({ additional_agent_prompt: 'Mind the freeze.' }));
    await harness.reaches(id, 'reported');

    expect((await stat(harness.workspace(id))).mode & 0o777).toBe(0o700);
    const read = (file: string): Promise<string> => readFile(harness.workspace(id, file), 'utf8');
    expect(JSON.parse(await read('incident.json'))).toMatchObject({
      incident_id: id,
      cluster_name: 'alpha',
      labels: { team: 'shop' },
      attempt: 1,
    });
    // The fault was admitted without permissions, so the worker has checked them.
    expect(JSON.parse(await read('incident_cluster_permissions.json'))).toMatchObject({
      cluster_name: 'alpha',
      can_get_pods: true,
      secrets_access_allowed: false,
    });
    expect(await read('prompt-sent.md')).toContain('Mind the freeze.');
    const evidence = readEvidence(harness.workspace(id, 'evidence'));
    expect(evidence.pieces).not.toHaveLength(0);
    // What is recorded is all that the diagnosis was made from.
    const { fault }: { fault: FaultEvent } = JSON.parse(await read('incident.json'));
    const recorded: unknown = JSON.parse(await read('output/diagnosis.json'));
    expect(diagnose(evidence, fault)).toEqual(recorded);
  });

  it('leaves no pre-created files of agents', async () => {
    await harness.startWorker(harness.config());
    for (const id of [await harness.admit(), await harness.admit()]) {
      await harness.reaches(id, 'reported');
      expect(await readdir(harness.workspace(id, 'logs'))).toEqual([]);
    }
    expect(await readdir(harness.workspace('.'))).toHaveLength(2);
  });

  it('leaves no secret of the cluster in evidence, prompt and report', async () => {
    const text = JSON.stringify(loadScenario('crash-loop-back-off'))
      .replaceAll('"name":"DATABASE_PORT","value":"5432"', '"name":"DATABASE_PASSWORD","value":"hunter2-env"')
      .replaceAll('Back-off restarting', 'Back-off password=hunter2-event restarting')
      .replaceAll('connection refused', 'connection refused postgres://shop:hunter2-log@checkout-db/orders');
    const scenario = Scenario.parse(JSON.parse(text));
    if (scenario.fault) scenario.fault.context = 'exits: DB_PASSWORD=hunter2-fault is wrong';
    const id = await harness.admit(scenario);
    await harness.startWorker(harness.config());
    await harness.reaches(id, 'reported');

    const { stdout } = await execa('grep', ['-rh', 'hunter2\\|redacted', harness.workspace(id)]);
    expect(stdout).not.toContain('hunter2');
    expect(stdout).toMatch(/value: .?\[redacted\]/);
    expect(stdout).toContain('Back-off password=[redacted] restarting');
    expect(stdout).toContain('postgres://shop:[redacted]@checkout-db/orders');
    expect(stdout).toContain('DB_PASSWORD=[redacted] is wrong');
  });

  it('is retried while its cluster is unreachable, and reported afterwards', async () => {
    const id = await harness.admit();
    await backend.cluster.stopKubernetes();
    try {
      // Longer than the cluster needs to come back, whatever else the machine does.
      const retryDelay = { initial: 1_000, max: 5_000 };
      await harness.startWorker(harness.config({ max_attempts: 20 }), undefined, { retryDelay });
      await expect.poll(async () => (await harness.incident(id)).reason).toContain('cannot reach');
    } finally {
      await backend.cluster.startKubernetes();
    }
    expect((await harness.reaches(id, 'reported')).attempts).toBeGreaterThan(1);
  });
});

describe('an incident that cannot be investigated', () => {
  it('is skipped, without workspace and agent, when triage is disabled for its cluster now', async () => {
    const id = await harness.admit();
    const triage = { enabled: false, allow_secrets_access: false };
    await harness.startWorker(harness.config({}, { agent: 'writes-report', cluster: { triage } }));

    expect(await harness.reaches(id, 'skipped')).toMatchObject({
      attempts: 0,
      reason: expect.stringContaining('alpha'),
    });
    await expect(access(harness.workspace(id))).rejects.toThrow('ENOENT');
    await expect.poll(() => jobState(id)).toBe('completed');
    expect(harness.logger.lines).toContainEqual(
      expect.objectContaining({ message: 'triage_skipped', fields: expect.objectContaining({ cluster: 'alpha' }) }),
    );
  });

  it('fails with advice when its cluster is not configured', async () => {
    const id = await harness.admit();
    await harness.startWorker(harness.config({}, { cluster: { name: 'beta' } }));
    expect((await harness.reaches(id, 'failed')).reason).toMatch(/cluster alpha is not in .* configuration; add it/);
    await expect.poll(() => jobState(id)).toBe('failed');
  });

  it('fails with advice when the kubeconfig is missing', async () => {
    const id = await harness.admit();
    const triage = { enabled: true, kubeconfig: '/nowhere/alpha.yaml', allow_secrets_access: false };
    await harness.startWorker(harness.config({}, { cluster: { triage } }));
    expect((await harness.reaches(id, 'failed')).reason).toMatch(
      /kubeconfig \/nowhere\/alpha.yaml cannot be read; correct/,
    );
  });

  it.each([
    ['system prompt', { agent_system_prompt_file: '/nowhere/prompt.md' }],
    ['script', { agent_script_path: '/nowhere/run-agent.sh' }],
    ['key', { anthropic_api_key_file: '/nowhere/key' }],
  ])('fails with the name of a %s that is missing', async (_, settings) => {
    const id = await harness.admit();
    await harness.startWorker(harness.config({ agent_cli: 'claude', ...settings }, { agent: 'writes-report' }));
    expect((await harness.reaches(id, 'failed')).reason).toContain(Object.values(settings)[0]);
  });

  it('fails with advice when its kubeconfig can write, unless that is allowed', async () => {
    await writeFile(harness.kubeconfig, backend.cluster.kubeconfig(ADMIN_TOKEN));
    const refused = await harness.admit();
    const first = await harness.startWorker(harness.config());
    expect((await harness.reaches(refused, 'failed')).reason).toMatch(
      /alpha is not read-only: the kubeconfig can write \(.*; give it .* ClusterRole view, or set require_read_only=false/,
    );
    await expect(access(harness.workspace(refused))).rejects.toThrow('ENOENT');
    // A fixed kubeconfig takes effect with the next incident.
    await writeFile(harness.kubeconfig, backend.cluster.kubeconfig());
    await harness.reaches(await harness.admit(), 'reported');

    await first.stop();
    await writeFile(harness.kubeconfig, backend.cluster.kubeconfig(ADMIN_TOKEN));
    const allowed = await harness.admit();
    await harness.startWorker(harness.config({ require_read_only: false }));
    await harness.reaches(allowed, 'reported');
  });

  it('fails when its row cannot be read', async () => {
    const id = await harness.admit();
    await harness.corrupt(id);
    await harness.startWorker(harness.config());
    await expect.poll(() => jobState(id), { timeout: 30_000 }).toBe('failed');
    expect((await harness.queue.getJob(id))?.failedReason).toContain('unreadable row');
  });

  it('is not claimed by a worker whose workspace_root cannot be written: that does not start', async () => {
    // Not even root may create a directory there.
    const config = harness.config({ workspace_root: '/sys/incidents' });
    await expect(harness.startWorker(config)).rejects.toMatchObject({
      reason: 'cannot_create',
      message: expect.stringMatching(/^workspace_root: \/sys\/incidents cannot be used: /),
    });
  });

  it('fails after max_attempts when workspace_root has become a file', async () => {
    const workspace_root = path.join(harness.folder, 'replaced');
    await harness.startWorker(harness.config({ max_attempts: 2, workspace_root }));
    await rm(workspace_root, { recursive: true });
    await writeFile(workspace_root, '');
    const id = await harness.admit();
    expect((await harness.reaches(id, 'failed')).reason).toMatch(
      /gave up after 2 attempts: .*choose another workspace_root/,
    );
  });
});

describe('an agent script', () => {
  it.each(['writes-report', 'exits-1-after-report'])('that %s leads to a report', async (agent) => {
    const id = await harness.admit();
    await harness.startWorker(harness.config({}, { agent }));
    expect(await harness.reaches(id, 'reported')).toMatchObject({
      agent: 'claude',
      attempts: 1,
      report: { root_cause: 'The stand-in cause.', confidence: 80 },
    });
  });

  it.each([
    ['writes-too-little', 'investigation.md has 10 bytes, fewer than report_min_bytes (100)'],
    ['writes-nothing', 'investigation.md is not there'],
    ['exits-3', 'claude exited with code 3 (stderr: the model refused)'],
    ['links-report', 'investigation.md is a symbolic link'],
    ['writes-5-mb', 'more than the 1000000 of the largest report'],
  ])('that %s has failed, at the first attempt', async (agent, reason) => {
    const id = await harness.admit();
    await harness.startWorker(harness.config({}, { agent }));
    const incident = await harness.reaches(id, 'agent_failed');
    expect(incident).toMatchObject({ agent: 'claude', attempts: 1, reason: expect.stringContaining(reason) });
    expect(await harness.incidents.report(id)).toBeUndefined();
  });

  it('whose engine is unavailable is retried, and fails after max_attempts', async () => {
    const id = await harness.admit();
    await harness.startWorker(harness.config({ max_attempts: 3 }, { agent: 'engine-unavailable' }));
    expect(await harness.reaches(id, 'failed')).toMatchObject({
      attempts: 3,
      reason:
        'gave up after 3 attempts: claude: the container engine or the agent image is unavailable: the engine does not answer',
    });
    const retries = harness.logger.lines.filter((line) => line.message === 'triage retry scheduled');
    expect(retries).toHaveLength(2);
  });

  it('gets flags and keys, and nothing else of the environment', async () => {
    const id = await harness.admit();
    const settings = { anthropic_api_key: 'a-key', openai_api_key: 'o-key', agent_model: 'sonnet' };
    await harness.startWorker(harness.config(settings, { agent: 'writes-report' }));
    await harness.reaches(id, 'reported');

    const flags = (await readFile(harness.workspace(id, 'flags.txt'), 'utf8')).split('\n');
    expect(flags.slice(0, 6)).toEqual([
      '-w',
      harness.workspace(id),
      '-m',
      'sonnet',
      '--kubeconfig',
      harness.kubeconfig,
    ]);
    const environment = await readFile(harness.workspace(id, 'environment.txt'), 'utf8');
    expect(environment).toContain('ANTHROPIC_API_KEY=a-key');
    expect(environment).toContain(`HOME=${harness.folder}`);
    // VITEST represents all other variables of the worker's process.
    expect(process.env.VITEST).toBeDefined();
    expect(environment).not.toMatch(/OPENAI|NOT_FOR_AGENTS|VITEST/);
  });

  it('that hangs and ignores SIGTERM is killed with its children after the deadline', async () => {
    const id = await harness.admit();
    await harness.startWorker(harness.config({ agent_timeout: 1 }, { agent: 'hangs' }));
    const incident = await harness.reaches(id, 'agent_failed');

    expect(incident).toMatchObject({ reason: 'claude timed out after 1 s', attempts: 1 });
    for (const file of ['agent-pids', 'child-pid']) {
      const pid = (await readFile(harness.workspace(id, file), 'utf8')).trim();
      await expect.poll(() => isRunning(pid)).toBe(false);
    }
  });

  it('starts when its workspace is complete', async () => {
    const id = await harness.admit();
    await harness.startWorker(harness.config({}, { agent: 'says-what-is-there' }));
    await harness.reaches(id, 'reported');
    const seen = (await readFile(harness.workspace(id, 'seen'), 'utf8')).split('\n');
    const inputs = ['incident.json', 'incident_cluster_permissions.json', 'prompt-sent.md', 'index.json'];
    expect(seen).toEqual(expect.arrayContaining(inputs));
    expect(seen.filter((name) => name.startsWith('01-pod'))).toHaveLength(1);
  });

  it("is retried with an empty output, so that an earlier attempt's report is not taken for its own", async () => {
    const id = await harness.admit();
    await harness.startWorker(harness.config({}, { agent: 'engine-comes-back' }));

    expect(await harness.reaches(id, 'agent_failed')).toMatchObject({
      reason: expect.stringContaining('is not there'),
      attempts: 2,
    });
    await access(harness.workspace(id, 'attempts/1/output/investigation.md'));
  });
});

it('a report with unsupported quotes is marked, and stays valid', async () => {
  const id = await harness.admit();
  await harness.startWorker(harness.config({}, { agent: 'quotes-output' }));
  expect((await harness.reaches(id, 'reported')).report).toMatchObject({
    root_cause: 'The stand-in cause.',
    unsupported: { count: 1, quotes: ['exit code 137, I think'] },
  });
});

it('a report that names objects that do not exist lists them and loses confidence', async () => {
  const id = await harness.admit('image-pull-back-off');
  await harness.startWorker(harness.config({}, { agent: 'names-objects' }));
  const { report } = await harness.reaches(id, 'reported');
  expect(report).toMatchObject({
    confidence: 40,
    unverified: [
      { kind: 'Deployment', name: 'made-up-by-a-model' },
      { kind: 'Service', name: 'invented-culprit', namespace: 'shop' },
    ],
  });
  expect(await harness.incidents.report(id)).toContain('## Unverified');
  expect(await harness.incidents.report(id)).toContain('- Deployment `made-up-by-a-model`');
});

it('investigates no more at once than max_concurrent_agents over all workers', async () => {
  const ids = await Promise.all(Array.from({ length: 6 }, () => harness.admit()));
  const settings = { max_concurrent_agents: 2, max_agents_per_cluster: 0, agent_timeout: 1 };
  const config = harness.config(settings, { agent: 'hangs' });
  await harness.startWorker(config);
  await harness.startWorker(config);
  let most = 0;
  await expect
    .poll(
      async () => {
        const { investigating, agent_failed } = await harness.incidents.counts();
        most = Math.max(most, investigating);
        return agent_failed;
      },
      { interval: 20, timeout: 120_000 },
    )
    .toBe(ids.length);
  expect(most).toBe(2);
});

/** Returns whether a process runs; a zombie does not. */
async function isRunning(pid: string): Promise<boolean> {
  const { stdout } = await execa('ps', ['-o', 'stat=', '-p', pid], { reject: false });
  return stdout !== '' && !stdout.startsWith('Z');
}
