import { Books } from '@nightcrier/core/incidents/books';
import { Incident } from '@nightcrier/core/incidents/incident';

/** The API of a running system, as the CLI uses it. */
export class ApiClient {
  readonly #base: string;
  readonly #headers: Record<string, string>;

  constructor(base: string, accessKey?: string) {
    this.#base = base.replace(/\/$/, '');
    this.#headers = accessKey === undefined ? {} : { authorization: `Bearer ${accessKey}` };
  }

  /** Newest first. */
  async incidents(query: Record<string, string> = {}, signal?: AbortSignal): Promise<Incident[]> {
    const response = await this.#request(`/api/incidents?${new URLSearchParams(query).toString()}`, signal);
    const body: unknown = await response.json();
    return Incident.array().parse(isRecord(body) ? body.incidents : body);
  }

  async incident(id: string): Promise<Incident> {
    return Incident.parse(await (await this.#request(`/api/incidents/${encodeURIComponent(id)}`)).json());
  }

  /** The report as Markdown; undefined when there is none. */
  async report(id: string): Promise<string | undefined> {
    const response = await this.#request(`/api/incidents/${encodeURIComponent(id)}/report`, undefined, [404]);
    return response.status === 404 ? undefined : response.text();
  }

  /** Has an incident that has ended investigated again; gives the id of the new one. */
  async requeue(id: string): Promise<string> {
    return this.#post(`/api/incidents/${encodeURIComponent(id)}/requeue`);
  }

  /** Has one member of an incident investigated by itself; gives the id of the new incident. */
  async split(id: string, member: string): Promise<string> {
    return this.#post(`/api/incidents/${encodeURIComponent(id)}/members/${encodeURIComponent(member)}/split`);
  }

  async books(): Promise<Books> {
    return Books.parse(await (await this.#request('/api/books')).json());
  }

  async #post(path: string): Promise<string> {
    const body: unknown = await (await this.#request(path, undefined, [], 'POST')).json();
    if (isRecord(body) && typeof body.incident_id === 'string') return body.incident_id;
    throw new Error(`${path} answered without an incident_id: ${JSON.stringify(body)}`);
  }

  async #request(path: string, signal?: AbortSignal, accepted: number[] = [], method = 'GET'): Promise<Response> {
    const url = `${this.#base}${path}`;
    let response: Response;
    try {
      response = await fetch(url, { method, headers: this.#headers, signal: signal ?? AbortSignal.timeout(10_000) });
    } catch (cause) {
      throw new Error(`no answer from the API at ${this.#base}; is nightcrier running? Use --api-url for another`, {
        cause,
      });
    }
    if (response.ok || accepted.includes(response.status)) return response;
    throw new Error(`${url} answered ${response.status}: ${(await response.text()).slice(0, 500)}`);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
