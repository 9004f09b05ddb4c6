import {
  type Document,
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

const SEVERAL_DOCUMENTS = 'a second document begins here, but only one is read: remove the `---`';

/** A YAML file that knows the position of each of its values. */
export class YamlSource {
  readonly file: string;
  /** Problems of the file itself: syntax, duplicate keys, variables that are not set. */
  readonly problems: string[] = [];
  readonly #lines = new LineCounter();
  readonly #document: Document;
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
      this.problems.push(`${this.#at(pos[0])} ${code === 'MULTIPLE_DOCS' ? SEVERAL_DOCUMENTS : message}`);
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

  /** The node under a key or index; through aliases and merge keys. */
  #step(node: unknown, part: PropertyKey): { key: unknown; value: unknown } | undefined {
    const target = isAlias(node) ? node.resolve(this.#document) : node;
    if (isSeq(target)) {
      const item = target.items[Number(part)];
      return item === undefined ? undefined : { key: item, value: item };
    }
    if (!isMap(target)) return undefined;
    const name = String(part);
    const own = target.items.find(({ key }) => isScalar(key) && String(key.value) === name);
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
        if ('value' in result) node.value = result.value;
        else this.problems.push(`${this.#at(startOf(node) ?? 0)} ${result.problem}`);
      },
    });
  }

  /** Aliases that expand to too much are found here. */
  #toValues(): unknown {
    try {
      return this.#document.toJS({ maxAliasCount: 100 }) ?? undefined;
    } catch (error) {
      if (this.problems.length === 0) {
        this.problems.push(`${this.#at(0)} ${error instanceof Error ? error.message : String(error)}`);
      }
      return {};
    }
  }
}

function startOf(node: unknown): number | undefined {
  const target: Node | undefined = isNode(node) ? node : undefined;
  return target?.range?.[0];
}
