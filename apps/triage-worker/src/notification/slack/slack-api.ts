import type { Secret } from '@nightcrier/core/settings/secret';
import { z } from 'zod';
import { DeliveryError } from '../delivery-error.ts';
import { post } from '../targets/post.ts';

const Answer = z.union([z.looseObject({ ok: z.literal(true) }), z.object({ ok: z.literal(false), error: z.string() })]);
const Posted = z.object({ channel: z.string(), ts: z.string() });
const Members = z.object({ users: z.array(z.string()) });

/** Error codes of a message that Slack will never accept. */
const REFUSED =
  /^(?:invalid_blocks|invalid_blocks_format|msg_too_long|msg_blocks_too_long|no_text|invalid_arg|invalid_json)/;
/** Pause when Slack limits the rate without a time, ms. */
const RATE_PAUSE = 30_000;

/** The methods of Slack's Web API that are used. */
export class SlackApi {
  readonly #url: string;
  readonly #readToken: () => Promise<Secret>;

  /** @param url `https://slack.com/api` */
  constructor(url: string, readToken: () => Promise<Secret>) {
    this.#url = url.replace(/\/+$/, '');
    this.#readToken = readToken;
  }

  /** @throws DeliveryError, {@link SlackError} for an error that Slack answers with */
  async post(
    method: 'chat.postMessage' | 'chat.update' | 'chat.postEphemeral',
    message: object,
    signal: AbortSignal,
  ): Promise<z.infer<typeof Posted>> {
    const answer = await this.#call(method, JSON.stringify(message), 'application/json; charset=utf-8', signal);
    if (method === 'chat.postEphemeral') return { channel: '', ts: '' };
    return parsed(method, Posted, answer);
  }

  /** Returns the ids of the users in a user group. Needs the scope usergroups:read. */
  async groupMembers(usergroup: string, signal: AbortSignal): Promise<string[]> {
    const method = 'usergroups.users.list';
    const form = new URLSearchParams({ usergroup }).toString();
    const answer = await this.#call(method, form, 'application/x-www-form-urlencoded', signal);
    return parsed(method, Members, answer).users;
  }

  /** Asks whether Slack accepts the token. Changes nothing. @throws DeliveryError, {@link SlackError} such as `invalid_auth` */
  async test(method: 'auth.test' | 'apps.connections.open', signal: AbortSignal): Promise<void> {
    await this.#call(method, '', 'application/x-www-form-urlencoded', signal);
  }

  async #call(method: string, body: string, contentType: string, signal: AbortSignal): Promise<object> {
    const headers = { authorization: `Bearer ${(await this.#readToken()).reveal()}`, 'content-type': contentType };
    const { text } = await post(`Slack's ${method}`, `${this.#url}/${method}`, { body, headers, signal });
    const answer = parsed(method, Answer, parseJson(text));
    if (answer.ok) return answer;
    throw new SlackError(method, answer.error);
  }
}

/** An error that Slack answers with. */
export class SlackError extends DeliveryError {
  readonly code: string;

  constructor(method: string, code: string) {
    super(
      `Slack's ${method} answered ${code}`,
      /^rate_?limited$/.test(code)
        ? { kind: 'limited', milliseconds: RATE_PAUSE }
        : { kind: REFUSED.test(code) ? 'refused' : 'failed' },
    );
    this.code = code;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parsed<T>(method: string, schema: z.ZodType<T>, answer: unknown): T {
  const { success, data, error } = schema.safeParse(answer);
  if (success) return data;
  throw new DeliveryError(
    `Slack's ${method} answered with something else than Slack does`,
    { kind: 'failed' },
    { cause: error },
  );
}
