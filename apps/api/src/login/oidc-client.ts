import { outgoing } from '@nightcrier/cluster/outgoing/dispatcher';
import { isLoopback } from '@nightcrier/core/settings/loopback';
import type { AuthSettings } from '@nightcrier/core/settings/sections/api-access';
import { readSecret } from '@nightcrier/runtime/configuration/read-secret';
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  customFetch,
  type CustomFetch,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
  None,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import { fetch } from 'undici';

type OidcSettings = AuthSettings['oidc'];

/** What the browser keeps between the request to the provider and its answer. */
export interface OidcAttempt {
  state: string;
  nonce: string;
  verifier: string;
}

/** A user, as the provider names it. */
export interface OidcUser {
  name: string;
  groups: string[];
}

/** Longest time for one request to the provider, seconds. */
const TIMEOUT_S = 4;
/** Time after which the provider's metadata is read again, ms. */
const METADATA_AGE_MS = 10 * 60_000;
const MOST_GROUPS = 1_000;

/** The client of the OpenID Connect provider: code flow with PKCE, state and nonce. The library checks the ID token and its signature. */
export class OidcClient {
  #discovered:
    | { settings: OidcSettings; secret: string | undefined; at: number; configuration: Configuration }
    | undefined;

  /** Returns the URL of the provider that the browser is sent to, and what its answer is checked with. */
  async begin(settings: OidcSettings, redirectUri: string): Promise<{ url: URL; attempt: OidcAttempt }> {
    const configuration = await this.#configuration(settings);
    const attempt = { state: randomState(), nonce: randomNonce(), verifier: randomPKCECodeVerifier() };
    const url = buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: settings.scopes.join(' '),
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: await calculatePKCECodeChallenge(attempt.verifier),
      code_challenge_method: 'S256',
    });
    return { url, attempt };
  }

  /**
   * Exchanges the code of an answer for the user.
   * @param answer the redirect URI with the query that the provider has added
   * @throws Error when the answer does not belong to the attempt, or the provider refuses
   */
  async complete(settings: OidcSettings, answer: URL, { state, nonce, verifier }: OidcAttempt): Promise<OidcUser> {
    const configuration = await this.#configuration(settings);
    const tokens = await authorizationCodeGrant(configuration, answer, {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: verifier,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (!claims) throw new Error('the provider sent no ID token');
    const { name_claim, groups_claim } = settings;
    const isComplete = Object.hasOwn(claims, name_claim) && Object.hasOwn(claims, groups_claim);
    const more =
      isComplete || configuration.serverMetadata().userinfo_endpoint === undefined
        ? {}
        : await fetchUserInfo(configuration, tokens.access_token, claims.sub);
    const all: Record<string, unknown> = { ...more, ...claims };
    return { name: nameOf(all, name_claim), groups: groupsOf(all[groups_claim]) };
  }

  async #configuration(settings: OidcSettings): Promise<Configuration> {
    const { issuer = '', client_id = '' } = settings;
    const secret = (await readSecret(settings.client_secret, settings.client_secret_file))?.reveal();
    const known = this.#discovered;
    if (known?.settings === settings && known.secret === secret && Date.now() - known.at < METADATA_AGE_MS)
      return known.configuration;
    const url = new URL(issuer);
    const execute = [enableNonRepudiationChecks, ...(isLoopback(url.hostname) ? [allowInsecureRequests] : [])];
    const auth = secret === undefined ? None() : withSecret(secret);
    const options = { execute, timeout: TIMEOUT_S, [customFetch]: fetchThroughProxy };
    const configuration = await discovery(url, client_id, undefined, auth, options);
    this.#discovered = { settings, secret, at: Date.now(), configuration };
    return configuration;
  }
}

/** Sends a request through the proxy that the environment names, if it names one. */
const fetchThroughProxy: CustomFetch = async (url, { body, ...options }) =>
  fetch(url, { ...options, body, dispatcher: outgoing() });

/** Sends the secret as the provider supports it. */
function withSecret(secret: string): ClientAuth {
  const [basic, post] = [ClientSecretBasic(secret), ClientSecretPost(secret)];
  return (server, client, body, headers) => {
    const { token_endpoint_auth_methods_supported: supported = ['client_secret_basic'] } = server;
    return (supported.includes('client_secret_basic') ? basic : post)(server, client, body, headers);
  };
}

/** Not every provider sends the wanted claim to every client; the subject is always there. */
function nameOf(claims: Record<string, unknown>, wanted: string): string {
  const name = [claims[wanted], claims.email, claims.preferred_username, claims.sub].find(
    (value): value is string => typeof value === 'string' && value.trim() !== '',
  );
  return (name ?? '')
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/gu, ' ')
    .trim()
    .slice(0, 100);
}

function groupsOf(claim: unknown): string[] {
  const groups: unknown[] = Array.isArray(claim) ? claim : [claim];
  return groups
    .filter((group): group is string => typeof group === 'string' && group.length <= 500)
    .slice(0, MOST_GROUPS);
}
