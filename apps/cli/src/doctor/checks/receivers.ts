import type { Config } from '@nightcrier/core/settings/config';
import { type ReceiverTarget, receiverTargets, type TargetKind } from '@nightcrier/core/routing/receiver-targets';
import { silentLogger } from '@nightcrier/core/logger';
import { connectProducer } from '@nightcrier/state/redis/connection';
import { openState } from '@nightcrier/state/open-state';
import { configuredTargets, SLACK_RATE } from '@nightcrier/triage-worker/notification/configured-targets';
import type { NotificationTarget } from '@nightcrier/triage-worker/notification/notification-target';
import { ALERTMANAGER_TIMES } from '@nightcrier/triage-worker/notification/targets/alertmanager';
import type { Check } from '../check.ts';
import { failed, type Finding, ok, reasonOf, skipped } from '../finding.ts';

/** Each place that receivers notify. Nothing is sent that shows there. */
export const receivers: Check = {
  name: 'receiver',
  examine: ({ config }) => {
    const targets = receiverTargets(config);
    if (targets.length === 0) {
      return [
        {
          subject: 'none',
          run: async () => [skipped('none', 'no receiver is configured; reports are in the API alone')],
        },
      ];
    }
    const opened = openTargets(config);
    return targets.map((target) => ({
      subject: target.id,
      timeoutMs: 30_000,
      run: async (signal) => [await inspect(target, opened, signal)],
    }));
  },
};

/** Opens the targets as a worker does. Their checks use nothing in Redis, so this connection is never made. */
function openTargets(config: Config): NotificationTarget[] {
  const redis = connectProducer({ url: 'redis://127.0.0.1:1', key_prefix: config.redis.key_prefix }, silentLogger);
  redis.disconnect();
  const { slackCards, postedAlerts } = openState(redis, { key_prefix: config.redis.key_prefix, logger: silentLogger });
  return configuredTargets(config, {
    slackCards,
    postedAlerts,
    slackRate: SLACK_RATE,
    alertmanagerTimes: ALERTMANAGER_TIMES,
    logger: silentLogger,
  });
}

async function inspect(target: ReceiverTarget, opened: NotificationTarget[], signal: AbortSignal): Promise<Finding> {
  const { id } = target;
  try {
    const how = await opened.find((one) => one.id === id)?.check(signal);
    return ok(
      id,
      how === 'accepted' ? 'accepts messages' : 'answers; only a delivery shows whether it accepts messages',
    );
  } catch (error) {
    const message = reasonOf(error);
    return failed(id, message, fixOf(target, message));
  }
}

/** What each kind needs. */
const NEEDS: Record<TargetKind, { address: string; credentials: string }> = {
  'slack-webhook': {
    address: 'the webhook URL',
    credentials:
      'make a new incoming webhook in the Slack app, and set slack_webhook_url_file (webhook_url_file) to it',
  },
  'slack-bot': {
    address: 'slack_api_url (api_url)',
    credentials: 'install the Slack app again, and set slack_bot_token_file (bot_token_file) to its xoxb- token',
  },
  msteams: { address: 'webhook_url_file', credentials: 'make a new workflow, and set webhook_url_file to its URL' },
  pagerduty: {
    address: 'url',
    credentials: 'set routing_key_file to the integration key of an Events API v2 integration',
  },
  alertmanager: { address: 'urls', credentials: 'set bearer_token_file, or username and password_file' },
  email: { address: 'smarthost', credentials: 'set auth_username and auth_password_file to those of the SMTP server' },
  webhook: { address: 'the webhook URL', credentials: 'set webhook_url_file (url_file) to a URL with a valid key' },
};

function fixOf({ kind, receiver }: ReceiverTarget, message: string): string {
  const of = receiver === 'default' ? '' : ` of the receiver ${receiver}`;
  const { address, credentials } = NEEDS[kind];
  if (/xapp|apps\.connections\.open/.test(message))
    return `set slack_app_token_file (app_token_file)${of} to a valid app-level token`;
  if (/is unreachable|ECONNREFUSED|ENOTFOUND|ETIMEDOUT/.test(message))
    return `let this machine reach it, set HTTPS_PROXY, or correct ${address}${of}`;
  if (/did not answer as it does|something else than Slack/.test(message)) {
    return `correct ${address}${of}: a web page or proxy answers there`;
  }
  if (
    /invalid_auth|not_authed|token_|account_inactive|answered 40[134]|no_service|EAUTH|[Ll]ogin|535|answered 400/.test(
      message,
    )
  ) {
    return `${credentials}${of}`;
  }
  return `correct ${address}${of}, or see the log of the service`;
}
