import { startWithoutSecrets } from '@nightcrier/core/settings/known-secrets';
/**
 * Everything that can go wrong between us and a Kubernetes API server. The list is closed.
 *
 * - `kubeconfig`: the file is missing, unreadable or incomplete; an operator has to fix it.
 * - `credentials`: the server answered 401, or the kubeconfig's credential plug-in or token file gave nothing.
 * - `unreachable`: no connection, or no trust (DNS, refused, TLS).
 * - `timeout`: connected, but no answer in time.
 * - `forbidden`, `not_found`: the server answered 403, 404.
 * - `http`: any other answer that is not a success, or one that is not what was asked for.
 */
export type KubernetesErrorCode =
  | 'kubeconfig'
  | 'credentials'
  | 'unreachable'
  | 'timeout'
  | 'forbidden'
  | 'not_found'
  | 'http';

/** A failed request to an API server, or the reason why none can be made. The message names server and cause. */
export class KubernetesError extends Error {
  override readonly name = 'KubernetesError';
  readonly code: KubernetesErrorCode;
  /** The HTTP status, where the server gave one. */
  readonly status: number | undefined;
  /** When the server is ready again by its own word, ms from then. */
  readonly retryAfter: number | undefined;

  constructor(
    code: KubernetesErrorCode,
    message: string,
    options: { status?: number | undefined; retryAfter?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.status = options.status;
    this.retryAfter = options.retryAfter;
  }
}

/**
 * Whether the error is about the cluster as a whole and may pass: the server cannot be reached or rejects the
 * credentials, so that asking for something else is no use now.
 */
export function isClusterAway(error: unknown): boolean {
  return error instanceof KubernetesError && (error.code === 'unreachable' || error.code === 'credentials');
}

/** The first line of what an error says, bounded; of a failed connection, the cause below it. */
export function reasonOf(error: unknown): string {
  const innermost = error instanceof AggregateError ? error.errors[0] : error;
  const message = innermost instanceof Error ? innermost.message : String(innermost);
  return startWithoutSecrets(message.trim().split('\n')[0] ?? '', 300) || 'no reason given';
}
