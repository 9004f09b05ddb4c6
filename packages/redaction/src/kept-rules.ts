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
  const ranges: Range[] = [];
  const context = {
    sharedOptions: {},
    createTranslator: () => () => ({ message: '', messageId: '' }),
    ignore: () => undefined,
    report: ({ range }: { range: Range }) => void ranges.push(range),
  };
  const source = sourceOf(text);
  await Promise.all(KEPT.map(async (rule) => rule.create(context, {}).file?.(source)));
  return ranges.toSorted(([a], [b]) => a - b);
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
