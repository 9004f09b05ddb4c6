import type { CauseText } from './cause-text.ts';

/** Causes for which no node takes a pod. */
export const SCHEDULING = {
  insufficient_cpu: {
    meaning: 'The pod requests more CPU than any node that it may use has free.',
    decided_by: '`Insufficient cpu` in the scheduler message, compared with requests and allocatable of the nodes.',
    remedy: 'Lower the CPU request to what the pod uses, or add a node.',
  },
  insufficient_memory: {
    meaning: 'The pod requests more memory than any node that it may use has free.',
    decided_by: '`Insufficient memory` in the scheduler message, compared with requests and allocatable of the nodes.',
    remedy: 'Lower the memory request to what the pod uses, or add a node.',
  },
  insufficient_ephemeral_storage: {
    meaning: 'The pod requests more ephemeral storage than the nodes have free.',
    decided_by: '`Insufficient ephemeral-storage` in the scheduler message.',
    remedy: 'Lower the ephemeral-storage request, or add a node with a larger disk.',
  },
  insufficient_device: {
    meaning: 'No node has a free device of the extended resource that the pod requests, such as a GPU.',
    decided_by: '`Insufficient <vendor>/<resource>` in the scheduler message.',
    remedy: 'Add a node with the device, or check that its device plug-in runs.',
  },
  node_pod_limit: {
    meaning: 'The nodes run as many pods as their kubelets allow.',
    decided_by: '`Too many pods` in the scheduler message.',
    remedy: 'Add nodes, or raise maxPods of the kubelets.',
  },
  node_selector_mismatch: {
    meaning: 'No node has the labels of the nodeSelector of the pod.',
    decided_by: 'spec.nodeSelector of the pod compared with the labels of the nodes.',
    remedy: 'Correct the nodeSelector, or label a node.',
  },
  node_affinity_mismatch: {
    meaning: 'No node meets the required node affinity of the pod.',
    decided_by:
      'requiredDuringSchedulingIgnoredDuringExecution of the node affinity, compared with the labels of the nodes.',
    remedy: 'Correct the node affinity, or label a node.',
  },
  pod_anti_affinity_conflict: {
    meaning: 'Required pod anti-affinity leaves no node: each one runs a pod that must not be beside this one.',
    decided_by: '`pod anti-affinity rules` in the scheduler message.',
    remedy: 'Run fewer replicas than nodes, add nodes, or make the anti-affinity preferred.',
  },
  pod_affinity_mismatch: {
    meaning: 'No node runs a pod that the required pod affinity asks for.',
    decided_by: '`pod affinity rules` in the scheduler message.',
    remedy: 'Start the pod that it wants beside it, or correct the pod affinity.',
  },
  topology_spread_conflict: {
    meaning: 'Topology spread constraints leave no node.',
    decided_by: '`topology spread constraints` in the scheduler message.',
    remedy: 'Relax maxSkew or whenUnsatisfiable, or add nodes in the missing zones.',
  },
  untolerated_taint: {
    meaning: 'The nodes that the pod could use have a taint that it does not tolerate.',
    decided_by: '`untolerated taint` in the scheduler message, compared with the taints of the nodes.',
    remedy: 'Remove the taint, or give the pod a toleration.',
  },
  node_cordoned: {
    meaning: 'The node that the pod could use is cordoned.',
    decided_by: 'spec.unschedulable of the nodes that meet everything else the pod asks for.',
    remedy: 'Uncordon the node.',
  },
  host_port_conflict: {
    meaning: 'The host port that the pod asks for is taken on each node.',
    decided_by: "`didn't have free ports` in the scheduler message.",
    remedy: 'Drop hostPort, or run fewer such pods than nodes.',
  },
  volume_node_conflict: {
    meaning: 'The volume of the pod can only be used on nodes where the pod cannot run.',
    decided_by: '`volume node affinity conflict` or `max volume count` in the scheduler message.',
    remedy: 'Let the pod run where the volume is, or create the volume anew.',
  },
  scheduling_gated: {
    meaning: 'The pod has scheduling gates that nothing has removed.',
    decided_by: 'PodScheduled=False with reason SchedulingGated.',
    remedy: 'Find the controller that should remove the gate.',
  },
  scheduler_down: {
    meaning: 'No scheduler handles the pod: it has no node, and no scheduler has reported about it.',
    decided_by: 'A pod that has been Pending without PodScheduled condition and without FailedScheduling event.',
    remedy: 'Start kube-scheduler, or correct spec.schedulerName.',
  },
  scheduling_failed: {
    meaning: 'No node takes the pod, for more than one reason or for a reason that no rule knows.',
    decided_by: 'The scheduler message, quoted.',
    remedy: 'Compare what the pod asks for with the nodes.',
  },
  no_nodes: {
    meaning: 'The cluster has no nodes.',
    decided_by: '`no nodes available to schedule pods`, and the list of nodes.',
    remedy: 'Check the node groups of the cluster and why their machines do not join.',
  },
  node_uninitialized: {
    meaning: 'The nodes are not initialised: their cloud controller manager has not handled them.',
    decided_by: 'The taint node.cloudprovider.kubernetes.io/uninitialized.',
    remedy: 'Check that the cloud controller manager runs and may call its cloud.',
  },
  resource_claim_unallocated: {
    meaning: 'A ResourceClaim of the pod cannot be allocated, or does not exist.',
    decided_by: '`cannot allocate all claims`, `resourceclaim` in the scheduler message.',
    remedy: 'Check the ResourceClaim, its DeviceClass, and the driver that publishes ResourceSlices.',
  },
} as const satisfies Record<string, CauseText>;
