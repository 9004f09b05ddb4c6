import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { AGENT_CLIS } from '@nightcrier/core/settings/config';
import { listCases } from './read/read-cases.ts';
import type { AgentOptions } from './run/agent-case.ts';
import { printTable } from './score/print-table.ts';
import { summarise, summariseBy, type Judged } from './score/summary.ts';

const USAGE = `usage: pnpm eval DIR [--json] [--only PREFIX] [--reports DIR] [--compare FILE]
       [--agent NAME [--model NAME] [--image NAME] [--network NAME] [--script FILE] [--timeout SECONDS] [--listen ADDRESS]]

Runs every case of a directory through detection, evidence and analysis, and prints how many answers are right.
See docs/evaluation.md.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    reports: { type: 'string' },
    compare: { type: 'string' },
    agent: { type: 'string', default: 'builtin' },
    model: { type: 'string' },
    image: { type: 'string' },
    network: { type: 'string' },
    script: { type: 'string' },
    timeout: { type: 'string' },
    listen: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const [directory] = positionals;
if (values.help || directory === undefined) {
  process.stdout.write(USAGE);
  process.exit(values.help ? 0 : 2);
}

const agent = agentOptions();
const base = path.resolve(directory);
const ids = listCases(base).filter((id) => id.startsWith(values.only));
const started = performance.now();
const cases = (await runAll(base, ids)).sort((a, b) => a.id.localeCompare(b.id));
const seconds = Math.round((performance.now() - started) / 100) / 10;
if (values.reports !== undefined) {
  mkdirSync(values.reports, { recursive: true });
  for (const { id, report } of cases)
    if (report !== undefined) writeFileSync(path.join(values.reports, `${id}.md`), report);
}
const result = {
  ...summarise(cases),
  seconds,
  by_system: summariseBy(cases, ({ system }) => system),
  by_half: summariseBy(cases, ({ half }) => half),
  by_cause: summariseBy(cases, ({ system, cause }) => `${system}/${cause}`),
  results: cases.map((one) => ({ ...one, report: undefined })),
};
if (values.json) process.stdout.write(`${JSON.stringify(result, null, 1)}\n`);
else
  process.stdout.write(
    printTable(result, values.compare === undefined ? undefined : readFileSync(values.compare, 'utf8')),
  );

/** Shares the cases among worker threads. */
async function runAll(base: string, ids: string[]): Promise<Judged[]> {
  const count = Math.max(1, Math.min(availableParallelism(), 8, ids.length));
  const done: Judged[] = [];
  const shares = Array.from({ length: count }, (_, index) => ids.filter((_id, position) => position % count === index));
  await Promise.all(
    shares.map(async (share) =>
      runShare(base, share, (one) => {
        done.push(one);
        if (process.stderr.isTTY) process.stderr.write(`\r${bar(done.length, ids.length)}`);
      }),
    ),
  );
  if (process.stderr.isTTY) process.stderr.write('\n');
  return done;
}

async function runShare(directory: string, share: string[], onCase: (one: Judged) => void): Promise<void> {
  const worker = new Worker(new URL('run/worker.ts', import.meta.url), {
    workerData: { directory, ids: share, agent, host: values.listen },
  });
  worker.on('message', onCase);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  worker.once('error', reject);
  worker.once('exit', (code) =>
    code === 0 ? resolve() : reject(new Error(`an evaluation thread ended with code ${String(code)}`)),
  );
  return promise;
}

function bar(done: number, of: number): string {
  const width = 40;
  const filled = Math.round((width * done) / of);
  return `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${String(done)}/${String(of)}`;
}

/** The agent that answers; undefined: the built-in analyser. */
function agentOptions(): AgentOptions | undefined {
  const name = AGENT_CLIS.find((cli) => cli === values.agent);
  if (name === undefined) {
    process.stderr.write(`--agent ${values.agent} is none of ${AGENT_CLIS.join(', ')}\n`);
    process.exit(2);
  }
  if (name === 'builtin') return undefined;
  const { model, image, network, script, timeout } = values;
  return { agent: name, model, image, network, script, timeout: timeout === undefined ? undefined : Number(timeout) };
}
