import type { Logger } from '@nightcrier/core/logger';
import type { Principal } from '@nightcrier/core/access/principal';
import { z } from 'zod';
import type { SlackApi } from './slack-api.ts';
import { SLACK_ACTIONS, type SlackAction } from './slack-message.ts';

/** What people can do with a problem by a button. Each returns what is shown to them, and records its author. */
export type ProblemActions = Record<SlackAction, (problem: ProblemName, author: Principal) => Promise<string>>;

export interface ProblemName {
  cluster: string;
  key: string;
}

export interface SlackClicksOptions {
  /** Returns the ids of the users (`U…`, `W…`) and user groups (`S…`) that may press the buttons of a target. */
  operatorsOf: (target: string) => readonly string[];
  api: Pick<SlackApi, 'post' | 'groupMembers'>;
  actions: ProblemActions;
  logger: Logger;
  /** Name of the target, for logs. */
  target: string;
  now?: () => number;
}

/** The part of a `block_actions` payload that is read. */
const Click = z.object({
  type: z.literal('block_actions'),
  user: z.object({ id: z.string(), username: z.string().optional(), name: z.string().optional() }),
  channel: z.object({ id: z.string() }).optional(),
  message: z.object({ ts: z.string(), thread_ts: z.string().optional() }).optional(),
  actions: z.array(z.object({ action_id: z.enum(SLACK_ACTIONS), value: z.string() })).min(1),
});
type Click = z.infer<typeof Click>;
const Value = z.object({ cluster: z.string(), key: z.string(), target: z.string() });

/** Members of a user group are read again after this time, ms. */
const GROUP_MS = 60_000;

/** Handles the clicks on buttons of messages: who is not listed as an operator may do nothing. */
export class SlackClicks {
  readonly #options: SlackClicksOptions;
  readonly #now: () => number;
  readonly #groups = new Map<string, { users: ReadonlySet<string>; at: number }>();

  constructor(options: SlackClicksOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** @param body the payload of an interaction. Never rejects. */
  async handle(body: unknown, signal: AbortSignal): Promise<void> {
    const { logger, target } = this.#options;
    const click = Click.safeParse(body);
    // Interactions of other apps' messages, or of other versions.
    if (!click.success) {
      logger.debug({ target, error: click.error }, 'slack interaction ignored');
      return;
    }
    const [{ action_id: action, value } = { action_id: SLACK_ACTIONS[0], value: '' }] = click.data.actions;
    const { user } = click.data;
    try {
      const answer = await this.#perform(action, value, user, signal);
      await this.#reply(click.data, answer, signal);
    } catch (error) {
      logger.warn({ target, user: user.id, action, error }, 'slack button failed');
      await this.#reply(click.data, 'That did not work; nothing was changed. Try again.', signal).catch(
        (cause: unknown) => logger.debug({ target, error: cause }, 'slack button not answered'),
      );
    }
  }

  async #perform(action: SlackAction, value: string, user: Click['user'], signal: AbortSignal): Promise<string> {
    const { actions, logger, target } = this.#options;
    const { target: clicked, ...problem } = Value.parse(JSON.parse(value));
    // Two targets may be channels of one app.
    if (!(await this.#isOperator(user.id, this.#options.operatorsOf(clicked), signal))) {
      logger.warn({ target, user: user.id, action }, 'slack button refused; the user is no operator');
      return 'You may not do that: ask an administrator of Nightcrier to list you in slack_operators.';
    }
    const name = `${(user.username ?? user.name ?? 'user').replaceAll(/[\s\p{C}]+/gu, ' ').slice(0, 60)} (${user.id})`;
    const answer = await actions[action](problem, { name, kind: 'slack', role: 'operator' });
    logger.info({ target, user: user.id, action, ...problem }, 'slack button pressed');
    return answer;
  }

  async #isOperator(user: string, operators: readonly string[], signal: AbortSignal): Promise<boolean> {
    if (operators.includes(user)) return true;
    for (const group of operators.filter((id) => id.startsWith('S')))
      if ((await this.#members(group, signal)).has(user)) return true;
    return false;
  }

  async #members(group: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
    const known = this.#groups.get(group);
    if (known && this.#now() - known.at < GROUP_MS) return known.users;
    const users = new Set(await this.#options.api.groupMembers(group, signal));
    this.#groups.set(group, { users, at: this.#now() });
    return users;
  }

  /** Shows an answer to the person who has pressed the button alone. */
  async #reply({ channel, message, user }: Click, text: string, signal: AbortSignal): Promise<void> {
    if (!channel) return;
    const thread = message?.thread_ts === undefined ? {} : { thread_ts: message.thread_ts };
    await this.#options.api.post('chat.postEphemeral', { channel: channel.id, user: user.id, text, ...thread }, signal);
  }
}
