import { expect, it } from 'vitest';
import { findLogCause } from '../../src/analyser/logs/log-cause.ts';
import { messageOf } from '../../src/analyser/logs/message-of.ts';
import { refusalDetail } from '../../src/analyser/rules/admission/refusals.ts';
import { reasonsIn } from '../../src/analyser/rules/scheduling/verdict.ts';
import { code, fenced, plain } from '../../src/analyser/safe-text.ts';
import { complaintsIn } from '../../src/evidence/view/complaints.ts';
import { slackText } from '../../src/notification/slack/slack-text.ts';
import { namedResources } from '../../src/report/named-resources.ts';
import { parseReport } from '../../src/report/parse-report.ts';
import { richText } from '../../src/notification/slack/rich-text.ts';
import { quotedOutputs } from '../../src/report/quoted-output.ts';
import { squeeze, unsupportedQuotes } from '../../src/report/unsupported-quotes.ts';
import { hostileTexts } from './hostile-text.ts';

const PARSERS: Record<string, (text: string) => unknown> = {
  parseReport,
  namedResources,
  quotes: (text) => unsupportedQuotes(quotedOutputs(text), 'recorded'),
  squeeze,
  findLogCause,
  complaintsIn,
  messageOf,
  refusalDetail,
  reasonsIn,
  safeText: (text) => [code(text), plain(text), fenced(text)],
  slackText: (text) => slackText(text, 3_000),
  richText: (text) => richText(text.slice(0, 12_000)),
};
const TEXTS = hostileTexts();

// What takes quadratic time for 1 MB needs minutes for one text; all of them take seconds, on a busy machine too.
it.each(Object.entries(PARSERS))('%s reads 1 MB of hostile text in linear time', { timeout: 120_000 }, (_, parse) => {
  for (const text of TEXTS) expect(() => parse(text)).not.toThrow();
});
