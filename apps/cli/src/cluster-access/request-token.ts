import { request } from 'undici';
import { z } from 'zod';
import type { Credentials } from '@nightcrier/cluster/kubernetes/credentials';
import { KubernetesError, reasonOf } from '@nightcrier/cluster/kubernetes/kubernetes-error';

/** A token of a service account. */
export interface IssuedToken {
  token: string;
  expires: Date;
}

const TokenRequest = z.object({
  status: z.object({ token: z.string().min(1), expirationTimestamp: z.iso.datetime({ offset: true }) }),
});
const Status = z.object({ message: z.string() });
const TIMEOUT_MS = 15_000;

/**
 * Has an API server issue a token of a service account, for an operator who sets a cluster up. Nothing that watches or investigates
 * uses it: those hold a client that cannot write.
 * @param seconds the API server may shorten it
 * @throws KubernetesError
 */
export async function requestToken(
  credentials: Credentials,
  { namespace, name, seconds }: { namespace: string; name: string; seconds: number },
): Promise<IssuedToken> {
  const url = new URL(credentials.server);
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  url.pathname = url.pathname.replace(/\/$/, '') + path;
  const body = JSON.stringify({
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: seconds },
  });
  const { headers, dispatcher } = await credentials.authorize();
  let status: number;
  let text: string;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const sent = {
      ...headers,
      'content-type': 'application/json',
      accept: 'application/json',
      'user-agent': 'nightcrier',
    };
    const answer = await request(url, { method: 'POST', headers: sent, body, dispatcher, signal });
    status = answer.statusCode;
    text = await answer.body.text();
  } catch (error) {
    throw new KubernetesError('unreachable', `cannot reach ${url.origin}: ${reasonOf(error)}`, { cause: error });
  }
  const { data } = TokenRequest.safeParse(jsonOf(text));
  if (status < 300 && data) return { token: data.status.token, expires: new Date(data.status.expirationTimestamp) };
  const said = Status.safeParse(jsonOf(text)).data?.message ?? 'the answer is no token';
  const code = status === 401 ? 'credentials' : status === 403 ? 'forbidden' : status === 404 ? 'not_found' : 'http';
  throw new KubernetesError(code, `${url.origin} answered ${path} with ${status}: ${said}`, { status });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
