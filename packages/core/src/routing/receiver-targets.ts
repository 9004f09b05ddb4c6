import type { z } from 'zod';
import type { notifications } from '../settings/sections/notifications.ts';
import { DEFAULT_RECEIVER, type ReceiverConfig } from '../settings/sections/receivers.ts';

/** The kinds of targets, each with its settings. */
type Settings<K extends keyof ReceiverConfig> = ReceiverConfig[K] extends (infer Item)[] ? Item : never;
export type TargetSettings =
  | { kind: 'slack-webhook' | 'slack-bot'; settings: Settings<'slack_configs'> }
  | { kind: 'msteams'; settings: Settings<'msteamsv2_configs'> }
  | { kind: 'pagerduty'; settings: Settings<'pagerduty_configs'> }
  | { kind: 'alertmanager'; settings: Settings<'alertmanager_configs'> }
  | { kind: 'email'; settings: Settings<'email_configs'> }
  | { kind: 'webhook'; settings: Settings<'webhook_configs'> };
export type TargetKind = TargetSettings['kind'];

/** One place that a receiver notifies. */
export type ReceiverTarget = TargetSettings & {
  /** Names its queue: `slack-bot` for the default receiver, `payments.slack-bot.0` for others. */
  id: string;
  receiver: string;
};

type RoutingConfig = z.infer<z.ZodObject<typeof notifications>> & { receivers: readonly ReceiverConfig[] };

/** Returns every target of a configuration: those of the default receiver first. */
export function receiverTargets(config: RoutingConfig): ReceiverTarget[] {
  return [...defaultTargets(config), ...config.receivers.flatMap((receiver) => targetsOf(receiver))];
}

/** The targets of the settings `slack_…` and `webhook_…`. Their ids are those that earlier versions used. */
function defaultTargets(config: RoutingConfig): ReceiverTarget[] {
  const { slack_webhook_url, slack_webhook_url_file, slack_channel, slack_api_url: api_url } = config;
  const receiver = DEFAULT_RECEIVER;
  const targets: ReceiverTarget[] = [];
  if (slack_webhook_url ?? slack_webhook_url_file) {
    const settings = {
      webhook_url: slack_webhook_url,
      webhook_url_file: slack_webhook_url_file,
      operators: [],
      api_url,
    };
    targets.push({ id: 'slack-webhook', receiver, kind: 'slack-webhook', settings });
  }
  if (slack_channel !== undefined) {
    const settings = {
      bot_token: config.slack_bot_token,
      bot_token_file: config.slack_bot_token_file,
      app_token: config.slack_app_token,
      app_token_file: config.slack_app_token_file,
      operators: config.slack_operators ?? [],
      channel: slack_channel,
      api_url,
    };
    targets.push({ id: 'slack-bot', receiver, kind: 'slack-bot', settings });
  }
  if (config.webhook_url ?? config.webhook_url_file) {
    const settings = {
      url: config.webhook_url,
      url_file: config.webhook_url_file,
      secret: config.webhook_secret,
      secret_file: config.webhook_secret_file,
      max_per_second: 50,
    };
    targets.push({ id: 'webhook', receiver, kind: 'webhook', settings });
  }
  return targets;
}

function targetsOf(receiver: ReceiverConfig): ReceiverTarget[] {
  const named = <T extends TargetSettings>(targets: T[]): (T & { id: string; receiver: string })[] =>
    targets.map((target, index) => ({
      ...target,
      id: `${receiver.name}.${target.kind}.${index}`,
      receiver: receiver.name,
    }));
  return [
    ...named(receiver.slack_configs.map((settings) => ({ kind: slackKind(settings), settings }))),
    ...named(receiver.msteamsv2_configs.map((settings) => ({ kind: 'msteams' as const, settings }))),
    ...named(receiver.pagerduty_configs.map((settings) => ({ kind: 'pagerduty' as const, settings }))),
    ...named(receiver.alertmanager_configs.map((settings) => ({ kind: 'alertmanager' as const, settings }))),
    ...named(receiver.email_configs.map((settings) => ({ kind: 'email' as const, settings }))),
    ...named(receiver.webhook_configs.map((settings) => ({ kind: 'webhook' as const, settings }))),
  ];
}

function slackKind({ webhook_url, webhook_url_file }: Settings<'slack_configs'>): 'slack-webhook' | 'slack-bot' {
  return (webhook_url ?? webhook_url_file) === undefined ? 'slack-bot' : 'slack-webhook';
}
