import type { CauseText } from './cause-text.ts';

/** Causes for which the API server or the kubelet refuses an object. */
export const ADMISSION = {
  quota_cpu: {
    meaning: 'A ResourceQuota for CPU is used up.',
    decided_by: '`exceeded quota` with requests.cpu or limits.cpu, and the ResourceQuota.',
    remedy: 'Raise the quota, free CPU in the namespace, or request less.',
  },
  quota_memory: {
    meaning: 'A ResourceQuota for memory is used up.',
    decided_by: '`exceeded quota` with requests.memory or limits.memory, and the ResourceQuota.',
    remedy: 'Raise the quota, free memory in the namespace, or request less.',
  },
  quota_pods: {
    meaning: 'A ResourceQuota for the number of pods is used up.',
    decided_by: '`exceeded quota` with pods, and the ResourceQuota.',
    remedy: 'Raise the quota, or run fewer pods.',
  },
  quota_services: {
    meaning: 'A ResourceQuota for the number of Services is used up, and a Service is missing.',
    decided_by: '`exceeded quota` with services, or a full quota and a name that is no Service.',
    remedy: 'Raise the quota, or delete Services that are not needed.',
  },
  quota_storage: {
    meaning: 'A ResourceQuota for storage or claims is used up.',
    decided_by: '`exceeded quota` with requests.storage or persistentvolumeclaims, and the ResourceQuota.',
    remedy: 'Raise the quota, or delete claims that are not needed.',
  },
  quota_objects: {
    meaning: 'A ResourceQuota for another kind of object is used up.',
    decided_by: '`exceeded quota` with the resource that the message names.',
    remedy: 'Raise the quota, or delete objects that are not needed.',
  },
  quota_requires_resources: {
    meaning: 'A ResourceQuota demands requests or limits that the pods do not have.',
    decided_by: '`must specify` in the refusal.',
    remedy: 'Give the containers requests and limits, or the namespace a LimitRange with defaults.',
  },
  limit_range: {
    meaning: 'Requests or limits of the pods are outside of the LimitRange of the namespace.',
    decided_by: '`maximum … usage per` or `minimum … usage per` in the refusal.',
    remedy: 'Keep within the LimitRange, or change it.',
  },
  pod_security: {
    meaning: 'The pods violate the Pod Security level of the namespace.',
    decided_by: '`violates PodSecurity` in the refusal.',
    remedy: 'Change the securityContext as the message says, or the level of the namespace.',
  },
  service_account_missing: {
    meaning: 'The service account of the pods does not exist.',
    decided_by: '`error looking up service account` in the refusal.',
    remedy: 'Create the service account, or correct serviceAccountName.',
  },
  priority_class_missing: {
    meaning: 'The PriorityClass of the pods does not exist.',
    decided_by: '`no PriorityClass with name` in the refusal.',
    remedy: 'Create the PriorityClass, or correct priorityClassName.',
  },
  webhook_denied: {
    meaning: 'An admission webhook or policy refuses the pods.',
    decided_by: '`admission webhook … denied the request` in the refusal.',
    remedy: 'Change the pods as the policy demands, or the policy.',
  },
  webhook_unreachable: {
    meaning: 'An admission webhook cannot be called, and its failurePolicy is Fail.',
    decided_by: '`failed calling webhook` in the refusal.',
    remedy: 'Repair the service behind the webhook, or remove its configuration.',
  },
  pod_spec_invalid: {
    meaning: 'The API server refuses the pods because their template is not valid.',
    decided_by: '`is invalid` in the refusal.',
    remedy: 'Correct the field that the message names.',
  },
  pod_forbidden: {
    meaning: 'The API server refuses the pods for a reason that no rule knows.',
    decided_by: 'The refusal, quoted.',
    remedy: 'Correct what the message names.',
  },
  node_rejected_pod: {
    meaning: 'The kubelet of the node refuses the pod: device, sysctl, resources or node affinity.',
    decided_by: 'status.reason of the failed pod, such as UnexpectedAdmissionError or SysctlForbidden.',
    remedy: 'Correct what the message names, on the node or in the pod.',
  },
  runtime_class_missing: {
    meaning: 'The RuntimeClass of the pods does not exist, or the node has no such runtime.',
    decided_by: '`RuntimeClass "..." not found`, `no runtime for "..." is configured`.',
    remedy: 'Create the RuntimeClass, install the runtime on the nodes, or correct runtimeClassName.',
  },
  namespace_terminating: {
    meaning: 'The namespace is being deleted, so nothing can be created in it.',
    decided_by: '`because it is being terminated` in the refusal.',
    remedy: 'Deploy to another namespace, or wait until the deletion is complete and create the namespace anew.',
  },
  pod_preempted: {
    meaning: 'The pod was ended to make room for one of higher priority.',
    decided_by: 'Preempting, PreemptionByScheduler, or `Preempted` in the events of the pod.',
    remedy: 'Add capacity, or give the pod a PriorityClass that fits its importance.',
  },
} as const satisfies Record<string, CauseText>;
