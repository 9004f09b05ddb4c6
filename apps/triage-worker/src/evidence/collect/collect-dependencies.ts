import type { Collection } from './collection.ts';
import { piecesOf, type EvidencePiece, type ObjectPiece } from '../evidence.ts';
import type { EvidenceReader } from '../evidence-reader.ts';
import { isKind, isWorkload } from '../kubernetes-object.ts';
import { podTrouble } from '../pod-trouble.ts';
import { builtInType } from '../resource-type.ts';
import { serviceNamesIn, speaksOfUnreachable } from './service-names.ts';

const MAX_SERVICES = 2;
const MAX_PODS = 2;

/**
 * Where a log speaks of a service that cannot be reached: that Service, the workloads behind it and their worst pods.
 * A name that is no Service is left out.
 */
export async function collectDependencies({ reader, pieces }: Collection): Promise<void> {
  const logs = piecesOf({ pieces }, 'log').filter(({ text }) => speaksOfUnreachable(text));
  const [namespace] = logs.map((log) => log.namespace);
  if (namespace === undefined) return;
  const names = new Set(logs.flatMap(({ text }) => serviceNamesIn(text, namespace)));
  for (const name of [...names].slice(0, MAX_SERVICES)) {
    const service = await reader.object('dependency', { apiVersion: 'v1', kind: 'Service', name, namespace });
    if (service.type === 'gap' && service.code === 'not_found') continue;
    pieces.push(service);
    if (service.type === 'object') pieces.push(...(await collectBehind(reader, service, namespace)));
  }
}

async function collectBehind(
  reader: EvidenceReader,
  service: ObjectPiece,
  namespace: string,
): Promise<EvidencePiece[]> {
  const labels = isKind(service.object, 'Service') ? Object.entries(service.object.spec?.selector ?? {}) : [];
  // Without a selector somebody else keeps the endpoints, and nothing can be said about what is behind.
  if (labels.length === 0) return [];
  const selector = labels.map(([key, value]) => `${key}=${value}`).join(',');
  const lists = await Promise.all([
    reader.list('dependency', builtInType('StatefulSet'), { namespace }),
    reader.list('dependency', builtInType('Deployment'), { namespace }),
    reader.list('dependency', builtInType('Pod'), { namespace, selector }),
  ]);
  return lists.flatMap((list): EvidencePiece[] => {
    if (!Array.isArray(list)) return [list];
    return list
      .filter(({ object }) => isKind(object, 'Pod') || isBehind(object, labels))
      .sort((a, b) => troubleOf(b) - troubleOf(a))
      .slice(0, MAX_PODS);
  });
}

function isBehind(object: ObjectPiece['object'], labels: [string, string | undefined][]): boolean {
  if (!isWorkload(object)) return false;
  const own = object.spec?.template?.metadata?.labels ?? {};
  return labels.every(([key, value]) => own[key] === value);
}

function troubleOf({ object }: ObjectPiece): number {
  return isKind(object, 'Pod') ? podTrouble(object) : 0;
}
