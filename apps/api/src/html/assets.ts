import type { FastifyInstance, FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { link } from './link.ts';

const TYPES = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
} as const;

const require = createRequire(import.meta.url);

/** Name in the URL, and file or files. All are read when the process starts. */
const FILES = {
  'style.css': new URL('files/style.css', import.meta.url),
  'icon.svg': new URL('files/icon.svg', import.meta.url),
  // One module, so that it needs no URL with a hash in its source.
  'pages.js': [new URL('files/age.js', import.meta.url), new URL('files/pages.js', import.meta.url)],
  // One file: htmx reads the page as soon as it runs, and must know the extension by then.
  'htmx.js': [require.resolve('htmx.org/dist/htmx.min.js'), require.resolve('htmx.org/dist/ext/hx-sse.min.js')],
} as const;
export type AssetName = keyof typeof FILES;

interface Asset {
  /** Contains a hash of the content. */
  path: `/assets/${string}`;
  type: string;
  content: Buffer;
}

const assets = new Map(Object.entries(FILES).map(([name, files]) => [name, readAsset(name, contentOf(files))]));
const served = new Map([...assets.values()].map((asset) => [asset.path, asset]));

/** Returns the content of files, one after the other. */
function contentOf(files: string | URL | readonly (string | URL)[]): Buffer {
  if (typeof files === 'string' || files instanceof URL) return readFileSync(files);
  return Buffer.from(files.map((file) => readFileSync(file, 'utf8')).join('\n'));
}

function readAsset(name: string, content: Buffer): Asset {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
  const [stem = '', extension = ''] = name.split('.');
  const type = Object.entries(TYPES).find(([known]) => known === extension)?.[1] ?? 'application/octet-stream';
  return { path: `/assets/${stem}.${hash}.${extension}`, type, content };
}

/** Returns the URL of a style sheet, script or icon. */
export function assetUrl(request: FastifyRequest, name: AssetName): string {
  const asset = assets.get(name);
  if (!asset) throw new Error(`there is no asset ${name}`);
  return link(request, asset.path);
}

/** `GET /assets/…`: what pages load. Without credentials, since the login page needs them; browsers keep them. */
export function assetRoutes(app: FastifyInstance): void {
  for (const { path, type, content } of served.values()) {
    app.get(path, { config: { open: true } }, (_, reply) =>
      reply.header('cache-control', 'public, max-age=31536000, immutable').type(type).send(content),
    );
  }
}
