import { ADD_KEY, LIST_AUDIT, LIST_KEYS, REVOKE_KEY } from '@nightcrier/core/api/access-routes';
import { ApiFailure } from '@nightcrier/core/api/errors';
import { GET_BOOKS, GET_HEALTH, GET_QUEUE, type Health } from '@nightcrier/core/api/health-routes';
import {
  CANCEL_INCIDENT,
  GET_INCIDENT,
  GET_REPORT,
  LIST_INCIDENTS,
  REQUEUE_INCIDENT,
  SPLIT_INCIDENT,
} from '@nightcrier/core/api/incident-routes';
import {
  ACKNOWLEDGE_PROBLEM,
  GET_PROBLEM,
  INVESTIGATE_PROBLEM,
  LIST_PROBLEMS,
  UNACKNOWLEDGE_PROBLEM,
} from '@nightcrier/core/api/problem-routes';
import type { AnswerOf, ApiRoute, SentBodyOf } from '@nightcrier/core/api/route';
import { ADD_SILENCE, EXPIRE_SILENCE, LIST_SILENCES, type ShownSilence } from '@nightcrier/core/api/silence-routes';
import {
  ADD_USER,
  CHANGE_PASSWORD,
  LIST_SESSIONS,
  LIST_USERS,
  REMOVE_USER,
  REVOKE_SESSION,
} from '@nightcrier/core/api/user-routes';
import type { ApiKey } from '@nightcrier/core/access/api-key';
import type { AuditEntry } from '@nightcrier/core/access/audit-entry';
import type { Session } from '@nightcrier/core/access/session';
import type { User } from '@nightcrier/core/access/user';
import type { Books } from '@nightcrier/core/incidents/books';
import type { Incident, IncidentState } from '@nightcrier/core/incidents/incident';
import type { Problem } from '@nightcrier/core/problems/problem';
import type { Response } from 'undici';
import type { z } from 'zod';
import { VERSION } from '@nightcrier/core/version';
import { ExitError } from '@nightcrier/runtime/exit-code';

/** The parts of a request of a route. */
interface RequestParts<R extends ApiRoute> {
  /** By the names in the path of the route. */
  params?: Record<string, string>;
  query?: Record<string, string>;
  /** Sent as JSON. */
  body?: SentBodyOf<R>;
  signal?: AbortSignal | undefined;
  /** Statuses besides 2xx that are no failure. */
  accepted?: number[];
}

const TIMEOUT_MS = 10_000;
const WHOLE_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Client of the API of a running system. All methods throw an Error with the API's message if a request fails. */
export class ApiClient {
  readonly #base: string;
  readonly #headers: Record<string, string>;

  constructor(base: string, accessKey?: string) {
    this.#base = base.replace(/\/$/, '');
    this.#headers = accessKey === undefined ? {} : { authorization: `Bearer ${accessKey}` };
  }

