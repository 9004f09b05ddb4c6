import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

/** What a server answers: the status, and a body of its own where it is not that of the service. */
export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

/** Returns what a service makes of a body: whether it violates a limit, and its own answer. */
type Judge = (body: string) => { violation?: string; accepted: unknown; answer: Answer };

/** A service that accepts JSON by POST, and enforces its limits. */
export class StrictServer implements AsyncDisposable {
  /** The bodies that it has accepted. */
  readonly accepted: unknown[] = [];
  /** Why it refused the others. */
  readonly violations: string[] = [];
  /** Answers to the next requests, one each, in place of its own. */
  readonly answers: Answer[] = [];
  requests = 0;
  readonly #server;

  private constructor(judge: Judge) {
    this.#server = createServer((request, response) => void this.#handle(request, response, judge));
  }

  async #handle(request: IncomingMessage, response: ServerResponse, judge: Judge): Promise<void> {
    const text = await read(request);
    this.requests += 1;
    const given = this.answers.shift();
    const { violation, accepted, answer } = judge(text);
    const own = violation === undefined ? answer : { status: 400, body: JSON.stringify({ errors: [violation] }) };
    const { status, headers = {}, body = '' }: Answer = given ?? own;
    if (violation !== undefined) this.violations.push(violation);
    else if (given === undefined) this.accepted.push(accepted);
    response.writeHead(status, headers).end(body);
  }

  static async start(judge: Judge): Promise<StrictServer> {
    const server = new StrictServer(judge);
    await new Promise<void>((resolve) => {
      server.#server.listen(0, '127.0.0.1', resolve);
    });
    return server;
  }

  get url(): string {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function read(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}

/** The login page of a proxy. */
export const LOGIN_PAGE: Answer = {
  status: 200,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: '<html><form>Log in</form></html>',
};

const TextRun = z.strictObject({
  type: z.literal('TextRun'),
  text: z.string().min(1),
  weight: z.enum(['default', 'bolder']).optional(),
  size: z.enum(['small', 'default', 'large']).optional(),
  color: z.enum(['default', 'good', 'warning', 'attention', 'accent']).optional(),
  isSubtle: z.boolean().optional(),
});
const Card = z.strictObject({
  type: z.literal('message'),
  attachments: z.tuple([
    z.strictObject({
      contentType: z.literal('application/vnd.microsoft.card.adaptive'),
      contentUrl: z.null(),
      content: z.strictObject({
        $schema: z.literal('http://adaptivecards.io/schemas/adaptive-card.json'),
        type: z.literal('AdaptiveCard'),
        version: z.literal('1.4'),
        msteams: z.object({ width: z.literal('Full') }),
        body: z.array(
          z.strictObject({
            type: z.literal('RichTextBlock'),
            spacing: z.enum(['default', 'none']).optional(),
            inlines: z.array(TextRun).min(1),
          }),
        ),
        actions: z.array(z.object({ type: z.literal('Action.OpenUrl'), title: z.string(), url: z.url() })).optional(),
      }),
    }),
  ]),
});

/** A workflow of Teams: 28 KB, an adaptive card, and 202 without a body. */
export async function startTeams(): Promise<StrictServer> {
  return StrictServer.start((body) => {
    const card = Card.safeParse(JSON.parse(body));
    const violation =
      Buffer.byteLength(body) > 28 * 1024 ? 'larger than 28 KB' : card.success ? undefined : card.error.message;
    return { ...(violation !== undefined && { violation }), accepted: card.data, answer: { status: 202 } };
  });
}

/** Returns the texts of a card. */
export function cardTexts(message: unknown): string[] {
  const [{ content }] = Card.parse(message).attachments;
  return content.body.map(({ inlines }) => inlines.map(({ text }) => text).join(''));
}

const text = (max: number) => z.string().min(1).max(max);
export const PagerDutyEvent = z.discriminatedUnion('event_action', [
  z.strictObject({
    routing_key: z.string().length(32),
    event_action: z.literal('trigger'),
    dedup_key: text(255),
    client: z.string().optional(),
    client_url: z.url().optional(),
    links: z.array(z.strictObject({ href: z.url(), text: z.string() })).optional(),
    payload: z.strictObject({
      summary: text(1_024),
      source: text(255),
      severity: z.enum(['critical', 'error', 'warning', 'info']),
      timestamp: z.iso.datetime({ offset: true }),
      component: z.string().optional(),
      group: z.string().optional(),
      class: z.string().optional(),
      custom_details: z.record(z.string(), z.string()),
    }),
  }),
  z.strictObject({ routing_key: z.string().length(32), event_action: z.literal('acknowledge'), dedup_key: text(255) }),
  z.strictObject({ routing_key: z.string().length(32), event_action: z.literal('resolve'), dedup_key: text(255) }),
]);

/** The Events API v2 of PagerDuty: 512 KB, 202 with the key, 400 with the errors. */
export async function startPagerDuty(): Promise<StrictServer> {
  return StrictServer.start((body) => {
    const event = PagerDutyEvent.safeParse(JSON.parse(body));
    const violation =
      Buffer.byteLength(body) > 512 * 1024 ? 'larger than 512 KB' : event.success ? undefined : event.error.message;
    const answer = { status: 'success', message: 'Event processed', dedup_key: event.data?.dedup_key };
    return {
      ...(violation !== undefined && { violation }),
      accepted: event.data,
      answer: { status: 202, body: JSON.stringify(answer) },
    };
  });
}
