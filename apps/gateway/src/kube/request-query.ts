import { type Denial, deny } from './denial.ts';
import type { Route } from './route.ts';

const LONGEST_VALUE = 4096;
const MOST_PARAMETERS = 30;

const READING = ['resourceVersion', 'timeout', 'pretty'];
const LISTING = [
  ...READING,
  'labelSelector',
  'fieldSelector',
  'limit',
  'continue',
  'resourceVersionMatch',
  'timeoutSeconds',
  'allowWatchBookmarks',
  'sendInitialEvents',
  'includeObject',
  'watch',
];

/** The parameters that each kind of request may have. Others, such as `dryRun`, are denied. */
const PARAMETERS: Record<Route['kind'], ReadonlySet<string>> = {
  get: new Set([...READING, 'includeObject']),
  list: new Set(LISTING),
  log: new Set([
    'container',
    'follow',
    'previous',
    'sinceSeconds',
    'sinceTime',
    'timestamps',
    'tailLines',
    'limitBytes',
    'pretty',
    'timeout',
  ]),
  discovery: new Set(['timeout']),
  openapi: new Set(['timeout', 'hash']),
  version: new Set(['timeout']),
  review: new Set(['timeout']),
};

export interface ReadQuery {
  /** Rebuilt from the parameters, with `?`; empty if there are none. */
  text: string;
  watch: boolean;
  follow: boolean;
}

/** Checks the query of a request. Every parameter must be known, and occur once. */
export function readQuery(raw: string, { kind }: Route): ReadQuery | Denial {
  const query: ReadQuery = { text: '', watch: false, follow: false };
  if (raw === '') return query;
  if (!/^[!-~]+$/.test(raw) || /[;#]/.test(raw)) return deny('query', 'the query has a special character');
  const values = new Map<string, string>();
  for (const pair of raw.split('&')) {
    const equals = pair.indexOf('=');
    const name = equals === -1 ? pair : pair.slice(0, equals);
    const value = decoded(equals === -1 ? '' : pair.slice(equals + 1));
    if (!PARAMETERS[kind].has(name)) return deny('query', `the parameter ${shown(name)} is not allowed here`);
    if (values.has(name)) return deny('query', `the parameter ${name} occurs twice`);
    if (value === undefined || value.length > LONGEST_VALUE) return deny('query', `the value of ${name} is not valid`);
    values.set(name, value);
  }
  if (values.size > MOST_PARAMETERS) return deny('query', 'there are too many parameters');
  for (const name of ['watch', 'follow'] as const) {
    const value = values.get(name);
    if (value === undefined) continue;
    const truth = TRUTH.get(value);
    if (truth === undefined) return deny('query', `${name} must be true or false`);
    query[name] = truth;
  }
  query.text = `?${new URLSearchParams([...values]).toString()}`;
  return query;
}

/** The API server takes any other text for true. */
const TRUTH = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

function decoded(value: string): string | undefined {
  try {
    const text = decodeURIComponent(value.replaceAll('+', ' '));
    // oxlint-disable-next-line no-control-regex -- they are what is looked for
    return /[\u{0}-\u{1f}\u{7f}]/u.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

function shown(name: string): string {
  return /^[A-Za-z]{1,40}$/.test(name) ? name : 'with this name';
}
