import { deployment, type KubernetesObject, node, other, pod, replicaSet } from './objects.ts';

/** What changes at one time, in seconds after the start. */
export interface Step {
  at: number;
  put?: KubernetesObject[];
  remove?: KubernetesObject[];
}

/** A fault that is wanted of a history. */
interface Wanted {
  type: string;
  severity: 'info' | 'warning' | 'critical';
  /** `Kind/name` */
  resource: string;
  container?: string | undefined;
  /** When it must have been reported, at the earliest and at the latest, s after the start. */
  from: number;
  to: number;
  /** The key of its problem. */
  problem: string;
}

export interface History {
  name: string;
  steps: Step[];
  wanted: Wanted[];
  /** Until when the cluster was watched before, s; without it, nothing is history. */
  since?: number;
  /**
   * Played by lists and watches only: nothing is pushed about it, an event-emitting server calls something of it a fault that
   * is none, or nothing of it is left when its notifications have passed.
   */
  isListed?: true;
  /** How long it goes on after the last step, s; 200 unless it says otherwise. */
  rest?: number;
}

/** The pod that most faults are about. */
export const POD = 'Pod/cart-7d4b9c8f6d-x2vbq';
const CART = 'shop/cart';

export const base = [
  deployment(),
  replicaSet(),
  node('True', -3600),
  other('v1', 'Namespace', 'shop', { namespace: '' }),
];
export const healthy = [...base, pod()];

/** A wanted fault of a container of that pod, found within 5 s after `at`. */
export const fault = (type: string, at: number, more: Partial<Wanted> = {}): Wanted => ({
  type,
  severity: 'warning',
  resource: POD,
  container: 'app',
  from: at,
  to: at + 5,
  problem: CART,
  ...more,
});
/** For faults that no container is named with. */
export const whole: Partial<Wanted> = { container: undefined };
