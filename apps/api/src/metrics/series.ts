/** What a metric is: the head of its series in the text format. */
export interface MetricHead {
  name: string;
  help: string;
  type: 'counter' | 'gauge';
}

/**
 * The series of one metric in the text format of Prometheus, each added once. For metrics with series of each cluster: prom-client keeps, checks
 * and copies every series, which takes most of the time of a scrape with thousands of clusters.
 */
export class Series {
  readonly #name: string;
  #text: string;

  constructor({ name, help, type }: MetricHead) {
    this.#name = name;
    this.#text = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  }

  /** @param labels see {@link labelText} */
  add(labels: string, value: number): void {
    this.#text +=
      labels === '' ? `${this.#name} ${numberText(value)}\n` : `${this.#name}{${labels}} ${numberText(value)}\n`;
  }

  text(): string {
    return `${this.#text}\n`;
  }
}

/** Returns labels as they are written between braces; `before` are further ones, written already. */
export function labelText(name: string, value: string, before = ''): string {
  const escaped = /["\\\n]/.test(value)
    ? value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
    : value;
  return `${before}${before === '' ? '' : ','}${name}="${escaped}"`;
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}
