import { readFile } from 'node:fs/promises';
import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import type { Kubernetes } from './client.ts';
import { loadKubeconfig } from './kubeconfig.ts';
import { KubernetesError } from './kubernetes-error.ts';

/** When a credential of a kubeconfig ends. */
export interface CredentialEnd {
  what: 'token' | 'client certificate';
  expires: Date;
}

const Claims = z.object({ exp: z.number() });
const Review = z.object({ status: z.object({ userInfo: z.object({ username: z.string() }) }) });

/**
 * Returns which credential of the current context ends first. Undefined where none says: opaque tokens, credential commands.
 * @throws KubernetesError `kubeconfig`
 */
export async function credentialEnd(file: string): Promise<CredentialEnd | undefined> {
  const { kubeconfig } = await loadKubeconfig(file);
  const user = kubeconfig.getCurrentUser();
  const token = user?.token ?? (await textOf(tokenFileOf(user?.authProvider)));
  const certificate =
    user?.certData === undefined ? await textOf(user?.certFile) : Buffer.from(user.certData, 'base64').toString('utf8');
  const ends = [
    { what: 'token' as const, expires: token === undefined ? undefined : endOfToken(token) },
    {
      what: 'client certificate' as const,
      expires: certificate === undefined ? undefined : endOfCertificate(certificate),
    },
  ];
  return ends
    .flatMap(({ what, expires }) => (expires ? [{ what, expires }] : []))
    .toSorted((one, other) => one.expires.getTime() - other.expires.getTime())[0];
}

/** Returns the name of the user whom the API server sees; undefined where it does not tell (before Kubernetes 1.28). @throws KubernetesError */
export async function readIdentity(kubernetes: Kubernetes, signal: AbortSignal): Promise<string | undefined> {
  try {
    const answer = await kubernetes.selfReview('selfsubjectreviews', {}, { signal });
    return Review.safeParse(answer).data?.status.userInfo.username;
  } catch (error) {
    if (error instanceof KubernetesError && (error.code === 'not_found' || error.code === 'forbidden'))
      return undefined;
    throw error;
  }
}

function tokenFileOf(provider: unknown): string | undefined {
  return z.object({ config: z.object({ tokenFile: z.string() }) }).safeParse(provider).data?.config.tokenFile;
}

async function textOf(file: string | undefined): Promise<string | undefined> {
  // One that cannot be read is an error of the request that needs it.
  return file === undefined ? undefined : readFile(file, 'utf8').catch(() => undefined);
}

function endOfToken(token: string): Date | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.trim().split('.')[1] ?? '', 'base64url').toString('utf8'));
    return new Date(Claims.parse(claims).exp * 1000);
  } catch {
    return undefined;
  }
}

function endOfCertificate(pem: string): Date | undefined {
  try {
    return new Date(new X509Certificate(pem).validTo);
  } catch {
    return undefined;
  }
}
