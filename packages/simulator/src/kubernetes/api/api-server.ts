import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { discoveryDocument } from './discovery.ts';
import {
  parseJson,
  readBody,
  sendDocument,
  sendFailure,
  sendJson,
  sendText,
  type RequestBody,
} from './http-exchange.ts';
import type { KubernetesObject } from '../objects/kubernetes-object.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { PodLogs } from './pod-log.ts';
import { decodeReview } from './protobuf.ts';
import { parseResourceRequest, type ResourceRequest } from '../request/request-info.ts';
import { groupVersionOf } from '../objects/resource-types.ts';
import { answerReview } from '../access/self-review.ts';
import { requestSelector } from '../request/selectors.ts';
import { methodNotAllowed, notFound } from '../request/status-error.ts';
import { tableOf, wantsTable } from '../tables/table.ts';
import { authorize, type User, type Users } from '../access/users.ts';
import { streamWatch } from './watch.ts';
import { write } from './writes.ts';

/** A request that the Kubernetes API answered, for tests that prove what was read and that nothing was written. */
export interface RecordedRequest {
  method: string;
  /** Path with its query. */
  path: string;
  /** Empty when the credentials were not known. */
  user: string;
}

/** Requests remembered; older ones are forgotten. */
const REMEMBERED_REQUESTS = 2000;

/**
 * The Kubernetes API of a simulated cluster over its {@link ObjectStore}: discovery, GET, LIST, WATCH, tables, logs,
 * self-reviews, and what few writes a role allows. Each request goes authenticate → parse → authorize → answer.
 */
export class ApiServer {
  readonly #store: ObjectStore;
  readonly #logs: PodLogs;
  readonly #users: Users;
  readonly #watches = new Set<ServerResponse>();
  readonly requests: RecordedRequest[] = [];

  constructor(store: ObjectStore, logs: PodLogs, users: Users) {
    this.#store = store;
    this.#logs = logs;
    this.#users = users;
  }

  /** The listener for the HTTP server. Every failure is answered with a Status. */
  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    this.#answer(request, response).catch((failure: unknown) => sendFailure(response, failure));
  };

  /** Ends all watches, as a restart of the API server or a proxy does. */
  cutWatches(): void {
    for (const response of this.#watches) response.end();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? 'GET';
    const url = new URL(request.url ?? '/', 'http://kubernetes');
    const record = { method, path: url.pathname + url.search, user: '' };
    this.requests.push(record);
    if (this.requests.length > REMEMBERED_REQUESTS) this.requests.shift();

    const user = this.#users.authenticate(request.headers.authorization);
    record.user = user.name;
    const body = await readBody(request);
    const document = discoveryDocument(url.pathname);
    if (document !== undefined) {
      if (method !== 'GET' && method !== 'HEAD') throw methodNotAllowed();
      sendDocument(response, document);
      return;
    }
    const asked = parseResourceRequest(method, url);
    authorize(user, asked);
    if (asked.subresource === 'token' && asked.verb === 'create') this.#sendToken(asked, response);
    else if (asked.type.virtual) sendReview(response, asked, body, user);
    else this.#answerResource(asked, url.searchParams, request.headers.accept, body, response);
  }

  #sendToken({ type, namespace = '', name = '' }: ResourceRequest, response: ServerResponse): void {
    const token = this.#users.issue(`${namespace}/${name}`);
    if (token === undefined) throw notFound(type, name);
    const expirationTimestamp = `${new Date(Date.now() + 3_600_000).toISOString().slice(0, 19)}Z`;
    const status = { token, expirationTimestamp };
    const metadata = { name, namespace, creationTimestamp: null };
    sendJson(response, 201, { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', metadata, status });
  }

  #answerResource(
    request: ResourceRequest,
    query: URLSearchParams,
    accept: string | undefined,
    body: RequestBody,
    response: ServerResponse,
  ): void {
    const { type, namespace, name, subresource } = request;
    switch (request.verb) {
      case 'watch':
        this.#watches.add(response);
        response.once('close', () => this.#watches.delete(response));
        streamWatch(response, request, query, this.#store, (object) =>
          wantsTable(accept) ? this.#table(request, [object], query) : object,
        );
        return;
      case 'list': {
        const selects = requestSelector(query, type);
        const items = this.#store.list(type, namespace).filter((object) => selects(object));
        sendJson(
          response,
          200,
          wantsTable(accept) ? this.#table(request, items, query) : this.#listOf(request, items, query),
        );
        return;
      }
      case 'get': {
        const object = this.#store.get(type, namespace, name ?? '');
        if (!object) throw notFound(type, name ?? '');
        if (subresource === 'log') sendText(response, this.#logs.read(object, query));
        else if (subresource !== '' && subresource !== 'status') throw notFound(type, `${name}/${subresource}`);
        else sendJson(response, 200, wantsTable(accept) ? this.#table(request, [object], query) : object);
        return;
      }
      default: {
        const { code, object } = write(request, body, this.#store, query.get('dryRun') === 'All');
        sendJson(response, code, wantsTable(accept) ? this.#table(request, [object], query) : object);
      }
    }
  }

  /** One page of a list; `continue` is simply the number of objects already sent. */
  #listOf(request: ResourceRequest, items: readonly KubernetesObject[], query: URLSearchParams): object {
    const from = Number(query.get('continue') ?? 0);
    const limit = Number(query.get('limit') ?? 0) || items.length;
    const left = items.length - from - limit;
    return {
      kind: `${request.type.kind}List`,
      apiVersion: groupVersionOf(request.type),
      metadata: {
        resourceVersion: String(this.#store.resourceVersion),
        ...(left > 0 && { continue: String(from + limit), remainingItemCount: left }),
      },
      items: items.slice(from, from + limit),
    };
  }

  #table(request: ResourceRequest, objects: readonly KubernetesObject[], query: URLSearchParams): object {
    const metadata = { resourceVersion: String(this.#store.resourceVersion) };
    return tableOf(request.type.kind, objects, metadata, query.get('includeObject'), new Date());
  }
}

function sendReview(response: ServerResponse, request: ResourceRequest, body: RequestBody, user: User): void {
  if (request.verb !== 'create') throw methodNotAllowed();
  const spec = body.contentType.includes('protobuf')
    ? decodeReview(body.bytes).spec
    : z.object({ spec: z.unknown() }).parse(parseJson(body)).spec;
  sendJson(response, 201, answerReview(request.type.kind, spec ?? {}, user));
}
