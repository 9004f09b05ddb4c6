import type { FaultEvent } from '@nightcrier/core/faults/fault';
import type { EvidencePiece, ObjectPiece } from '../evidence.ts';
import type { EvidenceReader } from '../evidence-reader.ts';
import { isKind, type Pod } from '../kubernetes-object.ts';

/** What collecting works on: the reader, the fault, and everything found so far, in order. */
export interface Collection {
  reader: EvidenceReader;
  fault: FaultEvent;
  pieces: EvidencePiece[];
}

/** The pod of a piece. */
export function podIn({ object }: ObjectPiece): Pod {
  return isKind(object, 'Pod') ? object : {};
}
