import { parseJson, type RequestBody } from './http-exchange.ts';
import { KubernetesObject, isRecord } from '../objects/kubernetes-object.ts';
import { mergePatch } from '../../merge-patch.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { ResourceRequest } from '../request/request-info.ts';
import { groupVersionOf } from '../objects/resource-types.ts';
import {
  alreadyExists,
  badRequest,
  methodNotAllowed,
  notFound,
  unsupportedMediaType,
} from '../request/status-error.ts';

/**
 * Carries out a write that the role of the user allows. It is enough to show what an agent with too many permissions could
 * do: there are no admission plugins, and no controllers that recreate deleted pods.
 *
 * @returns the HTTP status, and the object after the write or before the delete
 */
export function write(
  request: ResourceRequest,
  body: RequestBody,
  store: ObjectStore,
  dryRun: boolean,
): { code: number; object: KubernetesObject } {
  const { type, namespace, name, verb } = request;
  if (verb === 'create' && name === undefined) {
    const object = parseObject(request, body);
    if (store.get(type, object.metadata.namespace, object.metadata.name))
      throw alreadyExists(type, object.metadata.name);
    return { code: 201, object: dryRun ? object : store.put(object) };
  }
  if (name === undefined || request.subresource !== '') throw methodNotAllowed();
  const existing = store.get(type, namespace, name);
  if (!existing) throw notFound(type, name);
  switch (verb) {
    case 'delete':
      if (!dryRun) store.delete(type, namespace, name);
      return { code: 200, object: existing };
    case 'patch': {
      if (!/^application\/(strategic-)?merge-patch\+json/.test(body.contentType))
        throw unsupportedMediaType(body.contentType);
      const object = KubernetesObject.parse(mergePatch(existing, parseJson(body)));
      return { code: 200, object: dryRun ? object : store.put(object) };
    }
    case 'update': {
      const object = parseObject(request, body);
      return { code: 200, object: dryRun ? object : store.put(object) };
    }
    default:
      throw methodNotAllowed();
  }
}

function parseObject(request: ResourceRequest, body: RequestBody): KubernetesObject {
  if (!body.contentType.startsWith('application/json')) throw unsupportedMediaType(body.contentType);
  const object = parseJson(body);
  if (!isRecord(object)) throw badRequest('the body is not an object');
  const { type, namespace } = request;
  const parsed = KubernetesObject.parse({ ...object, apiVersion: groupVersionOf(type), kind: type.kind });
  return namespace === undefined ? parsed : { ...parsed, metadata: { ...parsed.metadata, namespace } };
}
