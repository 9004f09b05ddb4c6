import { Settings } from '@nightcrier/core/settings/config';
import { expect, it } from 'vitest';
import { attemptFromName, containerName, isUnused, runLabels, prestartedLabels } from './container-labels.ts';
import { containerSpec } from './container-spec.ts';
import { bytesOf, runRequest } from '../run-request.ts';

const attempt = { incidentId: 'i-1', attempt: 2, clusterName: 'alpha' };
const settings = Settings.parse({
  agent_cli: 'claude',
  agent_model: 'sonnet',
  agent_allowed_tools: ['Read', 'Bash(kubectl get:*)'],
  agent_timeout: 1.2,
  agent_network: 'agents',
  agent_memory: '1g',
  agent_cpus: 1.5,
});
const request = runRequest(
  attempt,
  { config: settings, workerId: 'host-7', instance: 'nightcrier-1a2b' },
  { variables: { ANTHROPIC_BASE_URL: 'http://llm' }, isolated: false },
);

it('asks for what the settings say', () => {
  expect(request).toEqual({
    ...attempt,
    agent: 'claude',
    workerId: 'host-7',
    instance: 'nightcrier-1a2b',
    image: 'nightcrier-agent:latest',
    network: 'agents',
    memory: 1024 ** 3,
    cpus: 1.5,
    // Rounded up to whole seconds.
    timeout: 2,
    environment: {
      ANTHROPIC_BASE_URL: 'http://llm',
      NIGHTCRIER_MODEL: 'sonnet',
      NIGHTCRIER_ALLOWED_TOOLS: 'Read,Bash(kubectl get:*)',
    },
  });
});

it.each([
  ['512m', 536_870_912],
  ['2G', 2_147_483_648],
  ['100k', 102_400],
  ['64b', 64],
  ['1048576', 1_048_576],
])('reads %s as %i bytes', (size, bytes) => {
  expect(bytesOf(size)).toBe(bytes);
});

it('gives the container no capability, no path of the host, and bounds', () => {
  const spec = containerSpec(request, runLabels(request, 1_800_000_000), { wait: 120 });
  expect(containerName(request)).toBe('nc-i-1-2');
  expect(spec).toMatchObject({
    User: '1000:1000',
    HostConfig: {
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges', expect.stringMatching(/^seccomp=/)],
      PidsLimit: 512,
      Memory: 1024 ** 3,
      MemorySwap: 1024 ** 3,
      NanoCpus: 1.5e9,
      NetworkMode: 'agents',
    },
    Labels: { 'nightcrier.incident': 'i-1', 'nightcrier.attempt': '2', 'nightcrier.deadline': '1800000000' },
  });
  expect(JSON.stringify(spec)).not.toMatch(/"bind"|Binds|Privileged|CapAdd/);
  expect(JSON.stringify(spec)).toContain('size=67108864,nr_inodes=4096');
});

it('labels a container that is started before its run without a run, and reads that from its name', () => {
  const labels = prestartedLabels(request, 'token');
  expect(labels).toMatchObject({ 'nightcrier.component': 'prestarted', 'nightcrier.agent': 'claude' });
  for (const part of ['incident', 'attempt', 'cluster', 'deadline'])
    expect(labels).not.toHaveProperty(`nightcrier.${part}`);
  expect(attemptFromName('/nc-i-1-2')).toEqual({ incidentId: 'i-1', attempt: 2 });
  expect(attemptFromName('/nc-i-1-2.worker_7-1')).toEqual({ incidentId: 'i-1', attempt: 2 });
  expect(attemptFromName('/nightcrier-prestarted-4f0c-2')).toBeUndefined();
});

it('counts a container that waits for a run as unused once its worker has died, and no container of a run', () => {
  const Labels = prestartedLabels(request, 'of a worker');
  const waiting = { Names: ['/nightcrier-prestarted-4f0c'], State: 'running', Created: Date.now() / 1000, Labels };
  const [alive, dead] = [new Set(['of a worker', 'another']), new Set(['another'])];
  expect([isUnused(waiting), isUnused(waiting, alive), isUnused(waiting, dead)]).toEqual([false, false, true]);
  expect(isUnused({ ...waiting, State: 'created' }, alive)).toBe(false);
  expect(isUnused({ ...waiting, Names: ['/nc-i-1-1'] }, dead)).toBe(false);
  // Earlier versions do not name the process.
  const { 'nightcrier.process': _, ...earlier } = Labels;
  expect(isUnused({ ...waiting, Labels: earlier }, dead)).toBe(false);
});
