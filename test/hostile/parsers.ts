import { parseAlerts } from '@nightcrier/core/alerts/parse-alerts';
import { Matcher } from '@nightcrier/core/matching/matcher';
import { parseMatchers } from '@nightcrier/core/matching/parse-matchers';
import { readList } from '@nightcrier/cluster/lists/read-list';
import { cleanText } from '@nightcrier/cluster/mcp/wire-text';
import { parseNotification } from '@nightcrier/cluster/sources/parse-notification';
import { redactText } from '../../packages/redaction/src/redact-text.ts';
import { redactValue } from '../../packages/redaction/src/redact-value.ts';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { reportPage } from '../../apps/api/src/report-html.ts';
import { providerFailure } from '../../apps/gateway/src/llm/provider-failure.ts';
import { firstComplaint, findLogCause } from '../../apps/triage-worker/src/analyser/logs/log-cause.ts';
import { fenced, oneLine } from '../../apps/triage-worker/src/analyser/safe-text.ts';
import { readAgentStream } from '../../apps/triage-worker/src/agent/stream/read-agent-stream.ts';
import { toolOutputs } from '../../apps/triage-worker/src/agent/stream/tool-output.ts';
import { complaintsIn } from '../../apps/triage-worker/src/evidence/view/complaints.ts';
import { slackFallback, slackText } from '../../apps/triage-worker/src/notification/slack/slack-text.ts';
import { namedResources } from '../../apps/triage-worker/src/report/named-resources.ts';
import { quotedOutputs } from '../../apps/triage-worker/src/report/quoted-output.ts';
import { readReport } from '../../apps/triage-worker/src/report/read-report.ts';
import { squeeze, unsupportedQuotes } from '../../apps/triage-worker/src/report/unsupported-quotes.ts';
import { YamlSource } from '../../packages/runtime/src/configuration/yaml-source.ts';

/** Reads a hostile text as the product does. */
export type Parser = (text: string) => unknown;

/** Calls a parser with a file of this name, with the text as its content. */
const inFile =
  (name: string, parse: (folder: string) => Promise<unknown>): Parser =>
  async (text) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-hostile-'));
    await writeFile(path.join(folder, name), text);
    try {
      await parse(folder);
    } finally {
      await rm(folder, { recursive: true });
    }
  };

/** Of a route or silence. With other libraries, it takes exponential time. */
const EXPRESSION = new Matcher('a', '=~', '(a+)+b|(.*)*c');

/** The parsers of what clusters, servers, agents and operators write, by what they read. */
export const PARSERS: Record<string, Parser> = {
  report: inFile('investigation.md', async (folder) => readReport(folder, 1)),
  'quotes of a report': (text) => unsupportedQuotes(quotedOutputs(text), squeeze('evidence')),
  'objects that a report names': namedResources,
  'report as a page': (text) => reportPage('id', text),
  'redaction of a text': redactText,
  'redaction of an object': (text) => redactValue({ log: text }),
  'redaction of a list': (text) => redactValue({ lines: text.split('\n') }),
  'cause in a log': (text) => [findLogCause(text), firstComplaint(text), complaintsIn(text)],
  'printable text': (text) => [oneLine(text), fenced(text), cleanText(text, 16_384)],
  'recorded text': squeeze,
  'text for Slack': (text) => [slackText(text, 3_000), slackFallback(text, 3_000)],
  notification: (text) =>
    ['kubernetes/faults', 'kubernetes/events', 'kubernetes/subscription_error'].map((logger) =>
      parseNotification(
        {
          logger,
          data: { context: text, message: text, type: 'Warning', involvedObject: { name: text }, error: text },
        },
        { clusterName: 'west', now: new Date(0) },
      ),
    ),
  'event stream': async (text) => list([`data: ${text}\n\n`], true),
  'list as JSON': (text) =>
    list(['{"result":{"structuredContent":{"items":[{"metadata":{"name":"', ...escaped(text), '"}}]}}}']),
  'list as YAML': (text) => list(['{"result":{"content":[{"type":"text","text":"- ', ...escaped(text), '"}]}}']),
  'list that is the text': async (text) => list([text]),
  'configuration file': (text) => new YamlSource('nightcrier.yaml', text, { X: 'x' }).values(),
  'stream of an agent': inFile('agent-stdout.log', async (folder) =>
    readAgentStream(folder, { agent: 'claude', prices: {} }),
  ),
  ...Object.fromEntries(
    (['codex', 'gemini', 'goose'] as const).map((agent) => [
      `stream of ${agent}`,
      inFile('agent-stdout.log', async (folder) => readAgentStream(folder, { agent, prices: {} })),
    ]),
  ),
  alerts: async (text) => parseAlerts(alertsOf(text), 0),
  matchers: parseMatchers,
  'value of a regular expression': (text) => EXPRESSION.matches(new Map([['a', text]])),
  'error of a provider': (text) => providerFailure(400, JSON.stringify({ error: { message: text } })),
  'output of tools': inFile('agent-stdout.log', async (folder) => {
    for await (const _ of toolOutputs(folder)) continue;
  }),
};

/** Returns alerts whose JSON is about as long as the text: one large one, and many small ones. */
function alertsOf(text: string): unknown[] {
  const part = text.slice(0, text.length / 8);
  const alerts: unknown[] = [
    { labels: { alertname: part, pod: part, [part]: part }, annotations: { summary: part }, startsAt: part },
  ];
  let remaining = text.length / 4;
  for (const line of text.slice(0, remaining).split('\n')) {
    const some = [line, { labels: line }, { labels: { a: line } }];
    remaining -= JSON.stringify(some).length;
    if (remaining < 0) break;
    alerts.push(...some);
  }
  return alerts;
}

const PIECE = 64 << 10;

/** Returns a text as it stands in JSON, in parts: a server escapes it, and its time is not that of the parser. */
function escaped(text: string): Lazy[] {
  return Array.from(
    { length: Math.ceil(text.length / PIECE) },
    (_, at) => () => JSON.stringify(text.slice(at * PIECE, (at + 1) * PIECE)).slice(1, -1),
  );
}
type Lazy = string | (() => string);

/** Pieces as the network delivers them. */
async function* piecesOf(parts: readonly Lazy[]): AsyncGenerator<Buffer> {
  for (const part of parts) {
    const bytes = Buffer.from(typeof part === 'string' ? part : part());
    await setImmediate();
    for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
  }
}

async function list(answer: readonly Lazy[], isEventStream = false): Promise<void> {
  const options = { kind: 'pods', form: 'unknown', known: new BigUint64Array() } as const;
  await readList({ isEventStream, body: piecesOf(answer) }, options, 64 << 20, () => undefined);
}
