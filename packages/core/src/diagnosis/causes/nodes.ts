import type { CauseText } from './cause-text.ts';

/** Causes that lie with a node and what runs on it. */
export const NODES = {
  kubelet_down: {
    meaning: 'The kubelet of the node does not report: it is stopped, or the machine is down or cut off.',
    decided_by: 'Ready=Unknown of the node, and its Lease.',
    remedy: 'Check the machine, then `systemctl status kubelet`.',
  },
  container_runtime_down: {
    meaning: 'The container runtime of the node does not answer.',
    decided_by: '`container runtime is down`, a refused socket of the runtime.',
    remedy: 'Restart the container runtime on the node.',
  },
  kube_proxy_down: {
    meaning: 'kube-proxy does not run on the node: Services do not work from there.',
    decided_by: 'The kube-proxy pod of the node, or failing Service addresses from one node only.',
    remedy: 'Restart kube-proxy on the node.',
  },
  node_disk_pressure: {
    meaning: 'The disk of the node is nearly full.',
    decided_by: 'DiskPressure of the node, or `low on resource: ephemeral-storage`.',
    remedy: 'Free disk space on the node, and find out what fills it.',
  },
  node_memory_pressure: {
    meaning: 'The memory of the node is nearly used up.',
    decided_by: 'MemoryPressure of the node, or `low on resource: memory`.',
    remedy: 'Find the pods that use more than they request.',
  },
  node_pid_pressure: {
    meaning: 'Too many processes run on the node.',
    decided_by: 'PIDPressure of the node, or `low on resource: pids`.',
    remedy: 'Find the pod that starts too many processes, and bound it.',
  },
  node_network_unavailable: {
    meaning: 'The network of the node is not configured.',
    decided_by: 'NetworkUnavailable of the node, or `cni plugin not initialized`.',
    remedy: 'Check the network plug-in on the node.',
  },
  cni_failed: {
    meaning: 'The network plug-in cannot set up the network of the pod.',
    decided_by: 'FailedCreatePodSandBox of the kubelet.',
    remedy: 'Check the pod of the network plug-in on the node.',
  },
  pod_ips_exhausted: {
    meaning: 'The node or subnet has no free address for the pod.',
    decided_by: '`no IP addresses available` or `failed to assign an IP address` in FailedCreatePodSandBox.',
    remedy: 'Enlarge the address range, or free addresses.',
  },
  node_not_ready: {
    meaning: 'The node is not ready.',
    decided_by: 'The message of the Ready condition, quoted.',
    remedy: 'Correct what the condition names.',
  },
  node_network_slow: {
    meaning: 'Many workloads of one node have become slow at the same time.',
    decided_by: 'Latency alerts of workloads that share a node and have nothing else in common.',
    remedy: 'Check the network of the node.',
  },
  node_packet_loss: {
    meaning: 'The node loses packets.',
    decided_by: 'Alerts about lost packets or a drop of the traffic of a node.',
    remedy: 'Check the network of the node.',
  },
  sandbox_image_failed: {
    meaning: 'The node cannot pull the sandbox (pause) image.',
    decided_by: '`failed to get sandbox image` in FailedCreatePodSandBox.',
    remedy: 'Check the access of the node to the registry of the sandbox image, or configure a mirror.',
  },
  gpu_driver_failed: {
    meaning: 'The GPU driver or its container hook does not work on the node.',
    decided_by: '`nvidia-container-cli` in the message of the container runtime.',
    remedy: 'Check driver and container toolkit of the node.',
  },
  node_shutdown: {
    meaning: 'The node shuts down and ends its pods.',
    decided_by: '`node is shutting down`, `imminent node shutdown`.',
    remedy: 'Nothing, if the pods run elsewhere; otherwise add capacity.',
  },
} as const satisfies Record<string, CauseText>;
