import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { requireDirectory } from '@nightcrier/runtime/process/make-directory';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { generate } from 'selfsigned';

/** A certificate with its key, PEM. */
export interface KeyPair {
  cert: string;
  key: string;
}

const DAY_MS = 86_400_000;
/** Agents trust the authority that their run began with. */
const AUTHORITY_DAYS = 3650;
/** A gateway issues itself a certificate at each start. */
const CERTIFICATE_DAYS = 398;

/**
 * Returns the certificate authority of the gateways of a machine, and creates it at the first start. It is kept in one file, so that
 * an agent trusts a gateway that takes over from another.
 */
export async function openAuthority(directory: string): Promise<KeyPair> {
  const file = path.join(directory, 'authority.pem');
  requireDirectory('data_dir', directory);
  const known = await readAuthority(file);
  if (known) return known;
  const { cert, key } = await createAuthority();
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, `${cert.trim()}\n${key.trim()}\n`, { mode: 0o600 });
  try {
    await link(draft, file);
  } catch (error) {
    // Another gateway was first: its authority counts.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await rm(draft, { force: true });
  }
  const authority = await readAuthority(file);
  if (!authority) throw new Error(`${file} is not a certificate with its key; remove it, and a new one is created`);
  return authority;
}

async function readAuthority(file: string): Promise<KeyPair | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const cert = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(text)?.[0];
  const key = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/.exec(text)?.[0];
  return cert === undefined || key === undefined ? undefined : { cert: `${cert}\n`, key: `${key}\n` };
}

async function createAuthority(): Promise<KeyPair> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'nightcrier gateway authority' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + AUTHORITY_DAYS * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  return { cert, key };
}

/** Issues the certificate of one gateway, for the loopback addresses at which agents reach it. */
export async function issueCertificate({ cert: ca, key: caKey }: KeyPair): Promise<KeyPair> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'nightcrier gateway' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + CERTIFICATE_DAYS * DAY_MS),
    ca: { cert: ca, key: caKey },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 7, ip: '127.0.0.1' },
          { type: 2, value: 'localhost' },
        ],
      },
    ],
  });
  return { cert, key };
}
