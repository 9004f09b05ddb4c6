import type { ConnectionStatus } from '@nightcrier/core/clusters/cluster-health';

/**
 * Whether a watch of the Kubernetes API follows the objects beside the sessions with the MCP server. What it follows, no session
 * scans; while it has failed, the sessions do.
 */
export class SupplementState {
  #state: 'starting' | 'following' | 'failed' = 'starting';
  #change = Promise.withResolvers<void>();

  /** Whether the objects are followed, or will be once they have been listed. */
  get isFollowing(): boolean {
    return this.#state === 'following';
  }

  get hasFailed(): boolean {
    return this.#state === 'failed';
  }

  /** Resolves with the next change. */
  get change(): Promise<void> {
    return this.#change.promise;
  }

  /** Takes the progress of the watch. From `subscribing` on, it lists everything. */
  progress(status: ConnectionStatus): void {
    if (status === 'subscribing') this.#move('following');
  }

  fail(): void {
    this.#move('failed');
  }

  #move(next: 'following' | 'failed'): void {
    if (this.#state === next) return;
    this.#state = next;
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}
