import type { Logger } from '@nightcrier/core/logger';
import { type ReceiverTarget, receiverTargets } from '@nightcrier/core/routing/receiver-targets';
import type { Config } from '@nightcrier/core/settings/config';
import type { Secret } from '@nightcrier/core/settings/secret';
import { readSecret } from '@nightcrier/runtime/configuration/read-secret';
import type { PostedAlerts } from '@nightcrier/state/notifications/posted-alerts';
import type { SocketLease } from '@nightcrier/state/notifications/socket-lease';
import type { SlackCards } from '@nightcrier/state/notifications/slack-cards';
import type { NotificationTarget } from './notification-target.ts';
import { SlackApi } from './slack/slack-api.ts';
import { type ProblemActions, SlackClicks } from './slack/slack-clicks.ts';
import { SlackSocket, type SocketTimes } from './slack/slack-socket.ts';
import { slackBot } from './slack/slack-bot.ts';
import { slackWebhook } from './slack/slack-webhook.ts';
import { alertmanager, type AlertmanagerTimes } from './targets/alertmanager.ts';
import { email } from './targets/email.ts';
import { msteams } from './targets/msteams.ts';
import { pagerDuty } from './targets/pagerduty.ts';
import { webhook } from './targets/webhook.ts';

/** Slack's limit for a channel: about one message per second. */
export const SLACK_RATE = { max: 1, duration: 1_000 };

export interface TargetParts {
  slackCards: SlackCards;
  postedAlerts: PostedAlerts;
  slackRate: NotificationTarget['rate'];
  alertmanagerTimes: AlertmanagerTimes;
  logger: Logger;
}

export interface SocketParts {
  lease: SocketLease;
  actions: ProblemActions;
  /** Names this process. */
  owner: string;
  times: SocketTimes;
  logger: Logger;
}

/** Returns the sockets by which clicks on the buttons of Slack messages arrive: one for each app. */
export function configuredSockets(
  config: Config,
  { lease, actions, owner, times, logger }: SocketParts,
): SlackSocket[] {
  const targets = receiverTargets(config);
  const operatorsOf = (id: string): readonly string[] => {
    const target = targets.find((one) => one.id === id);
    return target?.kind === 'slack-bot' ? target.settings.operators : [];
  };
  return targets.flatMap((target) => {
    if (target.kind !== 'slack-bot') return [];
    const { app_token, app_token_file, bot_token, bot_token_file, api_url: apiUrl } = target.settings;
    if ((app_token ?? app_token_file) === undefined) return [];
    const api = new SlackApi(apiUrl, () => required(bot_token, bot_token_file));
    const clicks = new SlackClicks({ operatorsOf, api, actions, logger, target: target.id });
    const readAppToken = (): Promise<Secret> => required(app_token, app_token_file);
    return [new SlackSocket({ target: target.id, owner, readAppToken, apiUrl, clicks, lease, times, logger })];
  });
}

/** Returns the targets of all receivers. Key files are read at each delivery. */
export function configuredTargets(config: Config, parts: TargetParts): NotificationTarget[] {
  return receiverTargets(config).map((target) => open(target, parts));
}

function open(target: ReceiverTarget, parts: TargetParts): NotificationTarget {
  const { slackCards: cards, slackRate: rate, postedAlerts: posted, alertmanagerTimes: times, logger } = parts;
  switch (target.kind) {
    case 'slack-webhook': {
      const { webhook_url, webhook_url_file } = target.settings;
      return slackWebhook(target, () => required(webhook_url, webhook_url_file), rate);
    }
    case 'slack-bot': {
      const { bot_token, bot_token_file, channel = '', api_url: apiUrl, app_token, app_token_file } = target.settings;
      const hasButtons = (app_token ?? app_token_file) !== undefined;
      const readAppToken = hasButtons ? (): Promise<Secret> => required(app_token, app_token_file) : undefined;
      const readToken = (): Promise<Secret> => required(bot_token, bot_token_file);
      return slackBot(target, { readToken, channel, apiUrl, cards, rate, readAppToken });
    }
    case 'msteams': {
      const { webhook_url, webhook_url_file } = target.settings;
      return msteams(target, () => required(webhook_url, webhook_url_file));
    }
    case 'pagerduty': {
      const { routing_key, routing_key_file, url } = target.settings;
      return pagerDuty(target, { readKey: () => required(routing_key, routing_key_file), url });
    }
    case 'alertmanager': {
      const { urls, labels, ca_file: caFile } = target.settings;
      const readAuthorization = (): Promise<string | undefined> => authorizationOf(target.settings);
      return alertmanager(target, { urls, labels, caFile, readAuthorization, posted, times, logger });
    }
    case 'email': {
      const {
        to,
        from,
        smarthost,
        auth_username: username,
        require_tls: requireTls,
        ca_file: caFile,
      } = target.settings;
      const { auth_password, auth_password_file } = target.settings;
      const readPassword = (): Promise<Secret | undefined> => readSecret(auth_password, auth_password_file);
      return email(target, { to, from, smarthost, username, readPassword, requireTls, caFile });
    }
    case 'webhook': {
      const { url, url_file, secret, secret_file, max_per_second: maxPerSecond } = target.settings;
      const read = (): Promise<Secret | undefined> => readSecret(secret, secret_file);
      return webhook(target, { readUrl: () => required(url, url_file), readSecret: read, maxPerSecond });
    }
    default:
      return target satisfies never;
  }
}

type AlertmanagerSettings = Extract<ReceiverTarget, { kind: 'alertmanager' }>['settings'];

async function authorizationOf(settings: AlertmanagerSettings): Promise<string | undefined> {
  const { bearer_token, bearer_token_file, username, password, password_file } = settings;
  const token = await readSecret(bearer_token, bearer_token_file);
  if (token) return `Bearer ${token.reveal()}`;
  const secret = await readSecret(password, password_file);
  if (username === undefined || !secret) return undefined;
  return `Basic ${Buffer.from(`${username}:${secret.reveal()}`).toString('base64')}`;
}

async function required(value: Secret | undefined, file: string | undefined): Promise<Secret> {
  const secret = await readSecret(value, file);
  if (!secret) throw new Error('neither a secret nor its file is configured');
  return secret;
}
