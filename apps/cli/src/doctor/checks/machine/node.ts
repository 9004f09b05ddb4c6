import type { Check } from '../../check.ts';
import { failed, ok } from '../../finding.ts';

/** The oldest major version that runs all of the code. */
const OLDEST = 24;

/** The version of Node.js. @param version such as `v24.0.0` */
export function nodeCheck(version: string): Check {
  return {
    name: 'node',
    examine: () => [
      {
        subject: version,
        run: async () => {
          const [major = 0] = version.replace(/^v/, '').split('.').map(Number);
          if (major >= OLDEST) return [ok(version, process.execPath)];
          const fix = `start it as "npx pnpm nightcrier", which brings Node.js ${OLDEST} along, or install Node.js ${OLDEST}`;
          return [failed(version, `Node.js ${OLDEST} or later is needed`, fix)];
        },
      },
    ],
  };
}
