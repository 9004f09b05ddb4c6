import { includesRole } from '@nightcrier/core/access/role';
import type { FastifyRequest } from 'fastify';
import { ApiError } from '../errors/api-error.ts';
import { type Access, currentAccess, identify } from './protect.ts';

/**
 * Returns whether the client of a request that is still being answered has access: its key, session or user may have been revoked
 * since. While Redis cannot tell, it keeps what it had.
 */
export async function isStillAllowed(request: FastifyRequest, access: Access): Promise<boolean> {
  const { role = 'viewer' } = request.routeOptions.config;
  try {
    const principal = await identify(request, await currentAccess(access), access);
    return includesRole(principal.role, role);
  } catch (error) {
    return !(error instanceof ApiError);
  }
}
