import { isIP } from 'node:net';
import { generate } from 'selfsigned';

/** A self-signed certificate with its key, PEM. The certificate is its own CA. */
export interface Certificate {
  cert: string;
  key: string;
}

/** A certificate for the host names and addresses by which clients will call a simulated API server. */
export async function createCertificate(hosts: readonly string[]): Promise<Certificate> {
  const names = [...new Set([...hosts, 'localhost', '127.0.0.1'])];
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'simulated-cluster' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map((host) =>
          isIP(host) ? { type: 7 as const, ip: host } : { type: 2 as const, value: host },
        ),
      },
    ],
  });
  return { cert, key };
}
