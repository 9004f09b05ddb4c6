import type { ServerResponse } from 'node:http';
import type { KubernetesObject } from '../objects/kubernetes-object.ts';
import type { Change, ObjectStore } from '../objects/object-store.ts';
import { isTrue, type ResourceRequest } from '../request/request-info.ts';
import { groupVersionOf } from '../objects/resource-types.ts';
import { requestSelector } from '../request/selectors.ts';
import { expired } from '../request/status-error.ts';

/**
 * Streams the changes of a resource, one JSON object a line, until the client leaves or `timeoutSeconds` are over.
 * Without a resourceVersion (or with 0) it begins with the objects that exist; with `sendInitialEvents` it marks where
 * they end, as client-go's streaming lists expect.
 */
export function streamWatch(
  response: ServerResponse,
  request: ResourceRequest,
  query: URLSearchParams,
  store: ObjectStore,
  present: (object: KubernetesObject) => object,
): void {
  const selects = requestSelector(query, request.type);
  const wanted = (object: KubernetesObject): boolean =>
    (request.namespace === undefined || object.metadata.namespace === request.namespace) &&
    (request.name === undefined || object.metadata.name === request.name) &&
    selects(object);
  const write = (type: string, object: object): void => {
    // It may have been ended, and not be closed yet.
    if (!response.writableEnded) response.write(`${JSON.stringify({ type, object })}\n`);
  };

  const send = (change: Change): void => {
    if (change.resourceType === request.type && wanted(change.object)) write(change.type, present(change.object));
  };

  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  response.flushHeaders();

  const initial = isTrue(query.get('sendInitialEvents'));
  const since = Number(query.get('resourceVersion') ?? 0);
  if (initial || since === 0) {
    for (const object of store.list(request.type, request.namespace)) {
      if (wanted(object)) write('ADDED', present(object));
    }
    if (initial && isTrue(query.get('allowWatchBookmarks'))) write('BOOKMARK', initialEventsEnd(request, store));
  } else {
    const missed = store.changesSince(since);
    if (!missed) {
      write('ERROR', expired(since, store.resourceVersion).status);
      response.end();
      return;
    }
    for (const change of missed) send(change);
  }

  const unwatch = store.watch(send);
  const seconds = Number(query.get('timeoutSeconds') ?? 0);
  const timer = seconds > 0 ? setTimeout(() => response.end(), seconds * 1000) : undefined;
  response.once('close', () => {
    unwatch();
    clearTimeout(timer);
  });
}

function initialEventsEnd(request: ResourceRequest, store: ObjectStore): object {
  return {
    kind: request.type.kind,
    apiVersion: groupVersionOf(request.type),
    metadata: {
      resourceVersion: String(store.resourceVersion),
      annotations: { 'k8s.io/initial-events-end': 'true' },
    },
  };
}
