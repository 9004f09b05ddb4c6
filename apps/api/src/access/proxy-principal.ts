import { roleOfGroups } from '@nightcrier/core/access/group-roles';
import { LONGEST_NAME, oneLine } from '@nightcrier/core/access/one-line';
import type { Principal } from '@nightcrier/core/access/principal';
import { networkList } from '@nightcrier/core/settings/sections/api-access';
import { isIPv6 } from 'node:net';
import { ApiError } from '../errors/api-error.ts';
import type { AccessSettings } from './access-settings.ts';
import { assertOwnHost } from './own-address.ts';

/** What is known of a request that may come from a proxy. */
export interface ProxyRequest {
  host: string;
  /** The other end of the connection. */
  address: string;
  /** Names and values in turn, as they were received. */
  rawHeaders: readonly string[];
}

const UserName = oneLine(LONGEST_NAME);

/**
 * Returns the user whom a listed proxy names; undefined when the request comes from elsewhere, or names no user.
 * @throws ApiError unauthorized for headers that are given twice, forbidden for a user without a role, or host_not_allowed
 */
export function principalOfProxy(access: AccessSettings, request: ProxyRequest): Principal | undefined {
  const { addresses = [], user_header, groups_header } = access.auth.proxy;
  if (!isListed(addresses, request.address)) return undefined;
  const name = onlyValue(request.rawHeaders, user_header)?.trim() ?? '';
  if (name === '') return undefined;
  // A proxy on the same machine has the address of the browsers there.
  assertOwnHost(access, request.host);
  if (!UserName.safeParse(name).success)
    throw new ApiError('unauthorized', `${user_header} must be one line of at most ${LONGEST_NAME} characters`);
  const groups = (onlyValue(request.rawHeaders, groups_header) ?? '').split(',').map((group) => group.trim());
  const role = roleOfGroups(groups, access.auth);
  if (!role) throw new ApiError('forbidden', `${name} is in no group that api.auth.roles gives a role`);
  return { name, kind: 'proxy', role };
}

/**
 * Returns the value of a header. One that the client sent beside that of the proxy is not told apart, so two are refused. The name is
 * compared as it is: one with underscores is another header.
 */
function onlyValue(rawHeaders: readonly string[], wanted: string): string | undefined {
  const values = rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === wanted.toLowerCase(),
  );
  if (values.length > 1) throw new ApiError('unauthorized', `${wanted} is given ${values.length} times`);
  return values[0];
}

function isListed(networks: readonly string[], address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').split('%', 1)[0] ?? '';
  return networkList(networks).check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
}
