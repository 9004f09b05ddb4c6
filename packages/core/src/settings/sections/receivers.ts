import { z } from 'zod';
import { PROBLEM_EVENTS } from '../../problems/problem-notification.ts';
import {
  choiceList,
  filePath,
  flag,
  httpUrl,
  integer,
  metaOf,
  seconds,
  secret,
  secretUrl,
  text,
  withSecretFiles,
  wordList,
} from '../config-fields.ts';
import { slackAppTokenProblem, slackBotTokenProblem, slackOperators } from './notifications.ts';

/** An object of which each group must have one of its keys set, or the `_file` of one. */
function requiring<S extends z.ZodRawShape>(shape: S, ...groups: string[][]) {
  return z.strictObject(shape).superRefine((value, context) => {
    for (const keys of groups) {
      const given = keys.filter((key) => isSet(value, key) || isSet(value, `${key}_file`));
      const choice = keys.map((key) => (isSecret(shape[key]) ? `${key} (or ${key}_file)` : key)).join(' or ');
      if (given.length === 0) context.addIssue({ code: 'custom', message: `needs ${choice}`, input: 'nothing' });
      if (given.length > 1)
        context.addIssue({ code: 'custom', message: `${given.join(' and ')} cannot both be set`, input: 'both' });
    }
  });
}

function isSet(value: unknown, key: string): boolean {
  return typeof value === 'object' && value !== null && Reflect.get(value, key) !== undefined;
}

function isSecret(field: z.core.$ZodType | undefined): boolean {
  return field !== undefined && metaOf(field).secret === true;
}

const SlackTarget = requiring(
  withSecretFiles({
    webhook_url: secretUrl().optional().meta({ description: 'Incoming webhook. Its messages cannot be edited.' }),
    bot_token: secret(slackBotTokenProblem)
      .optional()
      .meta({ description: 'Bot token (xoxb-…) of an app, in place of a webhook: one message for each problem.' }),
    channel: text()
      .max(255)
      .optional()
      .meta({ description: 'ID or name of the channel that the app posts to. It must be a member.' }),
    app_token: secret(slackAppTokenProblem).optional().meta({
      description:
        'App-level token (xapp-…) with connections:write: messages get buttons, whose clicks come through Socket Mode.',
    }),
    operators: slackOperators().default([]),
    api_url: httpUrl().default('https://slack.com/api').meta({ description: 'Address of the Slack API.' }),
  }),
  ['webhook_url', 'bot_token'],
).superRefine(({ bot_token, bot_token_file, channel, app_token, app_token_file, operators }, context) => {
  const hasBot = (bot_token ?? bot_token_file) !== undefined;
  const issue = (message: string): void => context.addIssue({ code: 'custom', message, input: 'it' });
  if (hasBot && channel === undefined) issue('bot_token needs channel');
  if (!hasBot && (channel ?? app_token ?? app_token_file) !== undefined) issue('channel and app_token need bot_token');
  if ((app_token ?? app_token_file) !== undefined && operators.length === 0)
    issue('app_token needs operators: who may press the buttons');
});

const TeamsTarget = requiring(
  withSecretFiles({
    webhook_url: secretUrl()
      .optional()
      .meta({ description: 'URL of a Teams workflow "When a Teams webhook request is received".' }),
  }),
  ['webhook_url'],
);

const PagerDutyTarget = requiring(
  withSecretFiles({
    routing_key: secret(routingKeyProblem)
      .optional()
      .meta({ description: 'Integration key of a service with an Events API v2 integration.' }),
    url: httpUrl()
      .default('https://events.pagerduty.com/v2/enqueue')
      .meta({ description: 'Address of the Events API v2; of the EU: https://events.eu.pagerduty.com/v2/enqueue.' }),
  }),
  ['routing_key'],
);

function routingKeyProblem(value: string): string | undefined {
  return /^[0-9a-zA-Z]{32}$/.test(value) ? undefined : 'must be an integration key of 32 letters and digits';
}

const AlertmanagerTarget = z
  .strictObject(
    withSecretFiles({
      urls: z
        .array(httpUrl())
        .min(1, { error: 'must list at least one Alertmanager' })
        .meta({ description: 'Every instance of one Alertmanager cluster; each gets every alert.' }),
      bearer_token: secret().optional().meta({ description: 'Sent as a Bearer token.' }),
      username: text().optional().meta({ description: 'User name of basic authentication.' }),
      password: secret().optional().meta({ description: 'Password of basic authentication.' }),
      ca_file: filePath('file').optional().meta({
        description: 'PEM file of the authorities that are trusted for these servers, in place of the public ones.',
      }),
      labels: z
        .record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/), z.string())
        .default({})
        .meta({ description: 'Labels that every alert gets in addition.' }),
    }),
  )
  .superRefine(({ username, password, password_file }, context) => {
    if ((username === undefined) !== ((password ?? password_file) === undefined))
      context.addIssue({
        code: 'custom',
        message: 'username and password (or password_file) need each other',
        input: '',
      });
  });