  /** Returns incidents, newest first. */
  async incidents(query: Record<string, string> = {}, signal?: AbortSignal): Promise<Incident[]> {
    return (await this.#call(LIST_INCIDENTS, { query, signal })).incidents;
  }

  async incident(id: string): Promise<Incident> {
    return this.#call(GET_INCIDENT, { params: { id } });
  }

  /**
   * Returns the id of the incident that begins with `prefix`, among the latest 500 if it is not whole.
   * @throws ExitError when there is none, or several
   */
  async incidentId(prefix: string): Promise<string> {
    if (WHOLE_ID.test(prefix)) return prefix;
    const found = (await this.incidents({ limit: '500' }))
      .map(({ incident_id: id }) => id)
      .filter((id) => prefix !== '' && id.startsWith(prefix.toLowerCase()));
    const [id] = found;
    if (id !== undefined && found.length === 1) return id;
    throw new ExitError(
      'failed',
      id === undefined
        ? `no incident begins with ${JSON.stringify(prefix)} (the latest 500 were searched); see nightcrier incidents list`
        : `${found.length} incidents begin with ${JSON.stringify(prefix)}: ${found.slice(0, 5).join(', ')}`,
    );
  }

  /** Returns the report as Markdown, undefined if there is none. */
  async report(id: string): Promise<string | undefined> {
    const response = await this.#request(GET_REPORT, { params: { id }, accepted: [404] });
    return response.status === 404 ? undefined : response.text();
  }

  /** Requeues an incident that has ended; returns the id of the new incident. */
  async requeue(id: string): Promise<string> {
    return (await this.#call(REQUEUE_INCIDENT, { params: { id } })).incident_id;
  }

  /** Splits one member off an incident; returns the id of the new incident. */
  async split(id: string, member: string): Promise<string> {
    return (await this.#call(SPLIT_INCIDENT, { params: { id, member } })).incident_id;
  }

  /** Cancels an open incident; returns `cancelled`, or the state of an incident that a worker is going to end. */
  async cancel(id: string, request: SentBodyOf<typeof CANCEL_INCIDENT>): Promise<IncidentState> {
    return (await this.#call(CANCEL_INCIDENT, { params: { id }, body: request })).state;
  }

  /** Returns the health of every cluster, and their number by state. */
  async clusters(): Promise<Health> {
    return this.#call(GET_HEALTH);
  }

  /** Returns the number of jobs by state. */
  async queue(): Promise<Record<string, number>> {
    return this.#call(GET_QUEUE);
  }

  async books(): Promise<Books> {
    return this.#call(GET_BOOKS);
  }

  /** Returns all named API keys, the oldest first. */
  async apiKeys(): Promise<ApiKey[]> {
    return (await this.#call(LIST_KEYS)).keys;
  }

  /** Makes a named API key; returns it with its secret, which cannot be read again. */
  async addApiKey(key: SentBodyOf<typeof ADD_KEY>): Promise<AnswerOf<typeof ADD_KEY>> {
    return this.#call(ADD_KEY, { body: key });
  }

  /** Revokes the API key with an id or a name, and returns it. */
  async revokeApiKey(idOrName: string): Promise<ApiKey> {
    return (await this.#call(REVOKE_KEY, { params: { key: idOrName } })).key;
  }

  /** Returns all local users, by name. */
  async users(): Promise<User[]> {
    return (await this.#call(LIST_USERS)).users;
  }

  async addUser(user: SentBodyOf<typeof ADD_USER>): Promise<User> {
    return (await this.#call(ADD_USER, { body: user })).user;
  }

  async changePassword(name: string, password: string): Promise<void> {
    await this.#call(CHANGE_PASSWORD, { params: { name }, body: { password } });
  }

  async removeUser(name: string): Promise<void> {
    await this.#call(REMOVE_USER, { params: { name } });
  }

  /** Returns the sessions of browsers, the latest first. */
  async sessions(): Promise<Session[]> {
    return (await this.#call(LIST_SESSIONS)).sessions;
  }

  /** Ends the session with an id, or all sessions of a user. Returns them. */
  async revokeSessions(idOrName: string): Promise<Session[]> {
    return (await this.#call(REVOKE_SESSION, { params: { session: idOrName } })).sessions;
  }

  /** Returns the latest changes by people, the latest first. */
  async audit(limit: number): Promise<AuditEntry[]> {
    return (await this.#call(LIST_AUDIT, { query: { limit: String(limit) } })).entries;
  }

  /** Returns problems: those that are firing first, of each state the latest change first. */
  async problems(query: Record<string, string> = {}): Promise<Problem[]> {
    return (await this.#call(LIST_PROBLEMS, { query })).problems;
  }

  async problem(cluster: string, key: string): Promise<Problem> {
    return this.#call(GET_PROBLEM, { params: { cluster, key } });
  }

  async acknowledge(cluster: string, key: string, request: SentBodyOf<typeof ACKNOWLEDGE_PROBLEM>): Promise<void> {
    await this.#call(ACKNOWLEDGE_PROBLEM, { params: { cluster, key }, body: request });
  }

  async unacknowledge(cluster: string, key: string): Promise<void> {
    await this.#call(UNACKNOWLEDGE_PROBLEM, { params: { cluster, key } });
  }

  /** Has a problem investigated again; returns the id of the new incident. */
  async investigate(cluster: string, key: string): Promise<string> {
    return (await this.#call(INVESTIGATE_PROBLEM, { params: { cluster, key } })).incident_id;
  }

  /** Returns all silences, also those that ended within a week. */
  async silences(): Promise<ShownSilence[]> {
    return (await this.#call(LIST_SILENCES)).silences;
  }

  async addSilence(silence: SentBodyOf<typeof ADD_SILENCE>): Promise<ShownSilence> {
    return (await this.#call(ADD_SILENCE, { body: silence })).silence;
  }

  /** Ends a silence at once. */
  async expireSilence(id: string): Promise<void> {
    await this.#call(EXPIRE_SILENCE, { params: { id } });
  }

  /** Returns the answer as the schema of the route makes it. */
  async #call<const R extends ApiRoute>(route: R, parts: RequestParts<R> = {}): Promise<AnswerOf<R>> {
    const response = await this.#request(route, parts);
    const { answers }: ApiRoute = route;
    const schema = answers[response.status === 201 || response.status === 202 ? response.status : 200];
    if (!schema)
      throw new Error(`${route.method} ${response.url} answered with the unexpected status ${response.status}`);
    const { data, error } = schema.safeParse(parsedJson(await response.text()));
    if (error)
      throw new Error(
        `${route.method} ${response.url} was not answered as by the API of Nightcrier ${VERSION}: ${mismatch(error)}; ` +
          'check --api-url, and the version of what answers',
      );
    // The schema of the answer is a member of the type.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return data as AnswerOf<R>;
  }

  async #request<R extends ApiRoute>(route: R, parts: RequestParts<R>): Promise<Response> {
    const { params = {}, query = {}, body, signal = AbortSignal.timeout(TIMEOUT_MS), accepted = [] } = parts;
    const { method } = route;
    const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
    const search = new URLSearchParams(query).toString();
    const url = `${this.#base}${path}${search && `?${search}`}`;
    const headers = { ...this.#headers, ...(body !== undefined && { 'content-type': 'application/json' }) };
    const { fetch } = await import('undici');
    const { outgoing } = await import('@nightcrier/cluster/outgoing/dispatcher');
    let response: Response;
    try {
      const init = { method, headers, signal, dispatcher: outgoing() };
      response = await fetch(url, body === undefined ? init : { ...init, body: JSON.stringify(body) });
    } catch (cause) {
      throw new ExitError('unavailable', `cannot reach the API at ${this.#base}; start nightcrier, or set --api-url`, {
        cause,
      });
    }
    if (response.ok || accepted.includes(response.status)) return response;
    throw new Error(failureOf(await response.text()) ?? `${method} ${url} failed with status ${response.status}`);
  }
}

/** Returns undefined for what is no JSON. */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Names the first field that does not fit. */
function mismatch({ issues: [issue] }: z.ZodError): string {
  if (!issue || issue.path.length === 0) return 'the answer is no JSON object';
  return `field ${issue.path.map(String).join('.')}: ${issue.message}`;
}

/** Returns the message of a failed request; undefined if something other than the API answered. */
function failureOf(text: string): string | undefined {
  try {
    return ApiFailure.pick({ error: true }).safeParse(JSON.parse(text)).data?.error.message;
  } catch {
    return undefined;
  }
}
