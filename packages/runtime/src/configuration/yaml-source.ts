import {
  type Document,
  type Pair,
  type YAMLMap,
  LineCounter,
  type Node,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  parseDocument,
  visit,
} from 'yaml';
import { interpolate } from './interpolate.ts';
import { aliasProblem } from './yaml/aliases.ts';
import { unplainValues } from './yaml/plain-values.ts';

/** What the parser says of a file that is nested too deeply for it. */
const STACK_OVERFLOW = /call stack/i;

const SEVERAL_DOCUMENTS = 'a second document begins here, but only one is read: remove the `---`';

/** A YAML file that knows the position of each of its values. */
export class YamlSource {
  readonly file: string;
  /** Problems of the file itself: syntax, duplicate keys, variables that are not set. */
  readonly problems: string[] = [];
  readonly #lines = new LineCounter();
  readonly #document: Document;
  readonly #pairs = new WeakMap<YAMLMap, Map<string, Pair>>();
  /** Scalars in which variables were replaced. */
  readonly #replaced = new WeakSet<Node>();
  #values: unknown;

  /** @param environment for `${NAME}` in values */
  constructor(file: string, text: string, environment: Record<string, string | undefined>) {
    this.file = file;
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      merge: true,
      logLevel: 'error',
      // The check of the library compares each key with all others.
      uniqueKeys: false,
    });
    for (const { code, message, pos } of this.#document.errors)
      this.problems.push(`${this.#at(pos[0])} ${described(code, message)}`);
    this.#interpolate(environment);
    this.#values = this.#checkKeys() && this.#checkAliases() ? this.#toValues() : {};
  }

  /** The file's content as plain values; `undefined` for an empty file. */
  values(): unknown {
    return this.#values;
  }

  /** `file:line:column:` of the key at the path, or of the nearest thing above it that is in the file. */
  locate(path: readonly PropertyKey[]): string {
    return this.#at(this.offset(path));
  }

  /** The position in the text that {@link locate} names. */
  offset(path: readonly PropertyKey[]): number {
    let node: unknown = this.#document.contents;
    let offset = 0;
    for (const part of path) {
      const found = this.#step(node, part);
      if (!found) break;
      offset = startOf(found.key) ?? offset;
      node = found.value;
    }
    return offset;
  }

  /** Whether the value at the path is written in the file, and not that of a variable. */
  isWritten(path: readonly PropertyKey[]): boolean {
    let node: unknown = this.#document.contents;
    for (const part of path) node = this.#step(node, part)?.value;
    const value = isAlias(node) ? node.resolve(this.#document) : node;
    return isScalar(value) && value.value !== null && !this.#replaced.has(value);
  }

  /** The node under a key or index; through aliases and merge keys. */
  #step(node: unknown, part: PropertyKey): { key: unknown; value: unknown } | undefined {
    const target = isAlias(node) ? node.resolve(this.#document) : node;
    if (isSeq(target)) {
      const item = target.items[Number(part)];
      return item === undefined ? undefined : { key: item, value: item };
    }
    if (!isMap(target)) return undefined;
    const own = this.#pairsOf(target).get(String(part));
    if (own) return own;
    for (const { key, value } of target.items) {
      if (!isScalar(key) || key.source !== '<<') continue;
      const merged = isAlias(value) ? value.resolve(this.#document) : value;
      for (const source of isSeq(merged) ? merged.items : [merged]) {
        const found = this.#step(source, part);
        if (found) return found;
      }
    }
    return undefined;
  }

  /** The entries of a mapping by key. Each problem of a file is located, and there can be thousands. */
  #pairsOf(map: YAMLMap): Map<string, Pair> {
    const known = this.#pairs.get(map);
    if (known) return known;
    const pairs = new Map<string, Pair>();
    for (const pair of map.items) {
      const name = isScalar(pair.key) ? String(pair.key.value) : undefined;
      if (name !== undefined && !pairs.has(name)) pairs.set(name, pair);
    }
    this.#pairs.set(map, pairs);
    return pairs;
  }

  #at(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.file}:${line}:${col}:`;
  }

  /** Returns whether all keys are plain values. The library takes exponential time to write others as text. */
  #checkKeys(): boolean {
    let arePlain = true;
    visit(this.#document, {
      Map: (_, map) => {
        const known = new Set<unknown>();
        for (const { key } of map.items) {
          if (!isScalar(key)) {
            arePlain = false;
            this.problems.push(`${this.#at(startOf(key) ?? 0)} a key must be a name, not a list or mapping`);
            return visit.BREAK;
          }
          if (key.source === '<<') continue;
          if (key.value === '__proto__')
            this.problems.push(`${this.#at(startOf(key) ?? 0)} a key cannot be named __proto__`);
          if (known.has(key.value)) this.problems.push(`${this.#at(startOf(key) ?? 0)} Map keys must be unique`);
          known.add(key.value);
        }
        return undefined;
      },
    });
    return arePlain;
  }

  #checkAliases(): boolean {
    const problem = aliasProblem(this.#document);
    if (problem) this.problems.push(`${this.#at(problem.offset)} ${problem.message}`);
    return problem === undefined;
  }

  /** Replaces variables in scalar values only, after parsing, so that a value can never add keys. */
  #interpolate(environment: Record<string, string | undefined>): void {
    visit(this.#document, {
      Scalar: (key, node) => {
        if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('$')) return;
        const result = interpolate(node.value, environment);
        if ('value' in result) {
          node.value = result.value;
          this.#replaced.add(node);
        } else this.problems.push(`${this.#at(startOf(node) ?? 0)} ${result.problem}`);
      },
    });
  }

  #toValues(): unknown {
    for (const { offset, message } of unplainValues(this.#document))
      this.problems.push(`${this.#at(offset)} ${message}`);
    try {
      return this.#document.toJS({ maxAliasCount: -1 }) ?? undefined;
    } catch (error) {
      if (this.problems.length === 0) {
        this.problems.push(`${this.#at(0)} ${error instanceof Error ? error.message : String(error)}`);
      }
      return {};
    }
  }
}

function described(code: string, message: string): string {
  if (code === 'MULTIPLE_DOCS') return SEVERAL_DOCUMENTS;
  return STACK_OVERFLOW.test(message) ? 'is nested too deeply' : message;
}

function startOf(node: unknown): number | undefined {
  const target: Node | undefined = isNode(node) ? node : undefined;
  return target?.range?.[0];
}
