import { proxyFor } from '@nightcrier/core/settings/proxies';
import type { Secret } from '@nightcrier/core/settings/secret';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Transporter } from 'nodemailer';
import type { SMTPError } from 'nodemailer/lib/smtp-connection/index.js';
import { DeliveryError } from '../delivery-error.ts';
import type { Notice } from '../content/notice.ts';
import { factsOf, footerOf, headlineOf, paragraphsOf, statusOf } from '../content/wording.ts';
import type { NotificationTarget, TargetIdentity } from '../notification-target.ts';

export interface EmailOptions {
  to: readonly string[];
  from: string;
  /** HOST:PORT */
  smarthost: string;
  username: string | undefined;
  readPassword: () => Promise<Secret | undefined>;
  requireTls: boolean;
  caFile: string | undefined;
}

const RATE = { max: 2, duration: 1_000 };
const TIMEOUT_MS = 20_000;
/** TLS from the start. */
const SMTPS_PORT = 465;

/** Recipients of e-mail. All mails about one problem are one thread. */
export function email({ id, receiver }: TargetIdentity, options: EmailOptions): NotificationTarget {
  return {
    id,
    receiver,
    kind: 'email',
    rate: RATE,
    inOrder: true,
    keepsState: false,
    async deliver(notice, _part, signal) {
      await withTransport(options, signal, async (transport) => transport.sendMail(mailOf(notice, options)));
      return undefined;
    },
    async check(signal) {
      // Connects and logs in, and sends no mail.
      await withTransport(options, signal, async (transport) => transport.verify());
      return 'accepted';
    },
  };
}

/** @throws DeliveryError */
async function withTransport(
  options: EmailOptions,
  signal: AbortSignal,
  use: (transport: Transporter) => Promise<unknown>,
): Promise<void> {
  const { createTransport } = await import('nodemailer');
  const transport = createTransport(await transportOptions(options));
  const abort = (): void => transport.close();
  signal.addEventListener('abort', abort);
  try {
    await use(transport);
  } catch (error) {
    throw deliveryError(error);
  } finally {
    signal.removeEventListener('abort', abort);
    transport.close();
  }
}

async function transportOptions({ smarthost, username, readPassword, requireTls, caFile }: EmailOptions) {
  const { hostname, port } = new URL(`smtp://${smarthost}`);
  const password = await readPassword();
  const secure = Number(port) === SMTPS_PORT;
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port),
    secure,
    requireTLS: requireTls && !secure,
    ...(username !== undefined && password && { auth: { user: username, pass: password.reveal() } }),
    proxy: proxyFor(new URL(`https://${smarthost}`)),
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    tls: {
      // Without it, encryption is used where the server offers it, whatever its certificate.
      rejectUnauthorized: requireTls || secure,
      ...(caFile !== undefined && { ca: await readFile(caFile) }),
    },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function mailOf(notice: Notice, { to, from }: EmailOptions): object {
  const thread = messageId(`thread ${notice.subject} ${notice.problem.since}`);
  const { report } = notice;
  return {
    from,
    to: [...to],
    subject: oneLine(`[Nightcrier] ${headlineOf(notice)}`),
    text: textOf(notice),
    messageId: messageId(notice.id),
    inReplyTo: thread,
    references: [thread],
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Nightcrier-Event': notice.event },
    ...(report !== undefined && {
      attachments: [{ filename: 'report.md', content: report, contentType: 'text/markdown; charset=utf-8' }],
    }),
  };
}

function textOf(notice: Notice): string {
  const url = notice.incident?.report_url;
  const paragraphs = paragraphsOf(notice).map(
    ({ heading, text, steps = [] }) =>
      `${heading}:${text === undefined ? '' : ` ${text}`}${steps.map((step, at) => `\n  ${at + 1}. ${step}`).join('')}`,
  );
  return [
    headlineOf(notice),
    statusOf(notice),
    factsOf(notice)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n'),
    ...paragraphs,
    ...(url === undefined ? [] : [`The whole report: ${url}`]),
    footerOf(notice),
  ]
    .join('\n\n')
    .toWellFormed();
}

function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\s\p{C}]+/gu, ' ')
    .slice(0, 250);
}

function messageId(text: string): string {
  return `<${createHash('sha256').update(text).digest('hex').slice(0, 32)}@nightcrier>`;
}

/** A server that refuses the message or every recipient (5xx) will refuse it again; a failed login can be fixed. */
function deliveryError(error: unknown): DeliveryError {
  const { message, code, responseCode }: Partial<SMTPError> =
    error instanceof Error ? error : { message: String(error) };
  const isRefused = responseCode !== undefined && responseCode >= 500 && code !== 'EAUTH' && code !== 'ETLS';
  return new DeliveryError(`the SMTP server did not accept the mail: ${message ?? code ?? 'no reason'}`, {
    kind: isRefused ? 'refused' : 'failed',
  });
}
