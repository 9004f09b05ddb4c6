import type { FaultEvent } from '@nightcrier/core/faults/fault';
import type { Evidence } from '../evidence/evidence.ts';
import type { Finding } from './diagnosis.ts';
import type { PodCase } from './pod-case.ts';

/** A sort of trouble that a single pod shows. */
export interface PodRule {
  name: string;
  /** Nothing when the pod's trouble is of another sort. */
  applies(pod: PodCase): Finding | undefined;
}

/** A sort of trouble that shows in the evidence as a whole. */
export interface Rule {
  name: string;
  /** Nothing when the trouble is of another sort. */
  applies(evidence: Evidence, fault: FaultEvent): Finding | undefined;
}
