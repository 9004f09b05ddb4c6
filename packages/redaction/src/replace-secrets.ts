import { applyTextRules } from './apply-text-rules.ts';
import { namesForeign, redactForeignNames } from './rules/foreign-names.ts';
import { redactKeyBlocks } from './rules/key-blocks.ts';
import { redactManifests } from './rules/manifests.ts';
import { TEXT_KEYWORDS, type TextHit } from './rules/text-rules.ts';
import { cutOut } from './search/cut-out.ts';
import { type DecompressionBudget, decompressionBudget } from './search/decoded-text.ts';
import { findTokens, type TokenHit } from './search/find-tokens.ts';
import { type Keyword, type KeywordHit, KeywordScan, type ScanResult } from './search/keyword-scan.ts';
import { TOKEN_KEYWORDS } from './search/token-rules.ts';

/** A word of what is redacted in the whole text, before anything else. */
interface WholeText {
  whole: true;
}
type Rule = TokenHit | TextHit | WholeText;

/** Words of private keys, and of Secrets in YAML and in JSON. */
const WHOLE_TEXT = [
  'PRIVATE KEY',
  'OpenVPN Static key',
  'Private-Lines:',
  'kind: Secret',
  ': "Secret',
  ':"Secret',
  "kind: 'Secret",
  'Secret\\"',
  'SecretList',
];

const SCAN = new KeywordScan<Rule>([
  ...TOKEN_KEYWORDS,
  ...TEXT_KEYWORDS,
  ...WHOLE_TEXT.map((literal): Keyword<Rule> => ({ literal, byLine: true, rule: { whole: true } })),
]);

/** Returns whether no rule can apply to a text. Of a short text this takes much less time than to apply them. */
export function isClean(text: string): boolean {
  return !namesForeign(text) && SCAN.isWithout(text);
}

/** Secrets can be encoded within encoded text, such as a Secret in a Secret. */
const DEEPEST_ENCODING = 3;

/** A text without secrets, and what a scan of it found, if one was the last step. */
export interface Replaced {
  text: string;
  found?: ScanResult<unknown>;
}

/** Redacts secrets of a known form, values with secret-looking names, and what decodes to either. Yields between steps. */
export function* replaceSecrets(text: string): Generator<void, Replaced> {
  return yield* replaced(text, decompressionBudget(), 0);
}

function* replaced(text: string, budget: DecompressionBudget, depth: number): Generator<void, Replaced> {
  let rest = yield* redactForeignNames(text);
  let found = yield* SCAN.find(rest);
  if (found.hits.some(({ rule }) => 'whole' in rule)) {
    rest = redactManifests(yield* redactKeyBlocks(rest));
    found = yield* SCAN.find(rest);
  }
  const containsSecret =
    depth < DEEPEST_ENCODING
      ? function* (decoded: string): Generator<void, boolean> {
          return (yield* replaced(decoded, budget, depth + 1)).text !== decoded;
        }
      : undefined;
  const tokens = yield* findTokens(rest, found.hits, found.runs, budget, containsSecret);
  if (tokens.length > 0) {
    rest = cutOut(rest, tokens);
    found = yield* SCAN.find(rest);
  }
  const cleaned = yield* applyTextRules(rest, found.hits.filter(isTextHit));
  return cleaned === rest ? { text: cleaned, found } : { text: cleaned };
}

function isTextHit(hit: KeywordHit<Rule>): hit is KeywordHit<TextHit> {
  return 'text' in hit.rule;
}
