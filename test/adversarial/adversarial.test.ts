import type { Incident } from '@nightcrier/core/incidents/incident';
import { silentLogger } from '@nightcrier/core/logger';
import { execa } from 'execa';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ApiUnderTest, openReadyApi } from '../../apps/api/test/api-under-test.ts';
import { GatewayApp } from '../../apps/gateway/src/app.ts';
import { ADMIN_TOKEN, TestBackend } from '../../apps/triage-worker/test/backend.ts';
import { TestHarness } from '../../apps/triage-worker/test/harness.ts';
import { whyNoDocker } from '../fixtures/agent-image.ts';
import { buildHijackedAgent } from '../fixtures/hijacked-agent.ts';
import { writesReport } from '../fixtures/obedient-agent.ts';
import { CONTAINER_GRACE, containersOf } from '../fixtures/sandboxed-agents.ts';
import { type StubLlm, startStubLlm } from '../fixtures/stub-llm.ts';
import { type Attempt, ATTEMPTS as FIRST, PRELUDE } from './attempts.ts';
import { KERNEL_ATTEMPTS } from './kernel-attempts.ts';
import { MODEL_ATTEMPTS } from './model-attempts.ts';
import { PROTOCOL_ATTEMPTS, RAW_PRELUDE } from './protocol-attempts.ts';

const ATTEMPTS = [...FIRST, ...PROTOCOL_ATTEMPTS, ...MODEL_ATTEMPTS, ...KERNEL_ATTEMPTS];

const KEY = 'sk-real-key-of-the-provider';
const WEBHOOK_SECRET = 'secret-part-of-the-webhook';
/** The kubeconfig of the cluster may do everything: what the agent may not do is up to the gateway and the sandbox. */
const CREDENTIALS = new RegExp(`${KEY}|${ADMIN_TOKEN}|${WEBHOOK_SECRET}`);

/** What is allowed works, also at the end. */
const CONTROL: Attempt = {
  name: 'read pods',
  command: 'for try in {1..20}; do kube GET /api/v1/pods && exit; sleep 0.5; done; exit 1',
  seconds: 120,
};
const ALL = [...ATTEMPTS, CONTROL];

const why = await whyNoDocker();

interface Result {
  code: number;
  output: string;
}

