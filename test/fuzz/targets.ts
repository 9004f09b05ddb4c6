import { parseNotification } from '@nightcrier/cluster/sources/parse-notification';
import { parseConfig } from '@nightcrier/core/settings/parsing/parse-config';
import { SETTINGS } from '@nightcrier/core/settings/setting-list';
import { CorruptIncidentError, parseIncidentRow } from '@nightcrier/state/incidents/incident-row';
import { dictionary, oneof } from 'fast-check';
import { claude } from '../../apps/triage-worker/src/agent/stream/claude.ts';
import { codex } from '../../apps/triage-worker/src/agent/stream/codex.ts';
import { gemini } from '../../apps/triage-worker/src/agent/stream/gemini.ts';
import { goose } from '../../apps/triage-worker/src/agent/stream/goose.ts';
import { emptyTally } from '../../apps/triage-worker/src/agent/stream/tally.ts';
import { parseReport } from '../../apps/triage-worker/src/report/parse-report.ts';
import { quotedOutputs } from '../../apps/triage-worker/src/report/quoted-output.ts';
import { redactText } from '../../packages/redaction/src/redact-text.ts';
import { redactValue } from '../../packages/redaction/src/redact-value.ts';
import { YamlSource } from '../../packages/runtime/src/configuration/yaml-source.ts';
import { type FuzzTarget, jsonValue, keys, pieces, target, texts } from './inputs.ts';
import { TOOL_ANSWERS } from './tool-answers.ts';

const SURROUNDINGS = {
  read: () => undefined,
  kubeconfigProblem: () => undefined,
  isShippedScript: () => true,
  defaultKubeconfig: '/none',
};

const YAML_PARTS = [
  'clusters:',
  '\n  - ',
  'name: ',
  '&a',
  '*a',
  '<<: ',
  '{',
  '}',
  '[',
  ']',
  '${X}',
  '${X:-y}',
  '\n',
  '  ',
  ': ',
  '"',
  '!!int ',
];
const MARKDOWN_PARTS = [
  '# ',
  '## Root cause\n',
  '\n\n',
  '- ',
  '```',
  '> ',
  '|',
  '**',
  '`',
  '~~~\n',
  'Confidence: 80 %\n',
  '<',
  '&',
];
const FAULT = [
  'subscriptionId',
  'cluster',
  'resource',
  'kind',
  'name',
  'namespace',
  'uid',
  'faultType',
  'severity',
  'context',
  'timestamp',
  'faultId',
  'data',
  'logger',
  'level',
];
const ROW = [
  'cluster_event',
  'state',
  'report',
  'agent_failures',
  'recurrences',
  'attempts',
  'created_at',
  'member:x',
  'usage:turns',
  'event',
];
const STREAM = [
  'type',
  'message',
  'content',
  'usage',
  'input_tokens',
  'output_tokens',
  'total_cost_usd',
  'item',
  'tool_use',
  'name',
  'stats',
  'models',
];

function checkConfig(raw: unknown): void {
  const parsed = parseConfig(raw, SURROUNDINGS);
  if ('problems' in parsed && parsed.problems.length === 0) throw new Error('refused without a reason');
}

/** By name. */
export const TARGETS = {
  ...TOOL_ANSWERS,
  configuration: target(
    jsonValue('clusters', 'mcp', 'triage', ...SETTINGS.map(({ path }) => path[0] ?? '')),
    checkConfig,
  ),
  'configuration file': target(
    pieces(
      YAML_PARTS,
      SETTINGS.map(({ name }) => name),
    ),
    (text) => {
      const source = new YamlSource('fuzz.yaml', text, { X: 'x' });
      const values = source.values();
      if (source.problems.length === 0) checkConfig(values);
      for (const problem of source.problems) if (!/^fuzz\.yaml:\d+:\d+: /.test(problem)) throw new Error(problem);
    },
  ),
  notification: target(jsonValue(...FAULT), (params) => {
    parseNotification(params, { clusterName: 'west', now: new Date(0) });
  }),
  report: target(pieces(MARKDOWN_PARTS), (markdown) => {
    parseReport(markdown);
    quotedOutputs(markdown);
  }),
  'agent stream': target(jsonValue(...STREAM), (event) => {
    for (const dialect of [claude, codex, gemini, goose]) dialect(event, emptyTally());
  }),
  'incident row': target(
    dictionary(
      keys(...ROW),
      oneof(
        texts,
        jsonValue(...FAULT).map((value) => JSON.stringify(value)),
      ),
    ),
    (row) => {
      try {
        parseIncidentRow('id', row);
      } catch (error) {
        if (!(error instanceof CorruptIncidentError)) throw error;
      }
    },
  ),
  redaction: target(
    pieces([
      'password=',
      '"token":"',
      'https://a:',
      '@',
      'ghp_',
      '-----BEGIN RSA PRIVATE KEY-----',
      '\n',
      'eyJ',
      '\\"',
      '=',
    ]),
    async (text) => {
      const once = await redactText(text);
      if ((await redactText(once)) !== once) throw new Error(`not idempotent: ${JSON.stringify(once)}`);
    },
  ),
  'redaction of objects': target(jsonValue('password', 'name', 'value', 'kind', 'data', 'env'), async (value) => {
    await redactValue(value);
  }),
} satisfies Record<string, FuzzTarget>;