const EmailTarget = requiring(
  withSecretFiles({
    to: wordList().meta({ description: 'Addresses of the recipients.' }),
    from: text().meta({ description: 'Address of the sender.' }),
    smarthost: text()
      .regex(/^[^\s:/]+:\d{1,5}$|^\[[0-9a-f:]+\]:\d{1,5}$/i, { error: 'must be HOST:PORT' })
      .meta({ description: 'SMTP server, HOST:PORT. Port 465: TLS from the start.', schema: { type: 'string' } }),
    auth_username: text().optional().meta({ description: 'User name at the SMTP server.' }),
    auth_password: secret().optional().meta({ description: 'Password at the SMTP server.' }),
    require_tls: flag().default(true).meta({
      description:
        'Whether mail is sent only over TLS with a trusted certificate. false: over TLS where the server offers it, whatever its certificate.',
    }),
    ca_file: filePath('file').optional().meta({
      description: 'PEM file of the authorities that are trusted for this server, in place of the public ones.',
    }),
  }),
).superRefine(({ to, auth_username, auth_password, auth_password_file }, context) => {
  if (to.length === 0) context.addIssue({ code: 'custom', message: 'needs at least one address in to', input: '' });
  for (const address of to)
    if (!/^[^\s@<>]+@[^\s@<>]+$/.test(address))
      context.addIssue({
        code: 'custom',
        path: ['to'],
        message: 'must be addresses such as a@example.org',
        input: address,
      });
  if ((auth_username === undefined) !== ((auth_password ?? auth_password_file) === undefined))
    context.addIssue({ code: 'custom', message: 'auth_username and auth_password need each other', input: '' });
});

const WebhookTarget = requiring(
  withSecretFiles({
    url: secretUrl().optional().meta({ description: 'Address that receives notifications as JSON by POST.' }),
    secret: secret()
      .optional()
      .meta({ description: 'Key that signs the requests (Standard Webhooks): whsec_ and base64, or any text.' }),
    events: choiceList(PROBLEM_EVENTS).optional().meta({
      description:
        'Events that are sent. Default: reported, investigation_failed, reopened, severity_raised, flapping, recovered.',
    }),
    max_per_second: integer(1, 1000).default(50).meta({ description: 'Most requests per second.' }),
  }),
  ['url'],
);

/** Name of the receiver of the settings `slack_…` and `webhook_…`. */
export const DEFAULT_RECEIVER = 'default';

/** A receiver: everything that its lists name is notified. */
export const ReceiverConfig = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/, { error: 'must be 1 to 63 letters, digits, "_" or "-"' })
    .refine((name) => name !== DEFAULT_RECEIVER, {
      error: `${DEFAULT_RECEIVER} is the receiver of slack_webhook_url, slack_channel and webhook_url; choose another name`,
    })
    .meta({ description: 'Unique name, by which routes refer to it.' }),
  slack_configs: z.array(SlackTarget).default([]).meta({ description: 'Slack webhooks and apps.' }),
  msteamsv2_configs: z.array(TeamsTarget).default([]).meta({ description: 'Microsoft Teams workflows.' }),
  pagerduty_configs: z.array(PagerDutyTarget).default([]).meta({ description: 'PagerDuty services.' }),
  alertmanager_configs: z.array(AlertmanagerTarget).default([]).meta({ description: 'Alertmanagers.' }),
  email_configs: z.array(EmailTarget).default([]).meta({ description: 'Recipients of e-mail.' }),
  webhook_configs: z.array(WebhookTarget).default([]).meta({ description: 'Webhooks that receive signed JSON.' }),
});
export type ReceiverConfig = z.infer<typeof ReceiverConfig>;

/** Matchers in the syntax of Alertmanager: a list, or one text. */
const matchers = z
  .preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(z.string().min(1)))
  .default([])
  .meta({
    description: 'All must match, in the syntax of Alertmanager: severity="critical", team=~"a|b".',
    schema: { anyOf: [{ type: 'array', items: { type: 'string' } }, { type: 'string' }] },
  });

/** A node of the routing tree, with the meaning that it has in Alertmanager. */
export const RouteConfig = z.strictObject({
  receiver: text().optional().meta({ description: "Name of a receiver. Default: the parent's." }),
  matchers,
  continue: flag().default(false).meta({ description: 'Whether later siblings are tried after this one has matched.' }),
  repeat_interval: seconds(60, 2_592_000).optional().meta({
    description:
      "Time after which a problem that is still firing is notified again. Default: the parent's, else never.",
  }),
  get routes(): z.ZodDefault<z.ZodArray<typeof RouteConfig>> {
    return z.array(RouteConfig).default([]);
  },
});
export type RouteConfig = z.infer<typeof RouteConfig>;

/** Routes and receivers. They are trees, so they have neither flags nor environment variables. */
export const routing = {
  route: RouteConfig.optional().meta({
    description: `Which receiver is notified of a problem. Default: ${DEFAULT_RECEIVER}, of slack_…, webhook_….`,
  }),
  receivers: z.array(ReceiverConfig).default([]).meta({ description: 'Receivers that routes name.' }),
};
