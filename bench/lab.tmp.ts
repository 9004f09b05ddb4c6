import { EngineClient } from '../apps/triage-worker/src/agent/run/engine/engine-client.ts';
import { engineEndpoint } from '../apps/triage-worker/src/agent/run/engine/engine-endpoint.ts';
import { containerSpec } from '../apps/triage-worker/src/agent/run/container-spec.ts';
import { inputArchive } from '../apps/triage-worker/src/agent/run/archive/input-archive.ts';
import { runRequest } from '../apps/triage-worker/src/agent/run/run-request.ts';
import { Settings } from '@nightcrier/core/settings/config';
import { buildObedientAgent } from '../test/fixtures/obedient-agent.ts';
const image = await buildObedientAgent();
const engine = new EngineClient(engineEndpoint('docker', process.env));
const config = Settings.parse({ agent_cli: 'claude', agent_image: image, agent_network: 'none', kube_access: 'direct', llm_access: 'direct', agent_memory: '256m', anthropic_api_key: 'x' });
const t: Record<string, number[]> = {};
const time = async <T>(n: string, p: () => Promise<T>) => { const b = performance.now(); const r = await p(); (t[n] ??= []).push(performance.now() - b); return r; };
for (let i = 0; i < 15; i++) {
  const request = runRequest({ incidentId: `lab-${process.pid}-${i}`, attempt: 1, clusterName: 'x' }, { config, workerId: 'w', instance: 'lab' }, { variables: {}, isolated: false } as any);
  const spec = containerSpec(request, 0, undefined as any);
  const id = await time('create', () => engine.create(`nc-lab-${process.pid}-${i}`, spec));
  const archive = await inputArchive([{ path: 'prompt-sent.md', content: Buffer.from('sleep 0.1; echo hi > output/x') }, { path: 'incident.json', content: Buffer.from('{}') }]);
  await time('put', () => engine.putArchive(id, '/home/agent', archive));
  await time('start', () => engine.start(id));
  await time('inspect', () => engine.inspect(id));
  await time('put-running', () => engine.putArchive(id, '/home/agent', archive));
  await time('get', async () => { for await (const _ of await engine.getArchive(id, '/home/agent/output/.')) ; });
  await time('remove', () => engine.remove(id));
}
for (const [n, v] of Object.entries(t)) console.log(n, v.toSorted((a, b) => a - b)[7]!.toFixed(1), 'min', Math.min(...v).toFixed(1));
await engine.close();