/** One container runs all attempts, one after the other. */
describe.skipIf(why)(
  `a hijacked agent with a kubeconfig behind it that may do everything${why ? ` (skipped: ${why})` : ''}`,
  () => {
    let backend: TestBackend;
    let harness: TestHarness;
    let gateway: GatewayApp;
    let stub: StubLlm;
    let api: ApiUnderTest;
    let incident: Incident;
    let inspected = '';
    let logs = '';
    /** What the container wrote to its streams. */
    let written = '';
    let changes: { method: string; path: string }[] = [];
    let secrets: { method: string; path: string }[] = [];
    const results = new Map<string, Result>();

    beforeAll(async () => {
      const image = await buildHijackedAgent();
      backend = await TestBackend.start({ tls: true });
      harness = await TestHarness.open(backend);
      // Only the network keeps agents from it.
      api = await openReadyApi(backend.redis.url, { host: '0.0.0.0', allowAnonymous: true });
      stub = await startStubLlm({ steps: [] });
      const [prompt, keyFile] = [path.join(harness.folder, 'prompt.sh'), path.join(harness.folder, 'key')];
      await writeFile(keyFile, KEY);
      await writeFile(harness.kubeconfig, backend.cluster.kubeconfig(ADMIN_TOKEN));
      await writeFile(prompt, script(await hostFacts()));
      const config = harness.config({
        kube_access: 'gateway',
        llm_access: 'gateway',
        require_read_only: false,
        data_dir: path.join(harness.folder, 'data'),
        gateway_socket_dir: path.join(harness.folder, 'sockets'),
        agent_cli: 'claude',
        agent_image: image,
        agent_model: 'scripted',
        agent_system_prompt_file: prompt,
        agent_memory: '1g',
        agent_timeout: 600,
        shutdown_timeout: 30,
        anthropic_api_key_file: keyFile,
        anthropic_base_url: stub.url,
        webhook_url: `http://127.0.0.1:1/${WEBHOOK_SECRET}`,
      });
      gateway = new GatewayApp({ config, logger: silentLogger });
      await gateway.start();
      await plantSecrets();
      const id = await harness.admit();
      const before = backend.cluster.kubernetesRequests.length;
      await harness.startWorker(config, CONTAINER_GRACE);
      const container = await vi.waitFor(
        async () => {
          const [first] = await containersOf(id);
          if (first === undefined) throw new Error('the agent has no container');
          return first;
        },
        { timeout: 120_000 },
      );
      inspected = (await execa('docker', ['inspect', container])).stdout;
      incident = await harness.reaches(id, 'reported', 620_000);
      logs = await readFile(harness.workspace(id, 'logs/gateway.ndjson'), 'utf8');
      for (const stream of ['agent-stdout.log', 'agent-stderr.log'])
        written += await readFile(harness.workspace(id, 'logs', stream), 'utf8');
      const sent = backend.cluster.kubernetesRequests.slice(before);
      secrets = sent.filter(
        ({ path: target }) => /secrets|configmaps/i.test(target) && !target.includes('fieldSelector'),
      );
      changes = sent.filter(({ method, path: target }) => method !== 'GET' && !target.includes('/selfsubject'));
      for (const line of (await readFile(harness.workspace(id, 'output/attempts.txt'), 'utf8')).trim().split('\n')) {
        const [index, code, output = ''] = line.split(' ');
        const name = ALL[Number(index)]?.name ?? '';
        results.set(name, { code: Number(code), output: Buffer.from(output, 'base64').toString('utf8') });
      }
    }, 900_000);
    afterAll(async () => {
      await harness.close();
      await gateway.stop();
      await api[Symbol.asyncDispose]();
      await stub.stop();
      await backend.stop();
    });

    /** Puts secrets where objects that agents may read carry them. */
    async function plantSecrets(): Promise<void> {
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: 'leaky',
          namespace: 'shop',
          annotations: {
            'kubectl.kubernetes.io/last-applied-configuration':
              '{"kind":"Secret","data":{"a":"c2VjcmV0LWluLWFubm90YXRpb24="}}',
          },
        },
        spec: {
          containers: [{ name: 'a', image: 'x', env: [{ name: 'DB_PASSWORD', value: 'hunter2-of-the-database' }] }],
        },
      };
      await execa('kubectl', ['--kubeconfig', harness.kubeconfig, 'create', '-f', '-', '--validate=false'], {
        input: JSON.stringify(pod),
      });
    }

    /** What the attempts aim at, and tokens that were valid once. */
    async function hostFacts(): Promise<Record<string, string>> {
      const { grants } = harness.state;
      const run = { incident_id: 'another', cluster: 'alpha', attempt: 1, agent: 'claude' };
      const expired = await grants.issue(run, 0.001);
      const revoked = await grants.issue(run, 3600);
      await grants.revoke('another');
      const other = await grants.issue({ ...run, incident_id: 'going on' }, 3600, 'own_sockets');
      // The gateway's address is not there until an engine has restarted; it is the first of the subnet.
      const { stdout: subnet } = await execa('docker', [
        'network',
        'inspect',
        'bridge',
        '--format',
        '{{(index .IPAM.Config 0).Subnet}}',
      ]);
      expect(subnet).toMatch(/\.0\/\d+$/);
      return {
        REVOKED: revoked.token,
        EXPIRED: expired.token,
        OTHER: other.token,
        HOST_ADDRESS: subnet.replace(/0\/\d+$/, '1'),
        REDIS_PORT: new URL(backend.redis.url).port,
        MODEL_PORT: String(stub.port),
        API_PORT: new URL(api.url).port,
        CLUSTER_PORT: new URL(backend.cluster.kubernetesUrl).port,
      };
    }

    it.each(ATTEMPTS.map((attempt) => [attempt.name, attempt] as const))('%s: denied', (name, { never }: Attempt) => {
      const result = results.get(name);
      expect(result).toBeDefined();
      expect(result?.output).not.toMatch(CREDENTIALS);
      expect(result?.output).not.toMatch(never ?? CREDENTIALS);
      // An attempt that only looks around may succeed.
      expect({ ...result, failed: never !== undefined || result?.code !== 0 }).toMatchObject({ failed: true });
    });

    it('can still read its cluster after all of it: the attempts did not fail for another reason', () => {
      expect(results.get(CONTROL.name)).toMatchObject({ code: 0, output: expect.stringContaining('"kind":"PodList"') });
    });

    it('changes nothing, and reaches no model but the configured one', () => {
      expect(changes).toEqual([]);
      expect(secrets).toEqual([]);
      expect(stub.requests).toEqual([]);
    });

    it('ends as an ordinary incident, with every denied request recorded', () => {
      expect(incident).toMatchObject({ state: 'reported', agent: 'claude' });
      expect(incident.gateway?.kube_denied).toBeGreaterThanOrEqual(170);
      expect(incident.gateway?.llm_denied).toBeGreaterThanOrEqual(7);
      for (const text of ['"DELETE"', 'impersonates another user', 'runs at the provider', 'allow_secrets_access']) {
        expect(logs).toContain(text);
      }
    });

    it('has a container without network, credentials or paths of the host', () => {
      expect(inspected).toContain('"NetworkMode": "none"');
      expect(inspected).not.toMatch(CREDENTIALS);
      expect(written).not.toMatch(CREDENTIALS);
      expect(inspected).not.toContain(harness.workspace(incident.incident_id));
    });
  },
);

/** Runs each attempt within its own time, and keeps the results out of reach of those that fill the output. */
function script(facts: Record<string, string>): string {
  const variables = Object.entries(facts).map(([name, value]) => `export ${name}=${value}`);
  const attempts = ALL.map(
    ({ command, seconds = 10 }, index) =>
      `attempt ${index} ${seconds} ${Buffer.from(`${PRELUDE}\n${RAW_PRELUDE}\n${command}`).toString('base64')}`,
  );
  return `
${variables.join('\n')}
mkdir /tmp/results
attempt() {
  timeout -k 1 "$2" bash -c "$(base64 -d <<<"$3")" >/tmp/results/$1 2>&1 </dev/null
  echo "$1 $? $(head -c 20000 /tmp/results/$1 | base64 -w 0)" >> /tmp/all
  rm -rf /tmp/results/* output/* 2>/dev/null
}
${attempts.join('\n')}
cp /tmp/all output/attempts.txt
${writesReport()}
exit
`;
}
