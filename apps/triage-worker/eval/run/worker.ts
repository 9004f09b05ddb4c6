import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { readCase } from '../read/read-cases.ts';
import { judge } from '../score/judge.ts';
import type { Judged } from '../score/summary.ts';
import type { AgentOptions } from './agent-case.ts';
import { runCase } from './run-case.ts';
import { SimulatedApi } from './simulated-api.ts';

const { directory, ids, agent, host } = z
  .object({
    directory: z.string(),
    ids: z.array(z.string()),
    agent: z.custom<AgentOptions>().optional(),
    host: z.string().optional(),
  })
  .parse(workerData);

await using api = await SimulatedApi.start(host);
for (const id of ids) parentPort?.postMessage(await judged(id));

async function judged(id: string): Promise<Judged> {
  const one = readCase(directory, id);
  const { incidents, fault, diagnosis, report, took } = await runCase(one, api, agent);
  const first = diagnosis?.hypotheses[0];
  const culprit = first?.culprit;
  return {
    id,
    system: one.system,
    half: one.half,
    cause: one.truth.cause,
    verdict: judge(diagnosis, one.truth),
    confidence: first?.confidence ?? 0,
    answer: first ? `${first.cause} ${culprit?.kind ?? ''}/${culprit?.name ?? ''}` : '-',
    title: first?.title ?? '-',
    fault: fault ? `${fault.faultType} ${fault.resource.kind}/${fault.resource.name}` : '-',
    detected: incidents.some(({ falseAlarm }) => !falseAlarm),
    falseAlarms: incidents.filter(({ falseAlarm }) => falseAlarm).length,
    took,
    ...(report !== undefined && { report }),
  };
}
