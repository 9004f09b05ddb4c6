import {
  type Document,
  LineCounter,
  type Node,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  parseDocument,
  visit,
} from 'yaml';

/** A YAML file that knows on which line each of its values stands. */
export class YamlSource {
  readonly file: string;
  /** What is wrong with the file itself: syntax, duplicate keys, unset variables. */
  readonly problems: string[] = [];
  readonly #lines = new LineCounter();
  readonly #document: Document;

  /** @param environment for `${NAME}` and `${NAME:-default}` in values */
  constructor(file: string, text: string, environment: Record<string, string | undefined>) {
    this.file = file;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    for (const error of this.#document.errors) this.problems.push(`${this.#at(error.pos[0])} ${error.message}`);
    this.#interpolate(environment);
  }

  /** The file's content as plain values; `undefined` for an empty file. */
  values(): unknown {
    return this.#document.toJS() ?? undefined;
  }

  /** `file:line:column:` of the key at the path, or of the nearest thing above it that is in the file. */
  locate(path: PropertyKey[]): string {
    return this.#at(this.offset(path));
  }

  /** The position in the text that {@link locate} names. */
  offset(path: PropertyKey[]): number {
    let node: unknown = this.#document.contents;
    let offset = 0;
    for (const part of path) {
      if (isMap(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && item.key.value === String(part));
        if (!pair) break;
        offset = startOf(pair.key) ?? offset;
        node = pair.value;
      } else if (isSeq(node)) {
        const item = node.items[Number(part)];
        if (item === undefined) break;
        offset = startOf(item) ?? offset;
        node = item;
      } else break;
    }
    return offset;
  }

  #at(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.file}:${line}:${col}:`;
  }

  /** Replaces variables in scalar values only, after parsing, so that a value can never add keys. */
  #interpolate(environment: Record<string, string | undefined>): void {
    visit(this.#document, {
      Scalar: (key, node) => {
        if (key === 'key' || typeof node.value !== 'string') return;
        node.value = node.value.replaceAll(
          /\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g,
          (match, name: string, fallback?: string) => {
            const value = environment[name];
            if (value !== undefined && (value !== '' || fallback === undefined)) return value;
            if (fallback !== undefined) return fallback;
            this.problems.push(
              `${this.#at(startOf(node) ?? 0)} environment variable ${name} is not set; set it, or write \${${name}:-default}`,
            );
            return match;
          },
        );
      },
    });
  }
}

function startOf(node: unknown): number | undefined {
  const target: Node | undefined = isPair(node) ? undefined : isNode(node) ? node : undefined;
  return target?.range?.[0];
}
