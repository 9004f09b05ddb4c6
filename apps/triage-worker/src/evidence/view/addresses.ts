import type { Wire } from '@nightcrier/cluster/kubernetes/wire';
import type { V1Container } from '@kubernetes/client-node';
import type { ClusterView } from './cluster-view.ts';
import type { Service } from './service-links.ts';
import { templateOf, type Workload } from './workload.ts';

/** An address that a workload is configured with or speaks of. */
export interface Address {
  host: string;
  port: number | undefined;
  /** Where it stands: `environment variable CART_ADDR`, `argument`, `log`. */
  source: string;
  /** The whole text in which it stands, bounded. */
  text: string;
}

const LABEL = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?';
/** A host name with a port, or a URL. Names without dots count: those of Services in the same namespace. */
const HOST_PORT = new RegExp(
  `(?<![\\w.@/-])(?:[a-z][a-z0-9+.-]{0,20}:)?(?://)?(?:[^\\s/@:]{1,64}(?::[^\\s/@]{0,64})?@)?(${LABEL}(?:\\.${LABEL}){0,8}):(\\d{2,5})\\b`,
  'g',
);
const URL_HOST = new RegExp(
  `\\b[a-z][a-z0-9+.-]{1,20}://(?:[^\\s/@:]{1,64}(?::[^\\s/@]{0,64})?@)?(${LABEL}(?:\\.${LABEL}){0,8})(?::(\\d{2,5}))?`,
  'g',
);
/** `"db" (10.0.0.1), port 5432`, `host "db"`, `'db:3306'`. */
const QUOTED_HOST = new RegExp(
  `(?:host(?: ?name)?|server(?: at)?|lookup|can't find|getaddrinfo(?: ENOTFOUND| EAI_AGAIN)?|to address)[ =:]+["']?(${LABEL}(?:\\.${LABEL}){0,8})["']?(?: \\([0-9a-f.:]+\\))?(?:,? port (\\d{2,5}))?`,
  'gi',
);
const LONGEST = 2_000;
/** Words that stand where a host could: `server can't find`, `host is unreachable`. */
const WORDS: ReadonlySet<string> = new Set(
  'a an and are at be can cannot could did does failed for from has have in is it may must name names not of on or responded response returned that the this to was were which will with'.split(
    ' ',
  ),
);

/** The addresses that stand in a text, at most 20. */
export function addressesIn(text: string, source: string): Address[] {
  const bounded = text.slice(0, LONGEST);
  const found = [URL_HOST, HOST_PORT, QUOTED_HOST].flatMap((pattern) =>
    [...bounded.matchAll(pattern)].map(([, host = '', port]) => ({
      host,
      port: port === undefined ? undefined : Number(port),
      source,
      text: bounded.slice(0, 300),
    })),
  );
  const unique = new Map(found.map((address) => [`${address.host}:${address.port ?? ''}`, address]));
  return [...unique.values()]
    .filter(({ host }) => !WORDS.has(host.toLowerCase()))
    .filter(({ host }) => /[a-z]/i.test(host) || /^\d+(\.\d+){3}$/.test(host))
    .slice(0, 20);
}

/** The addresses in the environment and the arguments of the containers of a workload. */
export function configuredAddresses(workload: Workload): Address[] {
  const { containers = [], initContainers = [] } = templateOf(workload)?.spec ?? {};
  return [...initContainers, ...containers].flatMap(containerAddresses);
}

function containerAddresses({ env = [], command = [], args = [] }: Wire<V1Container>): Address[] {
  return [
    ...env.flatMap(({ name = '', value = '' }) => {
      const source = `environment variable ${name}`;
      const listed = addressesIn(value, source);
      if (listed.length > 0) return listed;
      // `DB_HOST=orders-db`: a name alone is an address if the variable says so.
      const isHost = /(HOST|ADDR|ADDRESS|ENDPOINT|SERVER|URL|SERVICE)S?(_NAME)?$/i.test(name);
      return isHost && new RegExp(`^${LABEL}(?:\\.${LABEL}){0,8}$`).test(value) && /[a-z]/.test(value)
        ? [{ host: value, port: undefined, source, text: value }]
        : [];
    }),
    ...[...command, ...args].flatMap((word) => addressesIn(word, 'argument')),
  ];
}

/** The Service that an address means, seen from a namespace: by name, `name.namespace`, or cluster IP. */
export function serviceAt(view: ClusterView, { host }: { host: string }, namespace: string): Service | undefined {
  if (/^\d+(\.\d+){3}$/.test(host)) return view.all('Service').find(({ spec }) => spec?.clusterIP === host);
  const named = serviceName(host, namespace);
  return named && view.get('Service', named.name, named.namespace);
}

/** How a host name reads as the name of a Service; nothing when it cannot be one. */
export function serviceName(host: string, namespace: string): { name: string; namespace: string } | undefined {
  const [name = '', second, third, ...rest] = host.split('.');
  if (name === '' || name === 'localhost' || /^\d+$/.test(name)) return undefined;
  if (second === undefined) return { name, namespace };
  if (third === undefined) return { name, namespace: second };
  if (third !== 'svc') {
    // `pod-0.service.namespace.svc…` names a pod of a headless Service.
    const isPodName = rest[0] === 'svc' || third === 'svc';
    return isPodName ? { name: second, namespace: third } : undefined;
  }
  return { name, namespace: second };
}
