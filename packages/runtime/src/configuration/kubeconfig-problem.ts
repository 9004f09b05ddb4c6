import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { parseDocument } from 'yaml';
import { shownFile } from '@nightcrier/core/settings/parsing/shown-file';
import { isReadableFile } from './resolve-paths.ts';

/** Files that a cluster or a user of a kubeconfig names. */
const CLUSTER_FILES = ['certificate-authority'];
const USER_FILES = ['client-certificate', 'client-key', 'tokenFile'];

/**
 * Says why a kubeconfig cannot be used; undefined if it can. The message repeats names and paths, never credentials.
 * @param file the path of the text; relative paths in it are relative to its folder
 * @param searchPath folders of commands, as in PATH
 */
export function kubeconfigProblem(text: string, file: string, searchPath = ''): string | undefined {
  if (text.trim() === '') return 'is empty';
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'silent', merge: true });
  if (document.errors.length > 0) return 'is not valid YAML';
  const config = valuesOf(document);
  if (!isRecord(config)) return 'is not a kubeconfig: it must be a mapping';
  const list = ['contexts', 'clusters', 'users'].find((key) => isSet(config[key]) && !Array.isArray(config[key]));
  if (list !== undefined) return `is not a kubeconfig: ${list} must be a list`;
  const current = config['current-context'];
  if (typeof current !== 'string' || current === '') return 'has no current-context';
  const context = named(config.contexts, current)?.context;
  if (!isRecord(context)) return `has the current-context ${JSON.stringify(current)}, which is not among its contexts`;
  const parts: Record<string, unknown> = {};
  for (const [key, all] of [
    ['cluster', config.clusters],
    ['user', config.users],
  ] as const) {
    const name = context[key];
    const found = typeof name === 'string' ? named(all, name) : undefined;
    if (!found) {
      return `has the context ${JSON.stringify(current)}, whose ${key} ${JSON.stringify(name ?? null)} is not among its ${key}s`;
    }
    parts[key] = found[key];
  }
  const folder = path.dirname(file);
  return clusterProblem(parts.cluster, folder) ?? userProblem(parts.user, folder, searchPath);
}

function clusterProblem(cluster: unknown, folder: string): string | undefined {
  const { server } = isRecord(cluster) ? cluster : {};
  if (typeof server !== 'string' || !/^https?:$/.test(URL.parse(server)?.protocol ?? '')) {
    // Before an @ there may be a password.
    const shown =
      typeof server === 'string' && server.includes('@') ? 'that is not shown' : JSON.stringify(server ?? null);
    return `has the server ${shown}; it must be an http(s) URL`;
  }
  return missingFile(cluster, CLUSTER_FILES, folder);
}

function userProblem(user: unknown, folder: string, searchPath: string): string | undefined {
  if (!isSet(user)) return undefined;
  if (!isRecord(user)) return 'has a user that is not a mapping';
  const groups = user['as-groups'];
  if (isSet(groups) && !(Array.isArray(groups) && groups.every((group) => typeof group === 'string'))) {
    return 'has as-groups that are not a list of names';
  }
  if (!isSet(user.as) && (isSet(groups) || isSet(user['as-uid']))) {
    return 'has as-groups or as-uid without "as", the user to impersonate';
  }
  return missingFile(user, USER_FILES, folder) ?? commandProblem(user.exec, folder, searchPath);
}

function missingFile(part: unknown, keys: readonly string[], folder: string): string | undefined {
  for (const key of keys) {
    const value = isRecord(part) ? part[key] : undefined;
    if (!isSet(value) || value === '') continue;
    if (typeof value !== 'string') return `has a ${key} that is not a path`;
    if (!isReadableFile(path.resolve(folder, value)))
      return `names the ${key} ${shownFile(value)}, which is not a readable file`;
  }
  return undefined;
}

function commandProblem(exec: unknown, folder: string, searchPath: string): string | undefined {
  if (!isSet(exec)) return undefined;
  const command = isRecord(exec) ? exec.command : undefined;
  if (typeof command !== 'string' || command === '') return 'has a credential command without exec.command';
  const folders = command.includes('/') ? [folder] : searchPath.split(path.delimiter);
  if (folders.some((one) => isExecutable(path.resolve(one, command)))) return undefined;
  return `names the credential command ${command}, which is not an executable ${command.includes('/') ? 'file' : 'on the PATH'}`;
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return isReadableFile(file);
  } catch {
    return false;
  }
}

function valuesOf(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    return undefined;
  }
}

function named(list: unknown, name: string): Record<string, unknown> | undefined {
  return Array.isArray(list) ? list.filter(isRecord).find((entry) => entry.name === name) : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
