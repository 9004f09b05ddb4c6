import { z } from 'zod';
import { Session } from '../access/session.ts';
import { NewPassword, NewUser, User } from '../access/user.ts';
import { type ApiRoute, Cursor, Limit } from './route.ts';

const OneUser = z.object({ user: User });
const UserParams = z.object({ name: z.string() });

export const LIST_USERS = {
  method: 'GET',
  path: '/api/users',
  tag: 'access',
  role: 'admin',
  summary: 'Lists local users by name',
  query: z.strictObject({ limit: Limit.unwrap().optional(), cursor: Cursor.optional() }),
  answers: { 200: z.object({ users: z.array(User), next: z.string().optional() }) },
} as const satisfies ApiRoute;

export const ADD_USER = {
  method: 'POST',
  path: '/api/users',
  tag: 'access',
  role: 'admin',
  summary: 'Adds a local user',
  body: NewUser,
  answers: { 201: OneUser },
} as const satisfies ApiRoute;

export const CHANGE_PASSWORD = {
  method: 'PUT',
  path: '/api/users/:name/password',
  tag: 'access',
  role: 'admin',
  summary: 'Changes the password of a local user',
  params: UserParams,
  body: NewPassword,
  answers: { 200: OneUser },
} as const satisfies ApiRoute;

export const REMOVE_USER = {
  method: 'DELETE',
  path: '/api/users/:name',
  tag: 'access',
  role: 'admin',
  summary: 'Removes a local user',
  params: UserParams,
  answers: { 200: OneUser },
} as const satisfies ApiRoute;

export const LIST_SESSIONS = {
  method: 'GET',
  path: '/api/sessions',
  tag: 'access',
  role: 'admin',
  summary: 'Lists the sessions of all browsers',
  query: z.strictObject({ limit: Limit.unwrap().optional(), cursor: Cursor.optional() }),
  answers: { 200: z.object({ sessions: z.array(Session), next: z.string().optional() }) },
} as const satisfies ApiRoute;

export const REVOKE_SESSION = {
  method: 'DELETE',
  path: '/api/sessions/:session',
  tag: 'access',
  role: 'admin',
  summary: 'Revokes a session, or all of a user',
  params: z.object({ session: z.string() }),
  answers: { 200: z.object({ sessions: z.array(Session) }) },
} as const satisfies ApiRoute;
