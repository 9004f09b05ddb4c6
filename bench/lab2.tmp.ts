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
const archive = await inputArchive([{ path: 'prompt-sent.md', content: Buffer.from('sleep 0.1; echo hi > output/x') }, { path: 'incident.json', content: Buffer.from('{}') }, {path:'.complete', content: Buffer.from('')}]);
for (let i = 0; i < 15; i++) {
  const make = (n: string) => runRequest({ incidentId: `lab-${process.pid}-${n}-${i}`, attempt: 1, clusterName: 'x' }, { config, workerId: 'w', instance: 'lab' }, { variables: {}, isolated: false } as any);
  await time('A all', async () => {
    const id = await engine.create(`nc-labA-${process.pid}-${i}`, containerSpec(make('a'), 0, undefined as any));
    await engine.putArchive(id, '/home/agent', archive);
    await engine.start(id);
    return id;
  }).then((id) => engine.remove(id));
  const spec: any = containerSpec(make('b'), 0, undefined as any);
  spec.OpenStdin = true;
  spec.Cmd = ['/bin/bash', '-c', 'while ((SECONDS < 120)); do [[ -e .complete ]] && { echo $EPOCHREALTIME; sleep 1; exit; }; read -rt 0.01; done; exit 75'];
  for (const m of spec.HostConfig.Mounts) if (m.Type === 'volume') m.VolumeOptions = { ...m.VolumeOptions, NoCopy: true };
  let filler = '';
  const id = await time('B all', async () => {
    const id = await time('B create', () => engine.create(`nc-labB-${process.pid}-${i}`, spec));
    await Promise.all([time('B start', () => engine.start(id)), (async () => {
      filler = await time('B create filler', () => engine.create(`nc-labB-${process.pid}-${i}-in`, { Image: image, Cmd: ['true'], HostConfig: { VolumesFrom: [id], NetworkMode: 'none' } }));
      await time('B put', () => engine.putArchive(filler, '/home/agent', archive));
    })()]);
    return id;
  });
  await time('B rm filler', () => engine.remove(filler));
  const insp: any = await engine.inspect(id);
  if (!insp.State.Running) console.log('NOT RUNNING', insp.State);
  await time('rm', () => engine.remove(id));
}
for (const [n, v] of Object.entries(t)) console.log(n, v.toSorted((a, b) => a - b)[7]!.toFixed(1), 'min', Math.min(...v).toFixed(1));
await engine.close();
