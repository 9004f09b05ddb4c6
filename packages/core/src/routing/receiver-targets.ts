import { createHash } from 'node:crypto';
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
  /** Names its queue: `slack-bot` for the default receiver, `payments.slack-bot.<hash of its address>` for others. */
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
  const targets: TargetSettings[] = [
    ...receiver.slack_configs.map((settings) => ({ kind: slackKind(settings), settings })),
    ...receiver.msteamsv2_configs.map((settings) => ({ kind: 'msteams' as const, settings })),
    ...receiver.pagerduty_configs.map((settings) => ({ kind: 'pagerduty' as const, settings })),
    ...receiver.alertmanager_configs.map((settings) => ({ kind: 'alertmanager' as const, settings })),
    ...receiver.email_configs.map((settings) => ({ kind: 'email' as const, settings })),
    ...receiver.webhook_configs.map((settings) => ({ kind: 'webhook' as const, settings })),
  ];
  const used = new Map<string, number>();
  return targets.map((target) => {
    const id = `${receiver.name}.${target.kind}.${targetHash(target)}`;
    const before = used.get(id) ?? 0;
    used.set(id, before + 1);
    return { ...target, id: before === 0 ? id : `${id}.${before + 1}`, receiver: receiver.name };
  });
}

/**
 * Returns what tells a target from others of its kind: its address, so that its queue and its conversations stay the same when the
 * lists of a receiver are reordered. A secret counts where it is the address; no secret can be derived from the hash.
 */
function targetHash(target: TargetSettings): string {
  return createHash('sha256')
    .update(JSON.stringify(addressOf(target)))
    .digest('hex')
    .slice(0, 10);
}

function addressOf(target: TargetSettings): (string | undefined)[] {
  switch (target.kind) {
    case 'slack-bot':
      return [target.settings.api_url, target.settings.channel];
    case 'slack-webhook':
    case 'msteams':
      return [target.settings.webhook_url_file ?? target.settings.webhook_url?.reveal()];
    case 'pagerduty':
      return [target.settings.url, target.settings.routing_key_file ?? target.settings.routing_key?.reveal()];
    case 'alertmanager':
      return target.settings.urls.toSorted();
    case 'email':
      return target.settings.to.toSorted();
    case 'webhook':
      return [target.settings.url_file ?? target.settings.url?.reveal()];
    default:
      return target satisfies never;
  }
}

function slackKind({ webhook_url, webhook_url_file }: Settings<'slack_configs'>): 'slack-webhook' | 'slack-bot' {
  return (webhook_url ?? webhook_url_file) === undefined ? 'slack-bot' : 'slack-webhook';
}
