import { isRecord, type KubernetesObject } from './kubernetes/objects/kubernetes-object.ts';

type Fields = Record<string, unknown>;

const NODE_IPS: Record<string, string> = { 'node-1': '172.18.0.2', 'node-2': '172.18.0.3', 'node-3': '172.18.0.4' };

/**
 * Adds what the API server, its admission plugins and the kubelet would add to an object, so that scenarios contain only
 * what is specific to them.
 */
export function withDefaults(object: KubernetesObject): KubernetesObject {
  switch (object.kind) {
    case 'Pod':
      return { ...object, spec: podSpec(fieldsOf(object['spec']), object.metadata.name), status: podStatus(object) };
    case 'Deployment':
    case 'ReplicaSet':
    case 'DaemonSet':
    case 'Job':
      return withTemplate(object);
    case 'Namespace':
      return {
        ...object,
        metadata: {
          ...object.metadata,
          labels: { 'kubernetes.io/metadata.name': object.metadata.name, ...object.metadata.labels },
        },
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      };
    default:
      return object;
  }
}

function withTemplate(object: KubernetesObject): KubernetesObject {
  const spec = fieldsOf(object['spec']);
  const template = fieldsOf(spec['template']);
  return {
    ...object,
    metadata: { generation: 1, ...object.metadata },
    spec: { ...spec, template: { ...template, spec: templateSpec(fieldsOf(template['spec'])) } },
  };
}

/** Adds the defaults of a pod spec, in a pod or a pod template. */
function templateSpec(spec: Fields): Fields {
  return {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
    ...spec,
    containers: recordsOf(spec['containers']).map(container),
  };
}

function container(spec: Fields): Fields {
  return {
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'IfNotPresent',
    ...spec,
  };
}

function podSpec(spec: Fields, podName: string): Fields {
  const token = `kube-api-access-${podName.slice(-5)}`;
  const mount = { name: token, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' };
  const defaults = templateSpec(spec);
  return {
    serviceAccountName: 'default',
    serviceAccount: 'default',
    enableServiceLinks: true,
    preemptionPolicy: 'PreemptLowerPriority',
    priority: 0,
    tolerations: ['not-ready', 'unreachable'].map((key) => ({
      key: `node.kubernetes.io/${key}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 300,
    })),
    ...defaults,
    containers: recordsOf(defaults['containers']).map((entry) => ({
      ...entry,
      volumeMounts: [...recordsOf(entry['volumeMounts']), mount],
    })),
    volumes: [...recordsOf(spec['volumes']), tokenVolume(token)],
  };
}

function tokenVolume(name: string): Fields {
  return {
    name,
    projected: {
      defaultMode: 420,
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
    },
  };
}

function podStatus(object: KubernetesObject): Fields {
  const status = fieldsOf(object['status']);
  const hostIP = NODE_IPS[String(fieldsOf(object['spec'])['nodeName'])];
  const podIP = status['podIP'];
  return {
    qosClass: 'Burstable',
    ...(hostIP && { hostIP, hostIPs: [{ ip: hostIP }] }),
    ...(typeof podIP === 'string' && { podIPs: [{ ip: podIP }] }),
    ...status,
  };
}

function fieldsOf(value: unknown): Fields {
  return isRecord(value) ? value : {};
}

function recordsOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}
