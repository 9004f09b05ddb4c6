import { type Document, isAlias, isNode, visit } from 'yaml';

/** What is wrong with an alias, and where. */
export interface AliasProblem {
  offset: number;
  message: string;
}

/**
 * Returns the first alias without an anchor before it, or within its own anchor: the library names no position for the one, and makes an
 * object that contains itself of the other.
 */
export function aliasProblem(document: Document): AliasProblem | undefined {
  /** Where the value of each anchor ends; an anchor can be set again. */
  const ends = new Map<string, number>();
  let found: AliasProblem | undefined;
  visit(document, (_, node) => {
    if (!isNode(node)) return undefined;
    const [offset = 0, , end = 0] = node.range ?? [];
    if (isAlias(node)) {
      const last = ends.get(node.source);
      if (last !== undefined && last <= offset) return undefined;
      found = {
        offset,
        message:
          last === undefined
            ? `alias *${node.source} has no anchor &${node.source} before it`
            : `alias *${node.source} is within its own anchor &${node.source}`,
      };
      return visit.BREAK;
    }
    if ('anchor' in node && typeof node.anchor === 'string') ends.set(node.anchor, end);
    return undefined;
  });
  return found;
}
