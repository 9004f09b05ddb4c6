import { z } from 'zod';
import { ApiKey, NewApiKey } from '../access/api-key.ts';
import { AUDIT_ACTIONS, AuditEntry } from '../access/audit-entry.ts';
import { Role } from '../access/role.ts';
import { type ApiRoute, Cursor, Limit } from './route.ts';

export const LIST_KEYS = {
  method: 'GET',
  path: '/api/keys',
  tag: 'access',
  role: 'admin',
  summary: 'Lists API keys, the oldest first, also those that have expired',
  query: z.strictObject({
    role: Role.optional(),
    /** Default: all. */
    limit: Limit.unwrap().optional(),
    cursor: Cursor.optional(),
  }),
  answers: { 200: z.object({ keys: z.array(ApiKey), next: z.string().optional() }) },
} as const satisfies ApiRoute;

export const ADD_KEY = {
  method: 'POST',
  path: '/api/keys',
  tag: 'access',
  role: 'admin',
  summary: 'Makes an API key; its secret cannot be read again',
  body: NewApiKey,
  answers: { 201: z.object({ key: ApiKey, secret: z.string() }) },
} as const satisfies ApiRoute;

export const REVOKE_KEY = {
  method: 'DELETE',
  path: '/api/keys/:key',
  tag: 'access',
  role: 'admin',
  summary: 'Revokes the API key with an id or a name',
  params: z.object({ key: z.string() }),
  answers: { 200: z.object({ key: ApiKey }) },
} as const satisfies ApiRoute;

export const LIST_AUDIT = {
  method: 'GET',
  path: '/api/audit',
  tag: 'access',
  role: 'admin',
  summary: 'Lists who changed what, the latest first',
  query: z.strictObject({
    action: z.enum(AUDIT_ACTIONS).optional(),
    by: z.string().min(1).max(200).optional(),
    limit: Limit,
    cursor: z
      .string()
      .regex(/^[0-9]{1,15}$/)
      .optional(),
  }),
  answers: {
    200: z.object({
      entries: z.array(AuditEntry),
      /** For the page of older entries; missing on the last one. */
      next_cursor: z.string().optional(),
    }),
  },
} as const satisfies ApiRoute;
