/** Keys under which structured logs keep their message, and what went wrong. */
const MESSAGE_KEYS = ['msg', 'message', '@m', 'log', 'text'] as const;
const ERROR_KEYS = ['error', 'err', 'exception', 'reason', 'cause', 'attr'] as const;
const LONGEST = 4_000;

/** Time, level, thread and place at the beginning of a line, in any order; each part is bounded. */
const PREFIXES: readonly RegExp[] = [
  /^\[?\d{4}[-/]\d{2}[-/]\d{2}[T ]\d{2}:\d{2}:\d{2}[.,\d]{0,10}\s?(?:Z|UTC|[+-]\d{2}:?\d{2})?\]?\s*/,
  /^\w{3} \d{1,2}, \d{4} \d{1,2}:\d{2}:\d{2} [AP]M\s*/,
  /^\[?(?:FATAL|CRITICAL|ERROR|SEVERE|ALERT|EMERG|PANIC|ERR|emerg|error|crit|fatal|alert)\]?(?=[\s:[(])[:\s]*/,
  /^[EFW]\d{4} \d{2}:\d{2}:\d{2}\.\d{1,9}\s+\d{1,9} [\w.-]{1,80}:\d{1,6}\]\s*/,
  /^\[(?:\d{1,9}|[\w. -]{1,40}|MY-\d{1,9})\]\s*/,
  /^\d{1,9}(?:#\d{1,9})?(?:\s(?=\[)|:\s)/,
  /^\d{1,9} --- \[[^\]]{1,40}\] [\w.$]{1,100}\s*:\s*/,
];

/** What a line of a log says, without time, level and the fields of a structured log. */
export function messageOf(line: string): string {
  const text = line.slice(0, LONGEST).trim();
  return fromJson(text) ?? fromLogfmt(text) ?? withoutPrefixes(text);
}

function fromJson(text: string): string | undefined {
  if (!text.startsWith('{')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = new Map(Object.entries(value));
  return joined(
    MESSAGE_KEYS.map((key) => textOf(fields.get(key))).find((it) => it !== undefined),
    ERROR_KEYS.map((key) => textOf(fields.get(key))).find((it) => it !== undefined),
  );
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = new Map(Object.entries(value));
  return [...MESSAGE_KEYS, 'error', 'errmsg', 'type']
    .map((key) => fields.get(key))
    .find((it): it is string => typeof it === 'string' && it !== '');
}

function fromLogfmt(text: string): string | undefined {
  if (!/\b(?:level|lvl|ts|time|msg)=/.test(text)) return undefined;
  const field = (names: string) => {
    const [, quoted, plain] =
      new RegExp(`(?:^|\\s)(?:${names})=(?:"((?:[^"\\\\]|\\\\.){1,1000})"|(\\S{1,500}))`).exec(text) ?? [];
    return quoted?.replaceAll(/\\(.)/g, '$1') ?? plain;
  };
  return joined(field('msg|message'), field('err|error'));
}

function joined(message: string | undefined, error: string | undefined): string | undefined {
  if (message === undefined) return error;
  return error === undefined || message.includes(error) ? message : `${message}: ${error}`;
}

function withoutPrefixes(text: string): string {
  let rest = text;
  for (let round = 0; round < 6; round += 1) {
    const prefix = PREFIXES.find((pattern) => pattern.test(rest));
    if (prefix === undefined) break;
    const next = rest.replace(prefix, '').trimStart();
    if (next.length < 4) break;
    rest = next;
  }
  return rest;
}
