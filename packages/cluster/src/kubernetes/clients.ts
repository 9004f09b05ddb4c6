import { statSync } from 'node:fs';
import type { Kubernetes } from './client.ts';

/** Tokens and certificates that are renewed beside a kubeconfig that stays as it is are taken up within this time. */
const KEPT_MS = 60_000;

interface KeptClient {
  client: Promise<Kubernetes>;
  /** Of the file, when it was read. */
  version: string | undefined;
  /** Milliseconds since the epoch. */
  since: number;
}

/**
 * One client for each kubeconfig, shared by all who ask within a minute: under many incidents of a cluster the credential
 * plug-in runs, and connections are made, once for all of them. Connections that nobody uses end by themselves after seconds.
 */
export class KubernetesClients {
  readonly #kept = new Map<string, KeptClient>();
  readonly #now: () => number;

  /** @param now milliseconds since the epoch */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Not to be closed by who asks. A file that has changed is read anew. @throws KubernetesError `kubeconfig` */
  async open(kubeconfig: string): Promise<Kubernetes> {
    const version = versionOf(kubeconfig);
    const since = this.#now();
    const kept = this.#kept.get(kubeconfig);
    if (kept && kept.version === version && since - kept.since < KEPT_MS) return kept.client;
    const client = openLazily(kubeconfig);
    this.#kept.set(kubeconfig, { client, version, since });
    try {
      return await client;
    } catch (error) {
      this.forget(kubeconfig);
      throw error;
    }
  }

  /** The cluster did not take its credentials, or did not answer: the next one who asks gets a new client. */
  forget(kubeconfig: string): void {
    this.#kept.delete(kubeconfig);
  }
}

/** The client library takes 60 MB of memory: a process that opens no kubeconfig does not load it. */
async function openLazily(kubeconfig: string): Promise<Kubernetes> {
  const { openKubernetes } = await import('./client.ts');
  return openKubernetes(kubeconfig);
}

/** Undefined: there is no such file, which reading it will say. Looked at in place: it costs less than to wait for it. */
function versionOf(file: string): string | undefined {
  try {
    const { ino, size, mtimeMs } = statSync(file);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return undefined;
  }
}
