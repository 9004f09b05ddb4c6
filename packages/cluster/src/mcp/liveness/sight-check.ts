import type { ClusterSight } from '../../sight/cluster-sight.ts';
import { ConnectionError, endsSession, rootMessage } from '../session/connection-error.ts';
import type { McpSession } from '../session/session.ts';
import { LIST_RESOURCES_TOOL } from '../session/tools.ts';
import type { Liveness } from './probe-times.ts';
import { proveSight } from './proof.ts';
import type { PushCheck } from './push-check.ts';

export interface SightCheckOptions {
  session: McpSession;
  endpoint: string;
  liveness: Liveness;
  sight: ClusterSight;
  /** Missing: nothing shows whether the server pushes. */
  push?: PushCheck | undefined;
  /** The server lists Events that it does not push. @param lastProvenAt ms of the steady clock */
  onSilent?: (lastProvenAt: number) => void;
  /** The server pushes again. */
  onPushing?: () => void;
}

const NO_LIST_TOOL = 'the MCP server has no tool resources_list: nothing proves that it sees the cluster';

/**
 * Proves at an interval that the faults of a cluster would be seen through a session: that it can be listed with the same server
 * and credentials, and that the server pushes the Events that it lists.
 */
export class SightCheck {
  readonly #options: SightCheckOptions;
  #failures = 0;
  #isSilent = false;

  constructor(options: SightCheckOptions) {
    this.#options = options;
  }

  /** Whether it compares what is listed with what is pushed; the first list is what later ones are compared with. */
  get listsEvents(): boolean {
    return this.#options.push !== undefined;
  }

  /** When {@link followPush} is to be called although no interval is over, ms of the steady clock. */
  get dueAt(): number {
    return this.#options.push?.dueAt ?? Infinity;
  }

  /**
   * Checks once.
   * @returns whether the cluster could be listed; if not, it is degraded, and to be checked again soon
   * @throws ConnectionError when the session is over, the credentials are rejected, or the last proof is too old
   */
  async run(): Promise<boolean> {
    const { session, endpoint, liveness, sight } = this.#options;
    try {
      if (!session.tools.has(LIST_RESOURCES_TOOL)) {
        sight.degrade('unproven', NO_LIST_TOOL);
      } else if (await this.#listEvents()) {
        sight.recover('unproven');
      } else {
        const proof = await proveSight(session, endpoint, liveness.proveTimeout);
        if (proof.kind === 'proven') sight.recover('unproven');
        else sight.degrade('unproven', proof.reason);
      }
      sight.prove();
      this.#failures = 0;
      return true;
    } catch (error) {
      this.#failures += 1;
      const isRefused = error instanceof ConnectionError && error.code === 'api_unauthorized' && this.#failures > 1;
      const isTooOld = sight.proofAge + liveness.retry + liveness.proveTimeout > liveness.proof;
      if (endsSession(error) || isRefused || isTooOld) throw error;
      sight.degrade('proof', `the cluster cannot be listed: ${rootMessage(error)}`);
      return false;
    }
  }

  /** Decides about what was listed before. */
  followPush(): void {
    const { push, onSilent, onPushing, sight } = this.#options;
    const verdict = push?.verdict();
    if (!verdict || verdict.kind === 'unproven' || (verdict.kind === 'silent') === this.#isSilent) return;
    this.#isSilent = verdict.kind === 'silent';
    if (verdict.kind === 'silent') {
      sight.degrade('push', `push is silent: the server lists Warning Events that it does not push (${verdict.about})`);
      onSilent?.(verdict.lastProvenAt);
    } else {
      sight.recover('push');
      onPushing?.();
    }
  }

  /** @returns whether the Events were listed, which is a proof */
  async #listEvents(): Promise<boolean> {
    const { push, sight } = this.#options;
    if (!push?.isListDue) return false;
    try {
      await push.list();
      sight.readKind('events', 'mcp');
      this.followPush();
      return true;
    } catch (error) {
      if (!isAboutEvents(error)) throw error;
      sight.loseKind('events', 'mcp', rootMessage(error));
      return false;
    }
  }
}

/** Whether other kinds may be listed although Events cannot. */
function isAboutEvents(error: unknown): boolean {
  return (
    error instanceof ConnectionError && ['api_forbidden', 'tool_failed', 'timeout', 'too_big'].includes(error.code)
  );
}
