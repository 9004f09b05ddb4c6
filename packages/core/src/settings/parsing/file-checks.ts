import { z } from 'zod';
import { secretProblem } from '../secret.ts';
import { type ConfigProblem, isRecord, nameOf } from './config-problem.ts';
import type { ConfigSurroundings } from './config-surroundings.ts';
import { shownFile } from './shown-file.ts';
import { isUsedBy, SETTINGS, settingOf } from '../setting-list.ts';

/** Checks the files of secrets: each excludes its value, must be readable, and must hold a valid value. */
export function fileProblems(raw: Record<string, unknown>, surroundings: ConfigSurroundings): ConfigProblem[] {
  return SETTINGS.flatMap((setting): ConfigProblem[] => {
    const { path, name } = setting;
    const plain = settingOf(name.replace(/_file$/, ''));
    const file = rawValue(raw, path);
    if (!plain || plain === setting || plain.meta.secret !== true || typeof file !== 'string') return [];
    if (rawValue(raw, plain.path) !== undefined) return [bothSet([...path], plain.path.at(-1) ?? '')];
    if (!isUsedBy(setting, surroundings.process)) return [];
    return secretFileProblems([...path], file, surroundings, (text) => {
      const { error } = z.safeParse(plain.schema, text);
      return error?.issues[0]?.message;
    });
  });
}

/** The files of a cluster: those of secrets and certificates, and the kubeconfig. */
export function clusterFileProblems(
  entry: Record<string, unknown>,
  path: PropertyKey[],
  surroundings: ConfigSurroundings,
): ConfigProblem[] {
  const mcp = isRecord(entry.mcp) ? entry.mcp : {};
  const monitoring = isRecord(entry.monitoring) ? entry.monitoring : {};
  return [
    ...mcpFileProblems(mcp, [...path, 'mcp'], surroundings),
    ...monitoringFileProblems(monitoring, [...path, 'monitoring'], surroundings),
    ...kubeconfigProblems(entry, path, surroundings),
  ];
}

/** Only the workers read Prometheus and Alertmanager. */
function monitoringFileProblems(
  monitoring: Record<string, unknown>,
  path: PropertyKey[],
  surroundings: ConfigSurroundings,
): ConfigProblem[] {
  const isUsed = surroundings.process === undefined || surroundings.process === 'triage-worker';
  const problems: ConfigProblem[] = [];
  for (const key of ['bearer_token', 'password']) {
    const file = monitoring[`${key}_file`];
    const at = [...path, `${key}_file`];
    if (typeof file !== 'string') continue;
    if (monitoring[key] !== undefined) problems.push(bothSet(at, key));
    else if (isUsed) problems.push(...secretFileProblems(at, file, surroundings, secretProblem));
  }
  if (monitoring.username !== undefined && (monitoring.password ?? monitoring.password_file) === undefined) {
    const absent = ['password', 'password_file'].map((key) => [...path, key]);
    problems.push({ path: [...path, 'username'], message: 'username needs password (or password_file)', absent });
  }
  const { ca_file: file } = monitoring;
  if (isUsed && typeof file === 'string' && surroundings.read(file) === undefined)
    problems.push(unreadable([...path, 'ca_file'], file));
  return problems;
}

const CERTIFICATES = [
  { key: 'ca_file' },
  { key: 'client_cert_file', partner: 'client_key_file' },
  { key: 'client_key_file', partner: 'client_cert_file' },
];

function mcpFileProblems(
  mcp: Record<string, unknown>,
  path: PropertyKey[],
  surroundings: ConfigSurroundings,
): ConfigProblem[] {
  // Only the ingesters connect to MCP servers.
  const isUsed = surroundings.process === undefined || surroundings.process === 'ingester';
  const problems: ConfigProblem[] = [];
  if (typeof mcp.api_key_file === 'string') {
    const at = [...path, 'api_key_file'];
    if (mcp.api_key !== undefined) problems.push(bothSet(at, 'api_key'));
    else if (isUsed) problems.push(...secretFileProblems(at, mcp.api_key_file, surroundings, secretProblem));
  }
  for (const { key, partner } of CERTIFICATES) {
    const file = mcp[key];
    if (typeof file !== 'string') continue;
    const at = [...path, key];
    if (partner !== undefined && mcp[partner] === undefined) {
      problems.push({ path: at, message: `${key} needs ${partner}`, absent: [[...path, partner]] });
    } else if (isUsed && surroundings.read(file) === undefined) problems.push(unreadable(at, file));
  }
  return problems;
}

/** Looked for in the raw entry, so that one mistake does not hide another. */
function kubeconfigProblems(
  entry: Record<string, unknown>,
  path: PropertyKey[],
  surroundings: ConfigSurroundings,
): ConfigProblem[] {
  const triage = isRecord(entry.triage) ? entry.triage : undefined;
  const at = triage ? [...path, 'triage', 'kubeconfig'] : [...path, 'kubeconfig'];
  const value = triage ? triage.kubeconfig : entry.kubeconfig;
  const enabled = triage ? String(triage.enabled).trim().toLowerCase() === 'true' : true;
  const watched = ['source', 'supplement'].find((key) => entry[key] === 'kubernetes' || entry[key] === 'watch');
  if (!enabled && watched === undefined) return [];
  const owner = `cluster ${nameOf(entry)}:`;
  if (typeof value === 'string' && value !== '') {
    // The API asks no cluster.
    if (surroundings.process === 'api') return [];
    const text = surroundings.read(value);
    const problem = text === undefined ? 'is not a readable file' : surroundings.kubeconfigProblem(text, value);
    return problem === undefined ? [] : [{ path: at, message: `${owner} kubeconfig ${value} ${problem}` }];
  }
  const absent = [[...path, 'triage', 'kubeconfig']];
  if (watched !== undefined) {
    const message = `${owner} triage.kubeconfig is required for ${watched}: ${String(entry[watched])}`;
    return [{ path: triage ? at : [...path, watched], message, absent }];
  }
  if (!triage) return []; // the schema of the flat form, or of an entry without triage, names what is missing
  return [{ path: at, message: `${owner} triage.kubeconfig is required when triage.enabled is true`, absent }];
}

export function secretFileProblems(
  path: PropertyKey[],
  file: string,
  surroundings: ConfigSurroundings,
  problemOf: (text: string) => string | undefined,
): ConfigProblem[] {
  const text = surroundings.read(file);
  if (text === undefined) return [unreadable(path, file)];
  const problem = text.trim() === '' ? 'is empty' : problemOf(text.trim());
  return problem === undefined ? [] : [{ path, message: `${String(path.at(-1))}: ${file} ${problem}` }];
}

export function bothSet(path: PropertyKey[], plain: string): ConfigProblem {
  return { path, message: `${plain} and ${plain}_file cannot both be set` };
}

export function unreadable(path: PropertyKey[], file: string): ConfigProblem {
  return { path, message: `${String(path.at(-1))}: ${shownFile(file)} is not a readable file` };
}

/** The value at the path in a configuration that is not parsed yet. */
export function rawValue(raw: unknown, path: readonly string[]): unknown {
  let value = raw;
  for (const key of path) value = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return value;
}
