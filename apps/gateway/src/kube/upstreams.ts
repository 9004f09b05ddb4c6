import { type Credentials, loadCredentials } from '@nightcrier/cluster/kubernetes/credentials';
import { statSync } from 'node:fs';

/** Certificates that are renewed beside a kubeconfig that stays as it is are used within this time. */
const KEPT_MS = 60_000;

interface Kept {
  credentials: Promise<Credentials>;
  version: string;
  since: number;
}

/** The credentials of each cluster's kubeconfig, read again when the file changes, and every minute. */
export class Upstreams {
  readonly #kept = new Map<string, Kept>();
  readonly #now: () => number;

  /** @param now milliseconds of a clock that never runs backwards */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** @throws KubernetesError `kubeconfig` */
  async open(kubeconfig: string): Promise<Credentials> {
    const version = versionOf(kubeconfig);
    const since = this.#now();
    const kept = this.#kept.get(kubeconfig);
    if (kept && kept.version === version && since - kept.since < KEPT_MS) return kept.credentials;
    const credentials = loadCredentials(kubeconfig);
    this.#kept.set(kubeconfig, { credentials, version, since });
    try {
      return await credentials;
    } catch (error) {
      this.#kept.delete(kubeconfig);
      throw error;
    }
  }

  /** Closes every connection. */
  async close(): Promise<void> {
    const all = await Promise.allSettled(this.#kept.values().map(({ credentials }) => credentials));
    await Promise.all(all.flatMap((opened) => (opened.status === 'fulfilled' ? [opened.value.close()] : [])));
  }
}

function versionOf(file: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(file);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return 'missing';
  }
}
