import { Incident } from '@nightcrier/core/incident';

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
    const response = await this.#get(`/api/incidents?${new URLSearchParams(query).toString()}`, signal);
    const body: unknown = await response.json();
    return Incident.array().parse(isRecord(body) ? body.incidents : body);
  }

  async incident(id: string): Promise<Incident> {
    return Incident.parse(await (await this.#get(`/api/incidents/${encodeURIComponent(id)}`)).json());
  }

  /** The report as Markdown; undefined when there is none. */
  async report(id: string): Promise<string | undefined> {
    const response = await this.#get(`/api/incidents/${encodeURIComponent(id)}/report`, undefined, [404]);
    return response.status === 404 ? undefined : response.text();
  }

  async #get(path: string, signal?: AbortSignal, accepted: number[] = []): Promise<Response> {
    const url = `${this.#base}${path}`;
    let response: Response;
    try {
      response = await fetch(url, { headers: this.#headers, signal: signal ?? AbortSignal.timeout(10_000) });
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
