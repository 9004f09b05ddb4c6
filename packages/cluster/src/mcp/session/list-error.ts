import { startWithoutSecrets } from '@nightcrier/core/settings/known-secrets';
import { ConnectionError, type ConnectionErrorCode } from './connection-error.ts';

/** What a server says when it cannot list, by what is wrong behind it. The texts are client-go's and the API server's. */
const CAUSES: readonly [RegExp, ConnectionErrorCode, (endpoint: string, text: string) => string][] = [
  [
    /\bunauthorized\b|must be logged in|provide credentials|\b401\b/i,
    'api_unauthorized',
    (endpoint, text) =>
      `${endpoint}: the API server rejects the credentials of the MCP server (${text}); renew its token or kubeconfig, and restart it: its watches do not recover`,
  ],
  [
    /\bforbidden\b/i,
    'api_forbidden',
    (endpoint, text) =>
      `${endpoint}: the credentials of the MCP server may list nothing (${text}); see deploy/rbac.yaml`,
  ],
  [
    /connection refused|connection reset|no such host|no route to host|i\/o timeout|dial tcp|\bEOF\b|TLS handshake|context deadline exceeded|client rate limiter|currently unable to handle|service unavailable|etcdserver|x509:/i,
    'api_unreachable',
    (endpoint, text) => `${endpoint} answers, but cannot reach its API server: ${text}`,
  ],
];

/** Returns the error for a list that an MCP server could not make. @param text what its tool says */
export function listError(endpoint: string, text: string): ConnectionError {
  const [, code, message] = CAUSES.find(([pattern]) => pattern.test(text)) ?? [];
  if (code === undefined || message === undefined) {
    return new ConnectionError('tool_failed', `${endpoint}: nothing can be listed: ${text}`);
  }
  return new ConnectionError(code, message(endpoint, startWithoutSecrets(text, 300)));
}
