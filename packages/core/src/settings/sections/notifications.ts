import { z } from 'zod';
import {
  flag,
  httpUrl,
  integer,
  seconds,
  secret,
  secretUrl,
  text,
  withSecretFiles,
  wordList,
} from '../config-fields.ts';

/** Who may press the buttons of messages. */
export function slackOperators() {
  return wordList()
    .pipe(
      z.array(z.string().regex(/^[UWS][A-Z0-9]{6,20}$/, { error: 'must be IDs of users (U…) or user groups (S…)' })),
    )
    .meta({
      value: 'list',
      description: 'IDs of the users (U…) and user groups (S…) that may press the buttons of messages in Slack.',
      schema: { anyOf: [{ type: 'array', items: { type: 'string' } }, { type: 'string' }] },
    });
}

const worker = { used_by: ['triage-worker'], live: true } as const;

/** Who is notified, and when agents count as degraded. */
export const notifications = withSecretFiles({
  notify_on_agent_failure: flag()
    .default(false)
    .meta({
      description: 'Notify about each incident whose agent gave no report.',
      env: ['NOTIFY_ON_AGENT_FAILURE'],
      ...worker,
    }),
  failure_threshold_for_alert: integer(0, 1000)
    .default(3)
    .meta({
      description:
        'Consecutive agent failures after which the agent is degraded: one alert is sent and agent_fallback takes over. 0: never.',
      unit: 'failures',
      env: ['FAILURE_THRESHOLD_FOR_ALERT'],
      ...worker,
    }),
  breaker_probe_interval: seconds(1, 86_400)
    .default(60)
    .meta({
      description: 'While the agent is degraded, interval between two incidents that probe whether it works again.',
      ...worker,
    }),
  slack_webhook_url: secretUrl()
    .optional()
    .meta({
      description: 'Incoming webhook of Slack.',
      env: ['SLACK_WEBHOOK_URL'],
      example: '/run/secrets/slack-webhook',
      ...worker,
    }),
  slack_bot_token: secret(slackBotTokenProblem)
    .optional()
    .meta({
      description: 'Bot token of a Slack app, which posts one message for each problem and updates it.',
      needs: 'slack_channel',
      example: '/run/secrets/slack-bot',
      ...worker,
    }),
  slack_channel: text()
    .max(255)
    .optional()
    .meta({
      description: 'ID or name of the channel that the Slack app posts to. The app must be a member.',
      needs: 'slack_bot_token',
      example: 'C0123456789',
      ...worker,
    }),
  slack_app_token: secret(slackAppTokenProblem)
    .optional()
    .meta({
      description:
        'App-level token of the Slack app with connections:write: messages get the buttons Acknowledge, Silence 4 h and Investigate again. Clicks come through Socket Mode, so no inbound port is needed.',
      needs: 'slack_operators',
      example: '/run/secrets/slack-app',
      ...worker,
    }),
  slack_operators: slackOperators()
    .optional()
    .meta({ needs: 'slack_app_token', example: '[U0123456789, S0123456789]', ...worker }),
  slack_api_url: httpUrl()
    .default('https://slack.com/api')
    .meta({ description: 'Address of the Slack API.', ...worker }),
  webhook_url: secretUrl()
    .optional()
    .meta({
      description: 'Webhook that receives notifications as JSON.',
      example: '/run/secrets/webhook-url',
      ...worker,
    }),
  webhook_secret: secret()
    .optional()
    .meta({
      description: 'Key that signs what webhook_url receives (Standard Webhooks): whsec_ and base64, or any text.',
      needs: 'webhook_url',
      example: '/run/secrets/webhook',
      ...worker,
    }),
  public_url: httpUrl()
    .optional()
    .meta({
      description:
        'Address of the API as browsers reach it: for links to reports, and as a host name that the API accepts without a key.',
      example: 'https://nightcrier.example',
      used_by: ['triage-worker', 'api'],
      live: true,
    }),
});

/** Which token it is shows in its prefix: xoxb- a bot's, xoxp- a user's, xapp- an app's. */
export function slackBotTokenProblem(value: string): string | undefined {
  if (/^(xoxe\.)?xoxb-/.test(value)) return undefined;
  return 'must be a bot token, which starts with xoxb- (not a user token, an app-level token or a webhook URL)';
}

export function slackAppTokenProblem(value: string): string | undefined {
  return value.startsWith('xapp-') ? undefined : 'must be an app-level token, which starts with xapp-';
}
