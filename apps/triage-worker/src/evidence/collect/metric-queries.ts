/** What an investigation asks a Prometheus: a fixed list. Each query returns one number for each pod, container or node. */
export interface MetricQuery {
  /** Names the evidence file. */
  name: MetricName;
  /** What the values are, with their unit. */
  meaning: string;
  promql: string;
}

export type MetricName =
  | 'restarts'
  | 'cpu-throttling'
  | 'cpu-use-to-limit'
  | 'memory-use-to-limit'
  | 'network-drops'
  | 'mesh-requests'
  | 'mesh-latency'
  | 'ingress-requests'
  | 'ingress-latency'
  | 'node-cpu'
  | 'node-memory'
  | 'node-disk'
  | 'node-network-errors';

/** Whose metrics are asked for. */
export interface MetricSubject {
  namespace?: string | undefined;
  pods: readonly string[];
  /** Names of the workloads, as a mesh calls them. */
  workloads: readonly string[];
  services: readonly string[];
  nodes: readonly string[];
  /** The label of the cluster, where one Prometheus holds several. */
  cluster?: { label: string; value: string } | undefined;
}

/** Returns the queries for a subject; names of metrics are those of kube-state-metrics, cAdvisor, Istio, ingress-nginx and node-exporter. */
export function metricQueries(subject: MetricSubject): MetricQuery[] {
  return [...podQueries(subject), ...requestQueries(subject), ...nodeQueries(subject)];
}

function podQueries({ namespace, pods, cluster }: MetricSubject): MetricQuery[] {
  if (namespace === undefined || pods.length === 0) return [];
  const own = selector(cluster, equal('namespace', namespace), oneOf('pod', pods));
  const containers = selector(
    cluster,
    equal('namespace', namespace),
    oneOf('pod', pods),
    'container!=""',
    'container!="POD"',
  );
  const limit = (resource: string): string =>
    `max by (pod, container) (kube_pod_container_resource_limits${selector(cluster, equal('namespace', namespace), oneOf('pod', pods), equal('resource', resource))})`;
  const rate = (metric: string): string => `sum by (pod, container) (rate(${metric}${containers}[10m]))`;
  return [
    {
      name: 'restarts',
      meaning: 'restarts of each container in the last hour',
      promql: `sum by (pod, container) (increase(kube_pod_container_status_restarts_total${own}[1h])) > 0`,
    },
    {
      name: 'cpu-throttling',
      meaning: 'share of the CPU periods of the last 10 minutes in which the limit held the container back, 0 to 1',
      promql: `${rate('container_cpu_cfs_throttled_periods_total')} / ${rate('container_cpu_cfs_periods_total')}`,
    },
    {
      name: 'cpu-use-to-limit',
      meaning: 'CPU use of the last 10 minutes in relation to the limit, 0 to 1',
      promql: `${rate('container_cpu_usage_seconds_total')} / on (pod, container) ${limit('cpu')}`,
    },
    {
      name: 'memory-use-to-limit',
      meaning: 'highest memory use of the last 30 minutes in relation to the limit, 0 to 1',
      promql: `max by (pod, container) (max_over_time(container_memory_working_set_bytes${containers}[30m])) / on (pod, container) ${limit('memory')}`,
    },
    {
      name: 'network-drops',
      meaning: 'packets of each pod that were dropped, per second in the last 10 minutes',
      promql: `sum by (pod) (rate(container_network_receive_packets_dropped_total${own}[10m]) + rate(container_network_transmit_packets_dropped_total${own}[10m])) > 0`,
    },
  ];
}

function requestQueries({ namespace, workloads, services, cluster }: MetricSubject): MetricQuery[] {
  if (namespace === undefined) return [];
  const queries: MetricQuery[] = [];
  if (workloads.length > 0) {
    const mesh = selector(
      cluster,
      'reporter="destination"',
      equal('destination_workload_namespace', namespace),
      oneOf('destination_workload', workloads),
    );
    queries.push(
      {
        name: 'mesh-requests',
        meaning: 'requests per second in the last 5 minutes by response code, as the mesh counts them',
        promql: `sum by (destination_workload, response_code) (rate(istio_requests_total${mesh}[5m])) > 0`,
      },
      {
        name: 'mesh-latency',
        meaning: '99th percentile of the latency in the last 5 minutes as the mesh measures it, ms',
        promql: `histogram_quantile(0.99, sum by (destination_workload, le) (rate(istio_request_duration_milliseconds_bucket${mesh}[5m])))`,
      },
    );
  }
  if (services.length > 0) {
    const ingress = selector(cluster, equal('exported_namespace', namespace), oneOf('exported_service', services));
    queries.push(
      {
        name: 'ingress-requests',
        meaning: 'requests per second in the last 5 minutes by status, as ingress-nginx counts them',
        promql: `sum by (exported_service, status) (rate(nginx_ingress_controller_requests${ingress}[5m])) > 0`,
      },
      {
        name: 'ingress-latency',
        meaning: '99th percentile of the latency in the last 5 minutes as ingress-nginx measures it, seconds',
        promql: `histogram_quantile(0.99, sum by (exported_service, le) (rate(nginx_ingress_controller_request_duration_seconds_bucket${ingress}[5m])))`,
      },
    );
  }
  return queries;
}

/** node-exporter knows its node by address; `node_uname_info` tells the name. */
function nodeQueries({ nodes, cluster }: MetricSubject): MetricQuery[] {
  if (nodes.length === 0) return [];
  const named = (expression: string): string =>
    `sum by (nodename) (${expression} * on (instance) group_left (nodename) node_uname_info${selector(cluster, oneOf('nodename', nodes))})`;
  const all = selector(cluster);
  const disk = selector(cluster, 'mountpoint="/"');
  return [
    {
      name: 'node-cpu',
      meaning: 'share of the CPU of the node that was in use in the last 10 minutes, 0 to 1',
      promql: named(`(1 - avg by (instance) (rate(node_cpu_seconds_total${selector(cluster, 'mode="idle"')}[10m])))`),
    },
    {
      name: 'node-memory',
      meaning: 'share of the memory of the node that is in use, 0 to 1',
      promql: named(`(1 - node_memory_MemAvailable_bytes${all} / node_memory_MemTotal_bytes${all})`),
    },
    {
      name: 'node-disk',
      meaning: 'share of the root file system of the node that is in use, 0 to 1',
      promql: named(`max by (instance) (1 - node_filesystem_avail_bytes${disk} / node_filesystem_size_bytes${disk})`),
    },
    {
      name: 'node-network-errors',
      meaning: 'packets of the node that had errors or were dropped, per second in the last 10 minutes',
      promql: named(
        `sum by (instance) (rate(node_network_receive_errs_total${all}[10m]) + rate(node_network_transmit_errs_total${all}[10m]) + rate(node_network_receive_drop_total${all}[10m]))`,
      ),
    },
  ];
}

function selector(cluster: MetricSubject['cluster'], ...matchers: string[]): string {
  const all = [...(cluster ? [equal(cluster.label, cluster.value)] : []), ...matchers];
  return all.length === 0 ? '' : `{${all.join(',')}}`;
}

function equal(label: string, value: string): string {
  return `${label}=${JSON.stringify(value)}`;
}

/** Names come from the cluster: they match themselves alone. */
function oneOf(label: string, values: readonly string[]): string {
  const escaped = values.map((value) => value.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`));
  return `${label}=~${JSON.stringify(escaped.join('|'))}`;
}
