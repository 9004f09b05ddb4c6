import { parseArgs } from 'node:util';
import { runChaos } from './chaos-run.ts';
import { canMount } from './disks.ts';
import { whyNoEngine } from './engine.ts';
import { redisOf } from './schedule.ts';

/** `pnpm chaos [--seed N] [--minutes M] [--engine] [--log-level L] [--json]`: exits with 1 if an invariant was violated. */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    minutes: { type: 'string', default: '1' },
    engine: { type: 'boolean', default: false },
    'log-level': { type: 'string', default: 'info' },
    json: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const minutes = Number(values.minutes);
console.error(
  `seed ${seed}, ${minutes} minutes, Redis: ${redisOf(seed)}${canMount ? '' : ', disks are left alone: no mounts'}`,
);
const { engine, 'log-level': logLevel } = values;
const why = engine ? await whyNoEngine() : undefined;
if (why !== undefined) throw new Error(`--engine: ${why}`);
const result = await runChaos({ seed, minutes, engine, logLevel, progress: (text) => console.error(text) });
if (values.json) console.log(JSON.stringify(result));
else {
  const { violations, actions, ...figures } = result;
  for (const [figure, value] of Object.entries(figures)) console.log(`${figure.padEnd(12)} ${value}`);
  console.log(`actions      ${JSON.stringify(actions)}`);
  for (const violation of violations) console.log(`VIOLATION    ${violation}`);
}
if (result.violations.length > 0)
  console.error(
    `logs: ${result.logs}\nreplay: pnpm chaos --seed ${seed} --minutes ${minutes}${engine ? ' --engine' : ''}`,
  );
process.exit(result.violations.length > 0 ? 1 : 0);
