import { inSlices } from '@nightcrier/core/async/time-slices';
import { rules } from '@secretlint/secretlint-rule-preset-recommend';

/** Start and end of a match in a text. */
export type Range = readonly [start: number, end: number];

/**
 * secretlint's recommended rules that are not used. A comment in a log must not disable rules. The address of a database must
 * remain when its password is removed, which `context-rules.ts` does. The other rules read files.
 */
const LEFT_OUT = /-(filter-comments|basicauth|database-connection-string|privatekey|gcp)$/;
const KEPT = rules.filter(({ meta }) => !LEFT_OUT.test(meta.id));

/**
 * Returns where secretlint's rules find the token of a known provider. The rules are called without secretlint's core,
 * which keeps a record of each run in memory and never frees it.
 */
export async function rangesOfKnownTokens(text: string): Promise<Range[]> {
  const all: Range[] = [];
  for (let start = 0; start < text.length; start += LONGEST_PIECE) {
    const from = Math.max(0, start - OVERLAP);
    const ranges = await rangesIn(text.slice(from, start + LONGEST_PIECE));
    for (const [begin, end] of ranges) {
      // What begins there was found in the piece before, with what precedes it.
      if (from === 0 || begin >= OVERLAP / 2) all.push([from + begin, from + end]);
    }
  }
  return all.toSorted(([a], [b]) => a - b);
}

/** Characters that are searched at once, and how far a piece reaches back into the one before. Tokens are shorter. */
const LONGEST_PIECE = 32_000;
const OVERLAP = 2_000;

async function rangesIn(text: string): Promise<Range[]> {
  const ranges: Range[] = [];
  const context = {
    sharedOptions: {},
    createTranslator: () => () => ({ message: '', messageId: '' }),
    ignore: () => undefined,
    report: ({ range }: { range: Range }) => void ranges.push(range),
  };
  const source = sourceOf(text);
  function* search(): Generator<void, unknown[]> {
    const searches: unknown[] = [];
    for (const rule of KEPT) {
      searches.push(rule.create(context, {}).file?.(source));
      yield;
    }
    return searches;
  }
  await Promise.all(await inSlices(search()));
  return ranges;
}

/** Wraps the text as a file without a path, as the rules expect. They do not use lines and columns. */
function sourceOf(content: string) {
  const noPosition = (): never => {
    throw new Error('a secretlint rule requested a line or column, which is not implemented here');
  };
  return {
    hasBOM: false,
    content,
    filePath: undefined,
    physicalFilePath: undefined,
    contentType: 'text' as const,
    ext: '.txt',
    getFilePath: () => undefined,
    getPhysicalFilePath: () => undefined,
    locationToRange: noPosition,
    rangeToLocation: noPosition,
    positionToIndex: noPosition,
    indexToPosition: noPosition,
  };
}
