import { Secret } from '@nightcrier/core/settings/secret';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generate } from 'selfsigned';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { expect, it, onTestFinished } from 'vitest';
import { DeliveryError } from '../../src/notification/delivery-error.ts';
import { email, type EmailOptions } from '../../src/notification/targets/email.ts';
import { hostileIncident } from './hostile-incidents.ts';
import { noticeOf } from './notices.ts';

const never = new AbortController().signal;

interface Mail {
  from: string;
  to: string[];
  headers: string;
  secure: boolean;
  user: string | undefined;
}

async function startSmtp(options: SMTPServerOptions = {}): Promise<{ mails: Mail[]; smarthost: string }> {
  const mails: Mail[] = [];
  const server = new SMTPServer({
    logger: false,
    authOptional: true,
    onAuth: ({ username, password }, _session, done) => {
      if (username === 'nightcrier' && password === 'right') done(null, { user: username });
      else done(Object.assign(new Error('bad login'), { responseCode: 535 }));
    },
    onData: (stream, session, done) => {
      let text = '';
      stream.on('data', (chunk) => (text += String(chunk)));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          headers: text,
          secure: session.secure,
          user: session.user,
        });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  const listener = server.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(() => new Promise<void>((resolve) => server.close(resolve)));
  const address = listener.address();
  return { mails, smarthost: `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}` };
}

async function certificate(): Promise<{ key: string; cert: string; caFile: string }> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  });
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-smtp-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const caFile = path.join(folder, 'ca.pem');
  await writeFile(caFile, cert);
  return { key, cert, caFile };
}

function target(smarthost: string, options: Partial<EmailOptions> = {}) {
  return email(
    { id: 'team.email.0', receiver: 'team' },
    {
      to: ['team@example.org', 'lead@example.org'],
      from: 'Nightcrier <nightcrier@example.org>',
      smarthost,
      username: undefined,
      readPassword: () => Promise.resolve(undefined),
      requireTls: false,
      caFile: undefined,
      ...options,
    },
  );
}

const notice = () => ({ ...noticeOf(hostileIncident(2), 'https://nightcrier.example/r'), report: '# The report\n' });

it('sends one mail to all recipients, over TLS and with a login; the mails of a problem are one thread', async () => {
  const { key, cert, caFile } = await certificate();
  const { mails, smarthost } = await startSmtp({ key, cert });
  const readPassword = () => Promise.resolve(new Secret('right'));
  const to = target(smarthost, { requireTls: true, caFile, username: 'nightcrier', readPassword });
  const first = notice();
  await to.deliver(first, 'message', never);
  await to.deliver(
    { ...first, id: 'end', event: 'recovered', problem: { ...first.problem, state: 'recovered' } },
    'message',
    never,
  );
  expect(mails).toMatchObject([
    { to: ['team@example.org', 'lead@example.org'], from: 'nightcrier@example.org', secure: true, user: 'nightcrier' },
    { secure: true },
  ]);
  const header = (at: number, name: string): string | undefined =>
    new RegExp(`^${name}: (.*(?:\\r\\n .*)*)`, 'mi').exec(mails[at]?.headers ?? '')?.[1];
  expect(header(0, 'References')).toBe(header(1, 'References'));
  expect(header(0, 'Message-ID')).not.toBe(header(1, 'Message-ID'));
  expect(header(0, 'Auto-Submitted')).toBe('auto-generated');
  expect(mails[0]?.headers).toMatch(/filename=report\.md/);
});

it('a header cannot be smuggled in by the names of a cluster', async () => {
  const { mails, smarthost } = await startSmtp();
  for (let seed = 0; seed < 40; seed += 1) {
    const incident = hostileIncident(seed);
    const hostile = noticeOf({
      ...incident,
      report: { ...incident.report!, title: 'x\r\nBcc: evil@example.org\r\n\r\nbody' },
    });
    await target(smarthost).deliver(hostile, 'message', never);
  }
  expect(mails).toHaveLength(40);
  for (const { headers, to } of mails) {
    expect(headers.split('\r\n\r\n')[0]).not.toMatch(/^Bcc:/im);
    expect(to).toHaveLength(2);
  }
});

it.each<[string, SMTPServerOptions, Partial<EmailOptions>, 'refused' | 'failed']>([
  [
    'an unknown recipient',
    { onRcptTo: (_address, _session, done) => done(Object.assign(new Error('no such user'), { responseCode: 550 })) },
    {},
    'refused',
  ],
  [
    'a full mailbox',
    { onRcptTo: (_address, _session, done) => done(Object.assign(new Error('full'), { responseCode: 452 })) },
    {},
    'failed',
  ],
  [
    'a wrong password',
    {},
    { username: 'nightcrier', readPassword: () => Promise.resolve(new Secret('wrong-password')) },
    'failed',
  ],
  ['no TLS where it is required', { disabledCommands: ['STARTTLS'] }, { requireTls: true }, 'failed'],
  ['a certificate that is not trusted', {}, { requireTls: true }, 'failed'],
])('%s is a failed delivery', async (_, options, settings, kind) => {
  const { mails, smarthost } = await startSmtp(options);
  const failure = await target(smarthost, settings)
    .deliver(notice(), 'message', never)
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(DeliveryError);
  expect(failure).toMatchObject({ failure: { kind }, message: expect.not.stringContaining('wrong-password') });
  expect(mails).toEqual([]);
});
