import { addressesIn, serviceAt, serviceName, type Address } from './addresses.ts';
import type { ClusterView } from './cluster-view.ts';
import type { Service } from './service-links.ts';

/** A line of a log that says that something else does not work. */
export interface Complaint {
  line: string;
  addresses: Address[];
  /** Segments of URL paths in the line, lower case, without separators. */
  paths: string[];
}

const LINES = 200;
const LINE_LENGTH = 2_000;

/** What clients say when the fault is on the other side: no connection, no answer, no name, or an error of the server. */
const COMPLAINS =
  /NXDOMAIN|can't resolve|connection refused|ECONNREFUSED|timed? ?out\b|ETIMEDOUT|deadline exceeded|no route to host|EHOSTUNREACH|unreachable|connection reset|ECONNRESET|no such host|ENOTFOUND|EAI_AGAIN|UnknownHost|name resolution|no healthy upstream|upstream|\b50[0234]\b|unavailable|UnableToConnect|Communications link failure|No servers available|No instances available|Unable to find instance|HttpServerErrorException|connect(ion)? (error|failed|failure)/i;
/** Lines that only inform. */
const MILD =
  /^(\S+\s+){0,4}\W{0,2}(INFO|DEBUG|TRACE|NOTICE)\b|"(level|severity)"\s*:\s*"(info|debug|trace|notice)"|\blevel=(info|debug|trace)\b|\t(info|debug)\t/i;

/** The complaints in a log, the last first; repeated ones once. */
export function complaintsIn(log: string): Complaint[] {
  const seen = new Set<string>();
  return log
    .slice(-LINES * LINE_LENGTH)
    .split('\n')
    .slice(-LINES)
    .reverse()
    .map((line) => line.slice(0, LINE_LENGTH))
    .filter((line) => COMPLAINS.test(line) && !MILD.test(line))
    .flatMap((line) => {
      const addresses = addressesIn(line, 'log');
      const paths = pathSegments(line);
      const key =
        [...addresses.map(({ host, port }) => `${host}:${port}`), ...paths].join(' ') || line.replaceAll(/\d+/g, '');
      if (seen.has(key)) return [];
      seen.add(key);
      return [{ line: line.trim(), addresses, paths }];
    })
    .slice(0, 20);
}

/** Whether a text says that something could not be reached. */
export function speaksOfUnreachable(text: string): boolean {
  return COMPLAINS.test(text);
}

/** A Service that a complaint is about, or the name of one that does not exist. */
export interface Named {
  complaint: Complaint;
  service: Service | undefined;
  /** The name that was called, and the port where there is one. */
  name: string;
  namespace: string;
  port: number | undefined;
}

/** The Services that complaints name by address, or by the path of a URL that holds the name of a Service. */
export function servicesNamed(view: ClusterView, complaints: Complaint[], namespace: string): Named[] {
  return complaints.flatMap((complaint): Named[] => {
    const byAddress = complaint.addresses.flatMap((address): Named[] => {
      const service = serviceAt(view, address, namespace);
      const own = service?.metadata;
      const called = own
        ? { name: own.name ?? '', namespace: own.namespace ?? namespace }
        : serviceName(address.host, namespace);
      if (called === undefined || (service === undefined && !/[a-z]/.test(address.host))) return [];
      return [{ complaint, service, ...called, port: address.port }];
    });
    return byAddress.some(({ service }) => service)
      ? byAddress
      : [...byAddress, ...servicesOfPaths(view, complaint, namespace)];
  });
}

/** `/api/v1/orderservice/order` speaks of the Service `order-service`, also when it is called `shop-order-service`. */
function servicesOfPaths(view: ClusterView, complaint: Complaint, namespace: string): Named[] {
  if (complaint.paths.length === 0) return [];
  return serviceForPath(view, complaint.paths, namespace).map((service) => ({
    complaint,
    service,
    name: service.metadata?.name ?? '',
    namespace,
    port: undefined,
  }));
}

/** The Services whose name is a segment of a path, up to separators and a prefix that all Services share. */
export function serviceForPath(view: ClusterView, paths: string[], namespace: string): Service[] {
  const services = view.all('Service', namespace);
  const prefix = commonPrefix(services.map(({ metadata }) => metadata?.name ?? ''));
  return services.filter(({ metadata }) => {
    const name = metadata?.name ?? '';
    const forms = new Set([name, name.slice(prefix.length)].map(squeezed).filter(({ length }) => length >= 5));
    return paths.some((path) => forms.has(path));
  });
}

/** The prefix, up to a dash, of most names: `shop-` of shop-cart and shop-orders. */
function commonPrefix(names: string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) {
    const dash = name.indexOf('-');
    if (dash > 0) counts.set(name.slice(0, dash + 1), (counts.get(name.slice(0, dash + 1)) ?? 0) + 1);
  }
  const [best] = [...counts].sort((a, b) => b[1] - a[1]);
  return best && best[1] > names.length / 2 ? best[0] : '';
}

function pathSegments(line: string): string[] {
  const segments = [...line.matchAll(/\/([a-zA-Z][\w-]{4,60})(?=[/"'\s?:]|$)/g)].map(([, segment = '']) =>
    squeezed(segment),
  );
  return [...new Set(segments)].slice(0, 10);
}

function squeezed(text: string): string {
  return text.toLowerCase().replaceAll(/[-_.]/g, '');
}
