import type { FaultEvent } from '@nightcrier/core/faults/fault';
import type { KubernetesObject } from '@nightcrier/simulator/kubernetes/objects/kubernetes-object';
import type { Alert } from '../src/evidence/evidence.ts';

/** What a cluster shows at one time: all that the product gets to see of a case. */
export interface ClusterState {
  takenAt: Date;
  objects: KubernetesObject[];
  /** By uid of the pod and name of the container. */
  logs: { uid: string; container: string; current?: string | undefined; previous?: string | undefined }[];
  alerts: Alert[];
  /** The fault as a server reports it, where a case has one; else detection finds it. */
  fault?: FaultEvent;
}

/** What is really wrong: only the score reads it. */
export interface Truth {
  /** The cause as the data calls it. */
  cause: string;
  /** Accepts the answer; `undefined`: the cause and the culprit decide. */
  right?: RegExp[];
  misleading?: RegExp[];
  culprit?: { kind: 'app' | 'node' | 'namespace'; name: string };
}

/** One case of a directory. */
export interface EvalCase {
  id: string;
  system: string;
  /** An odd or even number: the half of the data for cross-validation. */
  half: 'a' | 'b';
  state: ClusterState;
  truth: Truth;
}
