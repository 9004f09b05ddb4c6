import {
  type Document,
  type Node,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
  type Alias,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  visit,
} from 'yaml';

/** What can have an anchor. */
type Anchored = Scalar | YAMLMap | YAMLSeq;

/** What is wrong with a file, and where. */
export interface YamlProblem {
  offset: number;
  message: string;
}

/** Values that all aliases of a file may stand for together: each of 10,000 clusters may merge a hundred defaults. */
const MOST_VALUES = 1_000_000;

/**
 * Returns the first alias without an anchor before it, or within its own anchor: the library names no position for the one, and makes an
 * object that contains itself of the other. Returns the first one, too, with which the aliases stand for too many values: aliases of
 * aliases multiply. From then on, each alias knows its value.
 */
export function aliasProblem(document: Document): YamlProblem | undefined {
  /** The value of each anchor so far; an anchor can be set again. */
  const anchors = new Map<string, Anchored>();
  const sizes = new Map<Node, number>();
  let found: YamlProblem | undefined;
  let total = 0;
  visit(document, (_, node) => {
    if (!isNode(node)) return undefined;
    const [offset = 0] = node.range ?? [];
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      const [, , end = 0] = target?.range ?? [];
      if (!target || end > offset) {
        found = {
          offset,
          message: target
            ? `alias${named('*', node.source)} is within its own anchor${named('&', node.source)}`
            : unresolved(node.source),
        };
        return visit.BREAK;
      }
      const size = sizeOf(target, sizes, document);
      total += size;
      sizes.set(node, size);
      setTarget(node, target);
      if (total <= MOST_VALUES) return undefined;
      found = {
        offset,
        message: `aliases stand for more than ${MOST_VALUES} values, from alias${named('*', node.source)} on`,
      };
      return visit.BREAK;
    }
    if ((isScalar(node) || isMap(node) || isSeq(node)) && node.anchor !== undefined) anchors.set(node.anchor, node);
    return undefined;
  });
  return found;
}

/** Makes an alias resolve to its value at once. The library searches all anchors and aliases before it, each time. */
function setTarget(alias: Alias, target: Anchored): void {
  const search = alias.resolve.bind(alias);
  alias.resolve = (document, context) => {
    if (!context) return target;
    context.aliasResolveCache = [target, alias];
    return search(document, context);
  };
}

function unresolved(name: string): string {
  return `alias${named('*', name)} has no anchor${named('&', name)} before it; a value that begins with * must be in quotes`;
}

/** A password can begin with `*`, and be what the library takes for the name of an alias. */
function named(mark: string, name: string): string {
  return /^[a-z][a-z_-]{0,30}$/i.test(name) ? ` ${mark}${name}` : '';
}

/** Counts the values of a node, those behind its aliases included. Aliases point backwards, so theirs are known. */
function sizeOf(node: Node, sizes: Map<Node, number>, document: Document): number {
  const known = sizes.get(node);
  if (known !== undefined) return known;
  const items: unknown[] = isCollection(node) ? node.items : [];
  const parts = items
    .flatMap((item) => (isPair(item) ? [item.key, item.value] : [item]))
    .filter((part) => isNode(part));
  const size = parts.reduce((sum, part) => sum + sizeOf(part, sizes, document), 1);
  sizes.set(node, size);
  return size;
}
