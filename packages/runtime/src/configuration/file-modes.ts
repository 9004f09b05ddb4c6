import type { Config } from '@nightcrier/core/settings/config';
import { statSync } from 'node:fs';

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
    ...(triage.kubeconfig === undefined ? [] : [{ what: `cluster ${name}: kubeconfig`, file: triage.kubeconfig }]),
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

function othersRead(file: string): boolean {
  try {
    return (statSync(file).mode & 0o004) !== 0;
  } catch {
    return false;
  }
}
