import { BlockList, isIP } from 'node:net';
import { z } from 'zod';
import { Role, ROLES } from '../../access/role.ts';
import {
  choice,
  choiceList,
  filePath,
  httpUrl,
  json,
  seconds,
  secret,
  text,
  withSecretFiles,
  wordList,
} from '../config-fields.ts';

const live = { used_by: ['api'], live: true } as const;

/** How people prove who they are. */
export const LOGIN_METHODS = ['none', 'keys', 'users', 'oidc', 'proxy'] as const;
export type LoginMethod = (typeof LOGIN_METHODS)[number];

/** Who may use the API, besides programs with a key. */
export const auth = {
  methods: choiceList(LOGIN_METHODS)
    .optional()
    .meta({
      description:
        'How people log in: keys (the access key or an API key), users (nightcrier user add), oidc, proxy (headers of an authenticating proxy); or none: everybody on this machine is an admin. Default: keys with an access key, else none. Programs always send a key.',
      example: '[oidc, keys]',
      ...live,
    }),
  roles: json(z.record(z.string().min(1), Role), {
    type: 'object',
    additionalProperties: { enum: [...ROLES] },
  })
    .default({})
    .meta({
      description:
        'Role of the members of a group, for oidc and proxy: {"sre": "operator", "platform": "admin"}. The highest one counts.',
      ...live,
    }),
  default_role: choice(['none', ...ROLES])
    .default('none')
    .meta({
      description:
        'Role of people whom oidc or proxy knows and who belong to no group of roles. none: they have no access.',
      ...live,
    }),
  session_idle: seconds(60, 30 * 86_400)
    .default(8 * 3600)
    .meta({ description: 'Time without a request after which a session ends.', ...live }),
  session_lifetime: seconds(60, 90 * 86_400)
    .default(24 * 3600)
    .meta({ description: 'Time after its login at which a session ends in any case.', ...live }),
};

/** Login through an OpenID Connect provider: code flow with PKCE. */
export const oidc = withSecretFiles({
  issuer: httpUrl()
    .optional()
    .meta({
      description: 'Issuer of the OpenID Connect provider. Its redirect URI is public_url and /login/oidc/callback.',
      needs: 'api.auth.oidc.client_id',
      example: 'https://sso.example/realms/ops',
      ...live,
    }),
  client_id: text()
    .optional()
    .meta({
      description: 'Client id at the provider.',
      needs: 'api.auth.oidc.issuer',
      example: 'nightcrier',
      ...live,
    }),
  client_secret: secret()
    .optional()
    .meta({
      description: 'Client secret at the provider. Without it, the client is a public one.',
      needs: 'api.auth.oidc.client_id',
      example: '/run/secrets/oidc',
      ...live,
    }),
  scopes: wordList()
    .default(['openid', 'profile', 'email'])
    .meta({
      description: 'Scopes that are asked for. Some providers give the groups only with one of their own.',
      ...live,
    }),
  name_claim: text()
    .default('email')
    .meta({ description: 'Claim with the name of the user, as the audit log shows it.', ...live }),
  groups_claim: text()
    .default('groups')
    .meta({ description: 'Claim with the groups of the user, of the ID token or of the user info.', ...live }),
});

/** Name of an HTTP header. One with an underscore can be mistaken for one with a hyphen. */
function headerName() {
  return z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]*$/, { error: 'must be the name of a header: letters, digits and hyphens' })
    .meta({ value: 'header', schema: { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9-]*$' } });
}

/** Login by headers of a proxy that has authenticated the user. */
export const proxy = {
  addresses: wordList()
    .pipe(
      z.array(z.string().refine(isNetwork, { error: 'must be an address, or a network such as 10.0.0.0/24' })).min(1),
    )
    .optional()
    .meta({
      description:
        'Addresses and networks of the proxies whose headers are believed. Headers from any other are ignored.',
      value: 'list',
      schema: { anyOf: [{ type: 'array', items: { type: 'string' }, minItems: 1 }, { type: 'string' }] },
      example: '[10.0.3.7, fd00::/64]',
      ...live,
    }),
  user_header: headerName()
    .default('X-Forwarded-User')
    .meta({ description: 'Header with the name of the user. The proxy must replace what clients send.', ...live }),
  groups_header: headerName()
    .default('X-Forwarded-Groups')
    .meta({ description: 'Header with the groups of the user, with commas between them.', ...live }),
};

/** The shape of `api.auth`. */
export const authShape = {
  ...auth,
  oidc: z.strictObject(oidc).prefault({}),
  proxy: z.strictObject(proxy).prefault({}),
};
export type AuthSettings = z.infer<z.ZodObject<typeof authShape>>;

/** HTTPS without a proxy. Renewed files are read again. */
export const tls = {
  cert_file: filePath('file')
    .optional()
    .meta({
      description:
        'Certificate of the API (PEM), with its chain: the API then serves HTTPS, TLS 1.2 or later. A renewed file is used within 10 s.',
      needs: 'api.tls.key_file',
      example: '/etc/nightcrier/tls/tls.crt',
      used_by: ['api'],
    }),
  key_file: filePath('file')
    .optional()
    .meta({
      description: 'Key (PEM) of the certificate.',
      needs: 'api.tls.cert_file',
      example: '/etc/nightcrier/tls/tls.key',
      used_by: ['api'],
    }),
} as const;

function isNetwork(value: string): boolean {
  try {
    networkList([value]);
    return true;
  } catch {
    return false;
  }
}

/** Returns the addresses and networks as a list that addresses are checked against. @throws Error for one that is neither */
export function networkList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [, address = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(network) ?? [];
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    const bits = length === undefined ? (family === 'ipv6' ? 128 : 32) : Number(length);
    list.addSubnet(address, bits, family);
  }
  return list;
}
