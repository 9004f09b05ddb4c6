import type { CauseText } from './cause-text.ts';

/** Causes that lie between a client and the service that it calls. */
export const NETWORK = {
  service_selector: {
    meaning: 'The selector of the Service matches no pods.',
    decided_by: 'spec.selector of the Service compared with the labels of the workloads.',
    remedy: 'Correct the selector.',
  },
  service_port: {
    meaning:
      'The Service sends to a port on which its pods do not listen, or offers another port than its clients call.',
    decided_by:
      'ports and targetPort of the Service compared with the ports of the containers and the addresses in use.',
    remedy: 'Correct port or targetPort of the Service.',
  },
  service_protocol: {
    meaning: 'The Service offers another protocol than its pods and clients speak.',
    decided_by: 'protocol of the Service port compared with the container ports.',
    remedy: 'Correct the protocol of the Service port.',
  },
  service_missing: {
    meaning: 'A Service that a workload calls does not exist.',
    decided_by: 'The name in the environment, arguments or log, and the Services of the namespace.',
    remedy: 'Create the Service.',
  },
  service_address_wrong: {
    meaning:
      'A workload is configured with the address of a Service that does not exist; one with a similar name does.',
    decided_by: 'The value of the environment variable compared with the Services.',
    remedy: 'Correct the address in the workload.',
  },
  service_no_endpoints: {
    meaning: 'The Service has no ready endpoints, and its pods do not say why.',
    decided_by: 'The EndpointSlices of the Service.',
    remedy: 'Look at the pods behind the Service.',
  },
  scaled_to_zero: {
    meaning: 'A workload that others call is scaled to 0 replicas.',
    decided_by: 'spec.replicas 0 of the workload behind a Service.',
    remedy: 'Scale the workload up, after finding out why it was scaled down.',
  },
  network_policy: {
    meaning: 'A NetworkPolicy blocks the traffic.',
    decided_by: 'The NetworkPolicies that select client or server, and timeouts between them.',
    remedy: 'Allow the traffic in the NetworkPolicy.',
  },
  route_mismatch: {
    meaning:
      'Requests for a healthy service end with 404 before they reach it: a gateway or ingress routes them elsewhere.',
    decided_by: 'HTTP 404 for the service, whose pods are ready and do not log the requests.',
    remedy:
      'Compare the routes of the gateway or ingress with the paths of the service; look at what changed there last.',
  },
  dependency_unreachable: {
    meaning: 'A service that the application depends on refuses connections or does not answer.',
    decided_by: 'The message of the application that names the address.',
    remedy: 'Check the service behind the address.',
  },
  dns_server_down: {
    meaning: 'The DNS server of the cluster does not answer.',
    decided_by: 'Failed lookups in the log, and the pods of kube-dns.',
    remedy: 'Repair the DNS pods in kube-system.',
  },
  dns_name_unknown: {
    meaning: 'A name that the application looks up does not exist.',
    decided_by: '`no such host` or NXDOMAIN in the log.',
    remedy: 'Correct the name in the configuration of the application.',
  },
  dns_pod_config: {
    meaning: 'dnsPolicy and dnsConfig of the pod name a DNS server that does not answer.',
    decided_by: 'dnsPolicy None with nameservers that are not those of the cluster, and failed lookups.',
    remedy: 'Remove dnsConfig, or set dnsPolicy ClusterFirst.',
  },
  tls_failed: {
    meaning: 'A TLS handshake of the application fails.',
    decided_by: '`x509` or certificate errors in the log.',
    remedy: 'Renew the certificate, or add its authority to what the application trusts.',
  },
  network_slow: {
    meaning: 'Requests to a workload have become slow, and neither CPU nor memory of it is saturated.',
    decided_by: 'Latency alerts: the workload whose own latency rose most, without a saturation alert.',
    remedy: 'Check the network of the pod and of the workloads that it calls.',
  },
  cpu_saturated: {
    meaning: 'The workload needs more CPU than its limit allows.',
    decided_by: 'Alerts about throttling or CPU saturation of the workload.',
    remedy: 'Raise the CPU limit, or add replicas.',
  },
  load_balancer_failed: {
    meaning: 'The cloud or its controller cannot create the load balancer of a Service or Ingress.',
    decided_by: 'SyncLoadBalancerFailed, FailedBuildModel, FailedDeployModel.',
    remedy: 'Correct what the message of the cloud names: subnets, permissions, quota, annotations.',
  },
  dns_loop: {
    meaning: 'The DNS server of the cluster forwards its questions to itself.',
    decided_by: '`plugin/loop: Loop` in the log of CoreDNS.',
    remedy:
      'Give the node a resolv.conf that does not name the loopback address, or set `forward` of CoreDNS to real servers.',
  },
  ingress_backend_missing: {
    meaning: 'An Ingress names a Service, port or Secret that does not exist.',
    decided_by: 'The rules of the Ingress compared with Services and events.',
    remedy: 'Correct the Ingress, or create what it names.',
  },
  ingress_class_missing: {
    meaning: 'No IngressClass handles an Ingress.',
    decided_by: 'ingressClassName compared with the IngressClasses.',
    remedy: 'Correct ingressClassName, or install the ingress controller.',
  },
} as const satisfies Record<string, CauseText>;
