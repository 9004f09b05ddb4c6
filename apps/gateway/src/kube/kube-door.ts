import type { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import type { DoorEntry } from '@nightcrier/core/gateway/door-entry';
import type { Logger } from '@nightcrier/core/logger';
import { KubernetesError, reasonOf } from '@nightcrier/cluster/kubernetes/kubernetes-error';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Audit } from '../doors/audit.ts';
import { type Caller, type Callers, tokenOf } from '../doors/caller.ts';
import type { Listener } from '../doors/listener.ts';
import { classify } from './classify.ts';
import type { AllowedRequest } from './kube-request.ts';
import { relay, type Relayed, UpstreamFailure } from './relay.ts';
import { readReview } from './review-body.ts';
import { statusBody } from './status.ts';
import type { Upstreams } from './upstreams.ts';

export interface KubeDoorOptions {
  callers: Callers;
  audit: Audit;
  upstreams: Upstreams;
  /** Returns the cluster of that name in the present configuration. */
  clusterOf: (name: string) => ClusterConfig | undefined;
  logger: Logger;
}

/** An answer that does not come from the API server. */
interface Answer {
  status: number;
  decision: DoorEntry['decision'];
  reason: string;
}

/** The entry point to the Kubernetes API: reads only, as the user of the cluster's kubeconfig, for the holder of a grant. */
export class KubeDoor {
  readonly #options: KubeDoorOptions;

  constructor(options: KubeDoorOptions) {
    this.#options = options;
  }

  /** Handles one request to its end. Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse, listener: Listener): Promise<void> {
    const arrived = performance.now();
    const time = new Date().toISOString();
    const token = tokenOf(request.headers);
    let entrance;
    try {
      entrance = await this.#options.callers.enter(token, listener.socket);
    } catch (error) {
      this.#options.logger.warn({ error }, 'grant not looked up');
      return send(response, 503, 'the gateway cannot check the token: Redis is unreachable; try again');
    }
    if (entrance.kind === 'unknown') {
      const { reason } = entrance;
      const { method: verb = '', url: target = '' } = request;
      this.#options.audit.addUnknown(listener, token, { time, door: 'kube', verb, target, reason });
      return send(response, 401, reason);
    }
    if (entrance.kind === 'throttled') {
      response.setHeader('retry-after', '1');
      return send(response, 429, entrance.reason);
    }
    const { caller } = entrance;
    const entry = (result: Relayed | Answer, verb: string, bytes = 0): void => {
      const { status } = result;
      const shown =
        'reason' in result ? { decision: result.decision, reason: result.reason } : { decision: 'allowed' as const };
      const ms = Math.round((performance.now() - arrived) * 10) / 10;
      const target = request.url ?? '';
      this.#options.audit.add(caller.grant, { time, door: 'kube', verb, target, status, bytes, ms, ...shown });
    };
    if (entrance.kind === 'busy') {
      const answer: Answer = { status: 429, decision: 'denied', reason: 'too many requests of this run at once' };
      response.setHeader('retry-after', '1');
      entry(answer, request.method ?? '');
      return send(response, answer.status, answer.reason);
    }
    try {
      const { verb, result } = await this.#answer(request, response, caller);
      if ('reason' in result) send(response, result.status, messageOf(result, caller));
      entry(result, verb, 'bytes' in result ? result.bytes : 0);
      if ('sample' in result && result.sample) this.#options.audit.addAnswer(caller.grant, result.sample);
    } catch (error) {
      const result = failureOf(error, caller);
      if (response.headersSent) response.destroy();
      else send(response, result.status, result.reason);
      entry(result, request.method ?? '');
    } finally {
      entrance.leave();
    }
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    caller: Caller,
  ): Promise<{ verb: string; result: Relayed | Answer }> {
    const cluster = this.#options.clusterOf(caller.grant.cluster);
    const { enabled = false, kubeconfig, allow_secrets_access: allowSecrets = false } = cluster?.triage ?? {};
    const { method = '', url: target = '', rawHeaders } = request;
    const denied = (reason: string): { verb: string; result: Answer } => ({
      verb: method,
      result: { status: 403, decision: 'denied', reason },
    });
    if (!enabled || kubeconfig === undefined)
      return denied(`triage of the cluster ${caller.grant.cluster} is not enabled`);
    const decision = classify({ method, target, rawHeaders, allowSecrets });
    if (!decision.allow) return denied(decision.reason);
    const allowed: AllowedRequest = decision.request;
    const body = allowed.review ? await readReview(request, allowed.review) : undefined;
    if (body && 'problem' in body) return denied(body.problem);
    const upstream = await this.#options.upstreams.open(kubeconfig);
    const { accept, 'if-none-match': etag } = request.headers;
    const result = await relay({ allowed, body, accept, etag, upstream, allowSecrets, caller, response });
    if (result.status === 401) this.#options.upstreams.forget(kubeconfig);
    return { verb: allowed.kind, result };
  }
}

function messageOf({ decision, reason }: Answer, { grant }: Caller): string {
  return decision === 'denied' ? `nightcrier allows agents only to read ${grant.cluster}: ${reason}` : reason;
}

function failureOf(error: unknown, caller: Caller): Answer {
  if (caller.signal.aborted) return { status: 401, decision: 'failed', reason: reasonOf(caller.signal.reason) };
  if (error instanceof UpstreamFailure) return { status: error.status, decision: 'failed', reason: error.message };
  const status = error instanceof KubernetesError ? 503 : 502;
  return { status, decision: 'failed', reason: reasonOf(error) };
}

function send(response: ServerResponse, status: number, message: string): void {
  // The body of a denied request is not read; the connection cannot be used again.
  response
    .writeHead(status, { 'content-type': 'application/json', connection: 'close' })
    .end(statusBody(status, message));
}
