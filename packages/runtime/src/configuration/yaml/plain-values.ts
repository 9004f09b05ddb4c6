import { type Document, isAlias, isMap, isPair, isScalar, isSeq, visit } from 'yaml';
import type { YamlProblem } from './aliases.ts';

/** The tags that say what a plain value is anyway. */
const PLAIN_TAG = /^(?:!|tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq|merge))$/;

/**
 * Returns what YAML allows and a configuration does not need: tags of other types, anchors without a value, and merge keys of something
 * other than mappings. A password that begins with `!` or `&` would silently be an empty one.
 */
export function unplainValues(document: Document): YamlProblem[] {
  const problems: YamlProblem[] = [];
  visit(document, (_, node) => {
    if (isPair(node)) {
      const { key, value } = node;
      if (isScalar(key) && key.source === '<<' && !isMergeable(value, document))
        problems.push({ offset: key.range?.[0] ?? 0, message: 'a merge key (<<) takes a mapping, or an alias of one' });
      return undefined;
    }
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return undefined;
    const offset = node.range?.[0] ?? 0;
    if (node.tag !== undefined && !PLAIN_TAG.test(node.tag))
      problems.push({ offset, message: 'tags are not supported; a value that begins with ! must be in quotes' });
    else if (isScalar(node) && node.anchor !== undefined && node.value === null && !node.source)
      problems.push({ offset, message: 'an anchor without a value; a value that begins with & must be in quotes' });
    return undefined;
  });
  return problems;
}

function isMergeable(value: unknown, document: Document): boolean {
  const target = isAlias(value) ? value.resolve(document) : value;
  if (isSeq(target)) return target.items.every((item) => isMap(isAlias(item) ? item.resolve(document) : item));
  return isMap(target);
}
