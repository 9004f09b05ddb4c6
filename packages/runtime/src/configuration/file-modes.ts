import type { Config } from '@nightcrier/core/settings/config';
import { Secret } from '@nightcrier/core/settings/secret';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** A file with a secret that every user of the machine can read. */
export interface ExposedFile {
  /** The setting that names it. */
  what: string;
  file: string;
}

/** Settings that name a file with a secret. Certificates and authorities are none. */
const SECRET_FILE = /(?:^|_)(?:key|token|secret|url|password)_file$/;

/** Warns of the files with secrets, and kubeconfigs, that every user of the machine can read. */
export function readableByOthers(config: Config): string[] {
  return exposedFiles(config).map(
    ({ what, file }) => `${what}: every user of this machine can read ${file}; run: chmod o-r ${file}`,
  );
}

/** Returns the files with secrets, and kubeconfigs, that every user of the machine can read, each once. */
export function exposedFiles({ clusters, ...settings }: Config): ExposedFile[] {
  const ofClusters = clusters.flatMap(({ name, triage, ...cluster }) => [
    ...secretFiles(cluster, `cluster ${name}: `),
    ...(triage.kubeconfig === undefined ? [] : kubeconfigFiles(triage.kubeconfig, `cluster ${name}: `)),
  ]);
  const warned = new Set<string>();
  return [...secretFiles(settings), ...ofClusters].filter(({ file }) => {
    if (warned.has(file) || !othersRead(file)) return false;
    warned.add(file);
    return true;
  });
}

/** Finds the settings at any depth. */
function secretFiles(value: object, prefix = ''): ExposedFile[] {
  return Object.entries(value).flatMap(([key, item]: [string, unknown]): ExposedFile[] => {
    const name = Array.isArray(value) ? `${prefix.replace(/\.$/, '')}[${key}]` : `${prefix}${key}`;
    if (typeof item === 'string') return SECRET_FILE.test(key) ? [{ what: name, file: item }] : [];
    return typeof item === 'object' && item !== null ? secretFiles(item, `${name}.`) : [];
  });
}

/** What a kubeconfig names beside its own text. Not parsed as YAML: there can be thousands. */
const NAMED_FILE = /(?<![\w-])(tokenFile|client-key):[ \t]*["']?([^"'\s,}]+)/g;

function kubeconfigFiles(file: string, prefix: string): ExposedFile[] {
  const own = { what: `${prefix}kubeconfig`, file };
  try {
    const named = [...readFileSync(file, 'utf8').matchAll(NAMED_FILE)];
    return [
      own,
      ...named.map(([, key = '', target = '']) => ({
        what: `${prefix}${key} of the kubeconfig`,
        file: path.resolve(path.dirname(file), target),
      })),
    ];
  } catch {
    return [own];
  }
}

/**
 * Warns of a configuration file with secrets of its own that every user of the machine can read.
 * @param isWritten whether the value at a path is written in the file, and not that of a variable or flag
 */
export function configurationReadableByOthers(
  config: Config,
  file: string,
  isWritten: (path: PropertyKey[]) => boolean,
): string[] {
  if (!othersRead(file)) return [];
  const first = secretsIn(config, []).find((at) => isWritten(at));
  if (!first) return [];
  const name = first.map((part, at) =>
    typeof part === 'number' ? `[${part}]` : `${at > 0 ? '.' : ''}${String(part)}`,
  );
  return [
    `${name.join('')}: every user of this machine can read ${file}, which contains secrets; run: chmod o-r ${file}`,
  ];
}

function secretsIn(value: unknown, at: PropertyKey[]): PropertyKey[][] {
  if (value instanceof Secret) return [at];
  if (Array.isArray(value)) return value.flatMap((item, index) => secretsIn(item, [...at, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => secretsIn(item, [...at, key]));
}

function othersRead(file: string): boolean {
  try {
    return (statSync(file).mode & 0o004) !== 0;
  } catch {
    return false;
  }
}
