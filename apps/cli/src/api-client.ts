import { ApiKey, type NewApiKey } from '@nightcrier/core/access/api-key';
import { Session } from '@nightcrier/core/access/session';
import { type NewUser, User } from '@nightcrier/core/access/user';
import { AuditEntry } from '@nightcrier/core/access/audit-entry';
import { ClusterHealth } from '@nightcrier/core/clusters/cluster-health';
import type { CancelRequest } from '@nightcrier/core/incidents/cancel-request';
import { Books } from '@nightcrier/core/incidents/books';
import type { AcknowledgeRequest } from '@nightcrier/core/problems/acknowledge-request';
import { Problem } from '@nightcrier/core/problems/problem';
import { type NewSilence, Silence, SILENCE_STATES } from '@nightcrier/core/silences/silence';
import { Incident, type IncidentState } from '@nightcrier/core/incidents/incident';
import { StoredIncidentState } from '@nightcrier/core/incidents/stored-name';
import type { Response } from 'undici';
import { z } from 'zod';
import { ExitError } from '@nightcrier/runtime/exit-code';

interface RequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Sent as JSON. */
  body?: object;
  signal?: AbortSignal | undefined;
  /** Statuses besides 2xx that are no failure. */
  accepted?: number[];
}

const TIMEOUT_MS = 10_000;
const WHOLE_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const Counts = z.record(z.string(), z.number());
const Health = z.object({ clusters: ClusterHealth.array(), summary: Counts });
const Keys = z.object({ keys: ApiKey.array() });
const MadeKey = z.object({ key: ApiKey, secret: z.string() });
const ShownSilence = Silence.extend({ state: z.enum(SILENCE_STATES) });
export type ShownSilence = z.infer<typeof ShownSilence>;
const Silences = z.object({ silences: ShownSilence.array() });
const OneSilence = z.object({ silence: ShownSilence });
const Problems = z.object({ problems: Problem.array() });
const Users = z.object({ users: User.array() });
const OneUser = z.object({ user: User });
const Sessions = z.object({ sessions: Session.array() });
const Audit = z.object({ entries: AuditEntry.array() });

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
    const response = await this.#request(`/api/incidents?${new URLSearchParams(query).toString()}`, { signal });
    const body: unknown = await response.json();
    return Incident.array().parse(isRecord(body) ? body.incidents : body);
  }

  async incident(id: string): Promise<Incident> {
    return Incident.parse(await (await this.#request(incidentPath(id))).json());
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
    const response = await this.#request(`${incidentPath(id)}/report`, { accepted: [404] });
    return response.status === 404 ? undefined : response.text();
  }

  /** Requeues an incident that has ended; returns the id of the new incident. */
  async requeue(id: string): Promise<string> {
    return this.#newIncident(`${incidentPath(id)}/requeue`);
  }

  /** Splits one member off an incident; returns the id of the new incident. */
  async split(id: string, member: string): Promise<string> {
    return this.#newIncident(`${incidentPath(id)}/members/${encodeURIComponent(member)}/split`);
  }

  /** Cancels an open incident; returns `cancelled`, or the state of an incident that a worker is going to end. */
  async cancel(id: string, request: CancelRequest): Promise<IncidentState> {
    const response = await this.#request(`${incidentPath(id)}/cancel`, { method: 'POST', body: request });
    const body: unknown = await response.json();
    return StoredIncidentState.parse(isRecord(body) ? body.state : undefined);
  }

  /** Returns the health of every cluster, and their number by state. */
  async clusters(): Promise<z.infer<typeof Health>> {
    return Health.parse(await (await this.#request('/health/clusters')).json());
  }

  /** Returns the number of jobs by state. */
  async queue(): Promise<Record<string, number>> {
    return Counts.parse(await (await this.#request('/api/queue')).json());
  }

  async books(): Promise<Books> {
    return Books.parse(await (await this.#request('/api/books')).json());
  }

  /** Returns all named API keys, the oldest first. */
  async apiKeys(): Promise<ApiKey[]> {
    return Keys.parse(await (await this.#request('/api/keys')).json()).keys;
  }

  /** Makes a named API key; returns it with its secret, which cannot be read again. */
  async addApiKey(key: NewApiKey): Promise<{ key: ApiKey; secret: string }> {
    return MadeKey.parse(await (await this.#request('/api/keys', { method: 'POST', body: key })).json());
  }

  /** Revokes the API key with an id or a name, and returns it. */
  async revokeApiKey(idOrName: string): Promise<ApiKey> {
    const path = `/api/keys/${encodeURIComponent(idOrName)}`;
    return MadeKey.pick({ key: true }).parse(await (await this.#request(path, { method: 'DELETE' })).json()).key;
  }

  /** Returns all local users, by name. */
  async users(): Promise<User[]> {
    return Users.parse(await (await this.#request('/api/users')).json()).users;
  }

  async addUser(user: NewUser): Promise<User> {
    return OneUser.parse(await (await this.#request('/api/users', { method: 'POST', body: user })).json()).user;
  }

  async changePassword(name: string, password: string): Promise<void> {
    const path = `/api/users/${encodeURIComponent(name)}/password`;
    await this.#request(path, { method: 'PUT', body: { password } });
  }

  async removeUser(name: string): Promise<void> {
    await this.#request(`/api/users/${encodeURIComponent(name)}`, { method: 'DELETE' });
  }

  /** Returns the sessions of browsers, the latest first. */
  async sessions(): Promise<Session[]> {
    return Sessions.parse(await (await this.#request('/api/sessions')).json()).sessions;
  }

  /** Ends the session with an id, or all sessions of a user. Returns them. */
  async revokeSessions(idOrName: string): Promise<Session[]> {
    const path = `/api/sessions/${encodeURIComponent(idOrName)}`;
    return Sessions.parse(await (await this.#request(path, { method: 'DELETE' })).json()).sessions;
  }

  /** Returns the latest changes by people, the latest first. */
  async audit(limit: number): Promise<AuditEntry[]> {
    return Audit.parse(await (await this.#request(`/api/audit?limit=${limit}`)).json()).entries;
  }

  /** Returns problems: those that are firing first, of each state the latest change first. */
  async problems(query: Record<string, string> = {}): Promise<Problem[]> {
    const response = await this.#request(`/api/problems?${new URLSearchParams(query).toString()}`);
    return Problems.parse(await response.json()).problems;
  }

  async problem(cluster: string, key: string): Promise<Problem> {
    return Problem.parse(await (await this.#request(problemPath(cluster, key))).json());
  }

  async acknowledge(cluster: string, key: string, request: AcknowledgeRequest): Promise<void> {
    await this.#request(`${problemPath(cluster, key)}/acknowledge`, { method: 'POST', body: request });
  }

  async unacknowledge(cluster: string, key: string): Promise<void> {
    await this.#request(`${problemPath(cluster, key)}/acknowledge`, { method: 'DELETE' });
  }

  /** Has a problem investigated again; returns the id of the new incident. */
  async investigate(cluster: string, key: string): Promise<string> {
    return this.#newIncident(`${problemPath(cluster, key)}/investigate`);
  }

  /** Returns all silences, also those that ended within a week. */
  async silences(): Promise<ShownSilence[]> {
    return Silences.parse(await (await this.#request('/api/silences')).json()).silences;
  }

  async addSilence(silence: z.input<typeof NewSilence>): Promise<ShownSilence> {
    const response = await this.#request('/api/silences', { method: 'POST', body: silence });
    return OneSilence.parse(await response.json()).silence;
  }

  /** Ends a silence at once. */
  async expireSilence(id: string): Promise<void> {
    await this.#request(`/api/silences/${encodeURIComponent(id)}`, { method: 'DELETE' });
  }

  async #newIncident(path: string): Promise<string> {
    const body: unknown = await (await this.#request(path, { method: 'POST' })).json();
    if (isRecord(body) && typeof body.incident_id === 'string') return body.incident_id;
    throw new Error(`${path} returned no incident_id: ${JSON.stringify(body)}`);
  }

  async #request(path: string, options: RequestOptions = {}): Promise<Response> {
    const { method = 'GET', body, signal = AbortSignal.timeout(TIMEOUT_MS), accepted = [] } = options;
    const url = `${this.#base}${path}`;
    const headers = { ...this.#headers, ...(body && { 'content-type': 'application/json' }) };
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

function problemPath(cluster: string, key: string): string {
  return `/api/problems/${encodeURIComponent(cluster)}/${encodeURIComponent(key)}`;
}

function incidentPath(id: string): string {
  return `/api/incidents/${encodeURIComponent(id)}`;
}

/** Returns the message of a failed request; undefined if something other than the API answered. */
function failureOf(text: string): string | undefined {
  try {
    const body: unknown = JSON.parse(text);
    const error = isRecord(body) ? body.error : undefined;
    return isRecord(error) && typeof error.message === 'string' ? error.message : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
