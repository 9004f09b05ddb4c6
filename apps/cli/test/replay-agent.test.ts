import { execa } from 'execa';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Incident } from '@nightcrier/core/incidents/incident';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { buildAgentImage, whyNoDocker } from '../../../test/fixtures/agent-image.ts';
import { REPORT } from '../../../test/fixtures/scripted-investigation.ts';
import { startStubLlm, type StubLlm } from '../../../test/fixtures/stub-llm.ts';
import { recordIncident } from './fixtures/recorded-incident.ts';

const cli = path.join(import.meta.dirname, '../src/main.ts');
const AGENTS = path.join(import.meta.dirname, '../../triage-worker/test/fixtures/agents');
const ID = '4f1c2d3e-0000-4000-8000-000000000002';

interface Printed {
  outcome: string;
  agent: string;
  fields: { field: string; now: string | number | null; outcome: string }[];
}

let folder: string;
let incident: Incident;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-replay-agent-'));
  incident = await recordIncident(path.join(folder, 'incidents'), ID);
}, 180_000);
afterAll(() => rm(folder, { recursive: true }));

/** Replays the incident. The configured cluster does not exist any more. */
async function replay(settings: object, ...words: string[]) {
  const kubeconfig = path.join(folder, 'kubeconfig');
  await writeFile(kubeconfig, JSON.stringify({ apiVersion: 'v1', kind: 'Config' }));
  const cluster = { name: 'alpha', mcp: { endpoint: 'http://127.0.0.1:1' } };
  const config = { workspace_root: path.join(folder, 'incidents'), clusters: [cluster], ...settings };
  const file = path.join(folder, 'config.yaml');
  await writeFile(file, JSON.stringify(config));
  return execa(process.execPath, [cli, 'replay', '--config', file, ID, '-o', 'json', ...words], {
    reject: false,
    cwd: folder,
    env: { PATH: process.env.PATH, DOCKER_HOST: process.env.DOCKER_HOST },
    extendEnv: false,
  });
}

const printed = (stdout: string): Printed => JSON.parse(stdout);

describe('an agent that is a script', () => {
  it('gets evidence and hypotheses, and its cause is compared with the recorded one', async () => {
    const script = path.join(AGENTS, 'diagnoses.sh');
    const report = path.join(folder, 'again.md');
    const { stdout, exitCode } = await replay({ agent_script_path: script }, '--agent', 'codex', '--report', report);
    expect(printed(stdout)).toMatchObject({ outcome: 'same', agent: 'codex' });
    expect(exitCode).toBe(0);
    expect(await readFile(report, 'utf8')).toMatch(/^# Pod cannot start/);
  });

  it('asks kubectl, which answers from the recording alone', async () => {
    const script = path.join(folder, 'asks.sh');
    const { namespace = '', name } = incident.cluster_event.event.resource;
    const commands = {
      recorded: `get pod ${name} -n ${namespace} -o jsonpath={.metadata.name}`,
      partly: 'get pods -A -o name',
      log: `logs ${name} -n ${namespace} --all-containers --previous`,
      'other-object': `get pod other -n elsewhere`,
      'other-kind': `get cronjobs -A`,
      watch: `get pod ${name} -n ${namespace} --watch`,
      write: `delete pod ${name} -n ${namespace}`,
    };
    const asks = Object.entries(commands).map(
      ([file, words]) => `kubectl --kubeconfig "$kubeconfig" ${words} >'${folder}/answer-${file}' 2>&1`,
    );
    const head = ['#!/usr/bin/env bash', 'args=("$@")', `. '${AGENTS}/flags.sh'`];
    const find = 'for i in "${!args[@]}"; do [[ ${args[i]} == --kubeconfig ]] && kubeconfig=${args[i+1]}; done';
    const parse = 'set -- "${args[@]}"';
    await writeFile(script, [...head, find, ...asks, parse, `. '${AGENTS}/flags.sh'`, 'write_report', ''].join('\n'));
    await chmod(script, 0o755);
    const { stdout, exitCode } = await replay({ agent_script_path: script }, '--agent', 'claude');
    expect(printed(stdout)).toMatchObject({ outcome: 'not_stated' });
    expect(exitCode).toBe(1);
    const answer = async (file: string): Promise<string> => readFile(path.join(folder, `answer-${file}`), 'utf8');
    expect(await answer('recorded')).toBe(name);
    expect(await answer('partly')).toMatch(/^Warning: recorded evidence: there may be other pods than these\npod\//);
    expect((await answer('log')).length).toBeGreaterThan(0);
    expect(await answer('log')).not.toContain('NotRecorded');
    for (const file of ['other-object', 'other-kind'])
      expect(await answer(file)).toMatch(/NotRecorded.*was not read|NotRecorded.*were not listed/);
    expect(await answer('watch')).toContain('a recording does not change');
    expect(await answer('write')).toContain('allows agents only to read');
  });
});

test('no container engine: the last line says so, with exit code 69', async () => {
  const { stderr, exitCode } = await replay(
    { agent_engine: 'podman', agent_image: 'no-such-image:none' },
    '--agent',
    'claude',
  );
  expect(exitCode).toBe(69);
  expect(stderr.split('\n').at(-1)).toMatch(/^nightcrier: the agent gave no report: claude: /);
});

const why = await whyNoDocker();

describe.skipIf(why)(`an agent in its container${why ? ` (skipped: ${why})` : ''}`, () => {
  let image: string;
  let stub: StubLlm;
  beforeAll(async () => {
    image = await buildAgentImage();
  }, 900_000);
  beforeEach(async () => {
    const { namespace = '', name } = incident.cluster_event.event.resource;
    const diagnosis = {
      determined: true,
      hypotheses: [
        { cause: 'oom_limit', culprit: { kind: 'Pod', namespace, name }, confidence: 77, title: 't', statement: 's' },
      ],
    };
    stub = await startStubLlm({
      steps: [
        { shell: `kubectl get pod ${name} -n ${namespace} -o wide` },
        { shell: 'kubectl get nodes -l no-such-label' },
        { write: { path: 'output/diagnosis.json', content: JSON.stringify(diagnosis) } },
        { write: { path: 'output/investigation.md', content: REPORT } },
        { text: 'Report written.' },
      ],
    });
  });
  afterEach(() => stub.stop());

  it('investigates the recording through the gateway, with the configured key, and leaves no container', async () => {
    const key = path.join(folder, 'key');
    await writeFile(key, 'sk-key-of-the-provider', { mode: 0o600 });
    const { stdout, stderr } = await replay(
      {
        agent_image: image,
        agent_model: 'scripted',
        agent_cli: 'claude',
        agent_memory: '1g',
        agent_timeout: 120,
        anthropic_api_key_file: key,
        anthropic_base_url: stub.url,
      },
      '--agent',
      'claude',
    );
    expect(stderr).toBe('running claude on the recorded evidence, for at most 120 s ...');
    const { fields } = printed(stdout);
    expect(fields).toContainEqual(expect.objectContaining({ field: 'cause', now: 'oom_limit', outcome: 'same' }));
    expect(fields).toContainEqual(expect.objectContaining({ field: 'confidence', now: 77 }));
    const sent = JSON.stringify(stub.requests);
    expect(sent).toContain('RESTARTS');
    expect(sent).toContain('The incident is over: you see what was recorded');
    expect(stub.requests.every(({ apiKey }) => apiKey === 'sk-key-of-the-provider')).toBe(true);
    const { stdout: containers } = await execa('docker', ['ps', '--all', '--format', '{{.Names}}']);
    expect(containers).not.toContain(ID);
  });
});
