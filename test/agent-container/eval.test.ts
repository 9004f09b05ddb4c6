import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { buildAgentImage, whyNoDocker } from '../fixtures/agent-image.ts';
import { createAgentNetwork } from '../fixtures/agent-network.ts';
import { REPORT } from '../fixtures/scripted-investigation.ts';
import { startStubLlm } from '../fixtures/stub-llm.ts';
import { KEYS } from './attempt.ts';

const why = await whyNoDocker();
const RUN = fileURLToPath(new URL('../../apps/triage-worker/eval/run.ts', import.meta.url));
const CASES = fileURLToPath(new URL('../../apps/triage-worker/eval/cases', import.meta.url));
const DIAGNOSIS = {
  determined: true,
  hypotheses: [
    {
      cause: 'oom_limit',
      culprit: { kind: 'Deployment', namespace: 'shop', name: 'render' },
      confidence: 91,
      title: 'limit of 96Mi',
      statement: 'It needs more.',
    },
  ],
};

describe.skipIf(why)(`an evaluation of a real CLI${why ? ` (skipped: ${why})` : ''}`, () => {
  it('gives it evidence and prompt, and scores the diagnosis that it writes', { timeout: 900_000 }, async () => {
    const image = await buildAgentImage();
    const network = await createAgentNetwork();
    const stub = await startStubLlm({
      host: network.gateway,
      steps: [
        { shell: 'cat evidence/index.json' },
        { write: { path: 'output/diagnosis.json', content: JSON.stringify(DIAGNOSIS) } },
        { write: { path: 'output/investigation.md', content: REPORT } },
        { text: 'Report written.' },
      ],
    });
    try {
      const flags = [
        '--agent',
        'claude',
        '--image',
        image,
        '--network',
        network.name,
        '--timeout',
        '120',
        '--listen',
        network.gateway,
      ];
      const { stdout, stderr } = await execa(
        process.execPath,
        [RUN, CASES, '--only', 'oom-limit', '--json', ...flags],
        {
          env: { ANTHROPIC_API_KEY: KEYS.ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL: stub.url },
        },
      );
      expect(stderr).toBe('');
      expect(JSON.parse(stdout)).toMatchObject({ cases: 1, right: 1, results: [{ verdict: 'right', confidence: 91 }] });
    } finally {
      await stub.stop();
      await network.remove();
    }
  });
});
