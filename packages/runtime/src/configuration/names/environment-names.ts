import { closest, distance } from 'fastest-levenshtein';

/** Variables with our prefix that are no settings: those of the CLI, the containers and the compose files. */
const OTHER_NAMES = new Set([
  'NIGHTCRIER_CONFIG',
  'NIGHTCRIER_API_URL',
  'NIGHTCRIER_HEARTBEAT_FILE',
  'NIGHTCRIER_SUPERVISED',
  'NIGHTCRIER_MCP_ENDPOINT',
]);

/** A Kubernetes Service named `nightcrier-api` sets NIGHTCRIER_API_PORT=tcp://10.0.0.1:8080 in every pod of its namespace. */
export function isServiceLink(name: string, value: string): boolean {
  return name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\/\S+:\d+$/i.test(value);
}

/** Names that this version and its predecessors without a prefix have in common, and that only Nightcrier would use. */
const FORMER_NAMES = [
  ['REDIS_URL', 'NIGHTCRIER_REDIS_URL'],
  ['REDIS_KEY_PREFIX', 'NIGHTCRIER_REDIS_KEY_PREFIX'],
  ['API_ACCESS_KEY', 'NIGHTCRIER_API_ACCESS_KEY'],
  ['API_ACCESS_KEY_FILE', 'NIGHTCRIER_API_ACCESS_KEY_FILE'],
  ['ANTHROPIC_API_KEY_FILE', 'NIGHTCRIER_ANTHROPIC_API_KEY_FILE'],
  ['OPENAI_API_KEY_FILE', 'NIGHTCRIER_OPENAI_API_KEY_FILE'],
  ['GEMINI_API_KEY_FILE', 'NIGHTCRIER_GEMINI_API_KEY_FILE'],
  ['SLACK_WEBHOOK_URL_FILE', 'NIGHTCRIER_SLACK_WEBHOOK_URL_FILE'],
  ['SLACK_BOT_TOKEN', 'NIGHTCRIER_SLACK_BOT_TOKEN'],
  ['SLACK_BOT_TOKEN_FILE', 'NIGHTCRIER_SLACK_BOT_TOKEN_FILE'],
  ['WEBHOOK_SECRET_FILE', 'NIGHTCRIER_WEBHOOK_SECRET_FILE'],
  ['SPOOL_DIR', 'NIGHTCRIER_SPOOL_DIR'],
] as const;

/** Warns about variables that look like settings and are not read: misspelt ones, and those that earlier versions read. */
export function unknownVariables(
  environment: Record<string, string | undefined>,
  keys: readonly { environment: string }[],
): string[] {
  const known = keys.map((key) => key.environment);
  const isSet = (name: string): boolean => (environment[name] ?? '') !== '';
  const misspelt = Object.keys(environment).flatMap((name) => {
    if (!name.startsWith('NIGHTCRIER_') || OTHER_NAMES.has(name) || known.includes(name) || !isSet(name)) return [];
    const nearest = closest(name, known);
    return distance(name, nearest) <= 2
      ? [`environment variable ${name} is not a setting; did you mean ${nearest}?`]
      : [];
  });
  const former = FORMER_NAMES.filter(([name, now]) => isSet(name) && !isSet(now));
  return [...misspelt, ...former.map(([name, now]) => `environment variable ${name} is not read; set ${now} instead`)];
}
