import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type { Logger } from '@nightcrier/core/logger';
import { z } from 'zod';
import { normaliseLua } from './normalise-lua.ts';

/** BullMQ's version and scripts as it ships them. */
const BullmqInternals = z.object({
  version: z.string(),
  scripts: z.record(z.string(), z.object({ name: z.string(), content: z.string(), keys: z.number() })),
});
export type BullmqInternals = z.infer<typeof BullmqInternals>;

/** The version that the hashes below are of, and that the tests run with. */
const TESTED_VERSION = '6.7.0';

/** What our scripts rely on: the scripts of BullMQ that they run, by include name, as of {@link TESTED_VERSION}. */
const RELIED_UPON = {
  'add-prioritized-job': {
    script: 'addPrioritizedJob',
    keys: 9,
    args: 3,
    sha256: '1b85530a68e5784cc4cd238c49f108801410db8e83b47791c076e1429b9f8419',
  },
  'remove-job': {
    script: 'removeJob',
    keys: 2,
    args: 3,
    sha256: '54be7732f0645e3cf56ecef7ac212e5ed73829007cc404c9e20e19fe3aab5272',
  },
  'move-to-delayed': {
    script: 'moveToDelayed',
    keys: 11,
    args: 9,
    sha256: '6bae68fdb7d9dabaf89c6500bc0c0bbfd969883d04f46566aba5150716190f4e',
  },
  'change-priority': {
    script: 'changePriority',
    keys: 7,
    args: 4,
    sha256: '94d406f35e1dc21bc0ff2d4af63aa0bca29f56bc27e96961c64821d685e045da',
  },
  promote: {
    script: 'promote',
    keys: 9,
    args: 2,
    sha256: '0432a6270816ff9c4a15ae49517d0ab1e5d354e06e09f20c569b0fb31dec4ffa',
  },
  'move-stalled-jobs-to-wait': {
    script: 'moveStalledJobsToWait',
    keys: 9,
    args: 4,
    sha256: '8701456ec393d1e5114a41a28f8754371dba60a293d8709dce529d8ecfb70b4f',
  },
} as const;
const IncludeName = z.enum([
  'add-prioritized-job',
  'remove-job',
  'move-to-delayed',
  'change-priority',
  'promote',
  'move-stalled-jobs-to-wait',
] satisfies (keyof typeof RELIED_UPON)[]);

/** What to do when BullMQ has changed something that we rely on. */
export const ON_CHANGE =
  `install bullmq ${TESTED_VERSION}, or compare the script with that of ${TESTED_VERSION}, adapt ` +
  'packages/state/src/redis/bullmq-scripts.ts, and run packages/state/test';

/**
 * The scripts of the installed BullMQ that ours run inside of them, so that an incident's row and its job change in one
 * step. They are no part of BullMQ's interface, so each is checked before it is used: another version starts if the scripts
 * that we rely on are unchanged.
 */
export class BullmqScripts {
  readonly #logger: Logger;
  readonly #read: () => BullmqInternals;
  #internals: BullmqInternals | undefined;

  constructor(logger: Logger, read: () => BullmqInternals = readBullmqInternals) {
    this.#logger = logger;
    this.#read = read;
  }

  /**
   * Returns a Lua file whose value is the script as a function, such as `add_prioritized_job(KEYS, ARGV)`. Arguments that
   * BullMQ packs with MessagePack are passed as tables: packing them only to unpack them takes 6 % of an admission.
   * @throws Error when the script is missing or has changed: what differs and what to do.
   */
  source(include: string): string {
    const content = this.#check(IncludeName.parse(include));
    return `return function(KEYS, ARGV)\nlocal cmsgpack = { unpack = function(value) return value end }\n${content}\nend`;
  }

  #check(include: z.infer<typeof IncludeName>): string {
    const { version, scripts } = this.#installed();
    const { script: name, keys, args, sha256 } = RELIED_UPON[include];
    const script = scripts[name];
    const refuse = (what: string): never => {
      throw new Error(`bullmq ${version} ${what}: ${ON_CHANGE}`);
    };
    if (script?.name !== name) return refuse(`has no script ${name}, which Nightcrier runs`);
    if (script.keys !== keys)
      return refuse(`has changed its script ${name}, which Nightcrier runs: it takes ${script.keys} keys, not ${keys}`);
    const normalised = normaliseLua(script.content);
    const found = argumentCount(normalised);
    if (found !== args)
      return refuse(`has changed its script ${name}, which Nightcrier runs: it takes ${found} arguments, not ${args}`);
    const hash = sha256Of(normalised);
    if (hash !== sha256)
      return refuse(
        `has changed its script ${name}, which Nightcrier runs: its content has the SHA-256 ${hash}, not ${sha256}`,
      );
    return script.content;
  }

  /** Reads BullMQ's files once, and logs once when the version is another one. */
  #installed(): BullmqInternals {
    if (this.#internals === undefined) {
      this.#internals = this.#read();
      const { version } = this.#internals;
      if (version !== TESTED_VERSION)
        this.#logger.info(
          { version, tested_version: TESTED_VERSION },
          'untested bullmq version found; checking its scripts',
        );
    }
    return this.#internals;
  }
}

/** Where a script of BullMQ comes from. */
export type BullmqSource = Pick<BullmqScripts, 'source'>;

/** Reads the scripts from BullMQ's files: its index does not export them. */
export function readBullmqInternals(): BullmqInternals {
  const require = createRequire(import.meta.url);
  const manifest: unknown = require('bullmq/package.json');
  const scripts: unknown = require('bullmq/dist/cjs/scripts/index.js');
  return BullmqInternals.parse({ ...z.object({ version: z.string() }).parse(manifest), scripts });
}

/** Returns the highest index of ARGV in a normalised script. */
function argumentCount(normalised: string): number {
  return Math.max(0, ...Array.from(normalised.matchAll(/\bARGV \[ (\d+) \]/g), ([, index]) => Number(index)));
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
