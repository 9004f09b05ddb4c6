import type { Cause } from '@nightcrier/core/diagnosis/cause';

/** A reason of the scheduler, and for how many nodes it holds. */
export interface Reason {
  cause: Cause;
  /** Of how many nodes; undefined when it is about the pod. */
  nodes: number | undefined;
  text: string;
}

/** The filter messages of kube-scheduler (pkg/scheduler/framework/plugins). */
const REASONS: readonly { pattern: RegExp; cause: Cause }[] = [
  { pattern: /Insufficient memory/i, cause: 'insufficient_memory' },
  { pattern: /Insufficient cpu/i, cause: 'insufficient_cpu' },
  { pattern: /Insufficient ephemeral-storage/i, cause: 'insufficient_ephemeral_storage' },
  { pattern: /Insufficient (\S+\/\S+|hugepages-\S+)/i, cause: 'insufficient_device' },
  {
    pattern: /cannot allocate all claims|resource ?claim|ResourceSlice|DeviceClass/i,
    cause: 'resource_claim_unallocated',
  },
  { pattern: /non-existent (persistentvolume|pv)/i, cause: 'pv_missing' },
  { pattern: /ReadWriteOncePod/i, cause: 'volume_in_use' },
  { pattern: /no nodes available to schedule pods/i, cause: 'no_nodes' },
  { pattern: /Too many pods/i, cause: 'node_pod_limit' },
  { pattern: /persistentvolumeclaim ".*" (not found|is being deleted)/i, cause: 'pvc_not_found' },
  { pattern: /unbound immediate PersistentVolumeClaims?/i, cause: 'pvc_pending' },
  { pattern: /didn't find available persistent volumes/i, cause: 'pvc_pending' },
  {
    pattern:
      /volume node affinity conflict|exceed max volume count|unavailable due to PersistentVolume|no available (volume zone|disk)|enough free storage/i,
    cause: 'volume_node_conflict',
  },
  {
    pattern: /didn't match Pod's node affinity\/selector|didn't match node selector/i,
    cause: 'node_selector_mismatch',
  },
  { pattern: /anti-affinity/i, cause: 'pod_anti_affinity_conflict' },
  { pattern: /didn't match pod affinity/i, cause: 'pod_affinity_mismatch' },
  { pattern: /topology spread constraints/i, cause: 'topology_spread_conflict' },
  { pattern: /node\.cloudprovider\.kubernetes\.io\/uninitialized/i, cause: 'node_uninitialized' },
  { pattern: /taint(?:\(s\)|s)? \{node\.kubernetes\.io\/network-unavailable/i, cause: 'node_network_unavailable' },
  {
    pattern: /taint(?:\(s\)|s)? \{node\.kubernetes\.io\/(not-ready|unreachable)|were not ready/i,
    cause: 'node_not_ready',
  },
  { pattern: /taint(?:\(s\)|s)? \{node\.kubernetes\.io\/disk-pressure/i, cause: 'node_disk_pressure' },
  { pattern: /taint(?:\(s\)|s)? \{node\.kubernetes\.io\/pid-pressure/i, cause: 'node_pid_pressure' },
  { pattern: /taint(?:\(s\)|s)? \{node\.kubernetes\.io\/memory-pressure/i, cause: 'node_memory_pressure' },
  { pattern: /taint(?:\(s\)|s)? \{node\.kubernetes\.io\/unschedulable|were unschedulable/i, cause: 'node_cordoned' },
  { pattern: /untolerated taint|taints? .*that the pod didn't tolerate/i, cause: 'untolerated_taint' },
  { pattern: /didn't have free ports/i, cause: 'host_port_conflict' },
];

/** What the scheduler says of the nodes, apart from preemption, which repeats the counts and explains nothing. */
export function verdictOf(message: string): string {
  return message.split(/\.? (?:no new claims to deallocate|preemption:)/)[0] ?? message;
}

/** `0/4 nodes are available: 1 node(s) were unschedulable, 3 Insufficient cpu.` as reasons with counts. */
export function reasonsIn(message: string): Reason[] {
  const verdict = verdictOf(message);
  const list = verdict.replace(/^\d+\/\d+ nodes are available:?\s*/, '').replace(/\.$/, '');
  return list.split(/, (?=\d+ |pod |persistentvolumeclaim )/).flatMap((part): Reason[] => {
    const found = REASONS.find(({ pattern }) => pattern.test(part));
    const count = /^(\d+) /.exec(part)?.[1];
    return found
      ? [{ cause: found.cause, nodes: count === undefined ? undefined : Number(count), text: part.trim() }]
      : [];
  });
}
