import { BlockList, isIP } from 'node:net';
import { rememberSecretsOf } from './known-secrets.ts';
import { isLoopback } from './loopback.ts';

type Environment = Record<string, string | undefined>;

/** Returns the URL of the proxy for a request, undefined for none. */
export type ProxyChoice = (url: URL) => string | undefined;

const DEFAULT_PORTS: Record<string, string> = { 'http:': '80', 'https:': '443' };

let choice: ProxyChoice = () => undefined;

/** Makes {@link proxyFor} follow HTTPS_PROXY, HTTP_PROXY and NO_PROXY of an environment. @throws Error that names a bad value's variable */
export function useProxies(environment: Environment): void {
  choice = chooseProxy(environment);
}

/** Returns the URL of the proxy for an outgoing request of this process, undefined for none. */
export function proxyFor(url: URL): string | undefined {
  return choice(url);
}

/**
 * Reads the variables as kubectl and other Go programs do: names in lower case win; NO_PROXY lists host names (and all below
 * them), addresses, networks such as 10.0.0.0/8, each with or without a port, or `*`. Loopback is never proxied.
 * @throws Error that names the variable of a proxy that is not a URL
 */
export function chooseProxy(environment: Environment): ProxyChoice {
  const proxies = {
    'http:': proxyUrl(environment, 'HTTP_PROXY'),
    'https:': proxyUrl(environment, 'HTTPS_PROXY'),
  };
  const exempt = (environment.no_proxy || environment.NO_PROXY || '')
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(exemption);
  return (url) => {
    const proxy = url.protocol === 'https:' ? proxies['https:'] : proxies['http:'];
    const host = url.hostname
      .replace(/^\[(.*)\]$/, '$1')
      .replace(/\.$/, '')
      .toLowerCase();
    if (proxy === undefined || isLoopback(host) || host.endsWith('.localhost')) return undefined;
    const port = url.port || DEFAULT_PORTS[url.protocol] || '';
    return exempt.some((matches) => matches(host, port)) ? undefined : proxy;
  };
}

function proxyUrl(environment: Environment, name: string): string | undefined {
  const variable = (environment[name.toLowerCase()] ?? '') === '' ? name : name.toLowerCase();
  const value = environment[variable] ?? '';
  if (value === '') return undefined;
  const url = URL.parse(value.includes('://') ? value : `http://${value}`);
  rememberSecretsOf(url?.href ?? value);
  if (url && /^https?:$/.test(url.protocol) && url.hostname !== '') return url.href;
  throw new Error(`environment variable ${variable}: must be an http:// or https:// URL of a proxy`);
}

/** Returns whether an entry of NO_PROXY matches a host and port. */
function exemption(entry: string): (host: string, port: string) => boolean {
  if (entry === '*') return () => true;
  const [, network = '', bits = ''] = /^([\da-f.:]+)\/(\d+)$/i.exec(entry) ?? [];
  const family = isIP(network) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(network) !== 0 && Number(bits) <= (family === 'ipv6' ? 128 : 32)) {
    const list = new BlockList();
    list.addSubnet(network, Number(bits), family);
    return (host) => isIP(host) !== 0 && list.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
  }
  const [, bracketed, plain = '', port] =
    /^(?:\[(.+)\]|([^:]+|[\da-f:]*:[\da-f:]*:[\da-f.:]*))(?::(\d+))?$/i.exec(entry) ?? [];
  const name = (bracketed ?? plain).replace(/\.$/, '').toLowerCase();
  const suffix = name.replace(/^\*?\./, '');
  const belowOnly = name !== suffix;
  return (host, at) => {
    if (name === '' || (port !== undefined && port !== at)) return false;
    return (host === suffix && !belowOnly) || host.endsWith(`.${suffix}`);
  };
}
