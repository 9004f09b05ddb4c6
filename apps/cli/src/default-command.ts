import { defaultConfigFile } from '@nightcrier/runtime/configuration/config-files';

const OWN_FLAGS = new Set(['-h', '--help', '-V', '--version']);
const STARTS = ['NIGHTCRIER_CONFIG', 'NIGHTCRIER_MCP_ENDPOINT', 'K8S_CLUSTER_MCP_ENDPOINT'];

/**
 * Adds the command `up` where none is given: the original system has no commands, and is started by flags or by the
 * environment alone. Without flags, and with nothing configured, the help page is shown.
 */
export function withDefaultCommand(words: string[], environment: Record<string, string | undefined>): string[] {
  const [first] = words;
  if (first !== undefined) return first.startsWith('-') && !OWN_FLAGS.has(first) ? ['up', ...words] : words;
  const isConfigured = STARTS.some((name) => (environment[name] ?? '') !== '') || defaultConfigFile() !== undefined;
  return isConfigured ? ['up'] : words;
}
