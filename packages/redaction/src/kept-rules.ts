import { rules } from '@secretlint/secretlint-rule-preset-recommend';

/** Start and end of a secret in a text. */
export type Range = readonly [start: number, end: number];

/**
 * Of secretlint's recommended rules, those that are not of use here: a comment in a log must not switch rules off, a
 * database's address must stay when its password goes (`own-rules.ts` sees to it), and no file is read.
 */
const LEFT_OUT = /-(filter-comments|basicauth|database-connection-string|privatekey|gcp)$/;
const KEPT = rules.filter(({ meta }) => !LEFT_OUT.test(meta.id));

/**
 * Where secretlint's rules see the token of a known provider. The rules are called without secretlint's core, which keeps
 * a record of each run for as long as the process lives.
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

/** The text as the rules want it: a file without a path. They never ask for lines and columns. */
function sourceOf(content: string) {
  const noPosition = (): never => {
    throw new Error('a rule of secretlint asks for a position, which a text without lines does not have');
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
