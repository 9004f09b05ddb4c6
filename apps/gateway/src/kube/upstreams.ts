import { type Authorization, type Credentials, loadCredentials } from '@nightcrier/cluster/kubernetes/credentials';
import { statSync } from 'node:fs';

/** Certificates that are renewed beside a kubeconfig that stays as it is are used within this time. */
const KEPT_MS = 60_000;
/** A token that a file or a program renews is used within this time. To ask for it with each request takes longer than the request. */
const AUTHORIZED_MS = 5_000;

interface Kept {
  credentials: Promise<Credentials>;
  version: string;
  since: number;
  authorization?: Promise<Authorization> | undefined;
  authorizedSince: number;
}

/** An API server, and what a request to it needs. */
export interface Upstream extends Authorization {
  server: URL;
}

/** The credentials of each cluster's kubeconfig, read again when the file changes, and every minute. */
export class Upstreams {
  readonly #kept = new Map<string, Kept>();
  readonly #now: () => number;

  /** @param now milliseconds of a clock that never runs backwards */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** @throws KubernetesError `kubeconfig` or `credentials` */
  async open(kubeconfig: string): Promise<Upstream> {
    const kept = this.#entryOf(kubeconfig);
    try {
      const credentials = await kept.credentials;
      const now = this.#now();
      if (!kept.authorization || now - kept.authorizedSince >= AUTHORIZED_MS) {
        kept.authorization = credentials.authorize();
        kept.authorizedSince = now;
      }
      return { server: credentials.server, ...(await kept.authorization) };
    } catch (error) {
      this.forget(kubeconfig);
      throw error;
    }
  }

  /** The API server did not take the credentials: the next request gets new ones. */
  forget(kubeconfig: string): void {
    this.#kept.delete(kubeconfig);
  }

  /** Closes every connection. */
  async close(): Promise<void> {
    const all = await Promise.allSettled(this.#kept.values().map(({ credentials }) => credentials));
    await Promise.all(all.flatMap((opened) => (opened.status === 'fulfilled' ? [opened.value.close()] : [])));
  }

  #entryOf(kubeconfig: string): Kept {
    const version = versionOf(kubeconfig);
    const since = this.#now();
    const known = this.#kept.get(kubeconfig);
    if (known && known.version === version && since - known.since < KEPT_MS) return known;
    const kept: Kept = { credentials: loadCredentials(kubeconfig), version, since, authorizedSince: 0 };
    this.#kept.set(kubeconfig, kept);
    return kept;
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
