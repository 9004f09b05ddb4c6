import { reasonOf } from '@nightcrier/cluster/kubernetes/kubernetes-error';
import { getStreamAsBuffer } from 'get-stream';
import type { ServerResponse } from 'node:http';
import { finished, pipeline } from 'node:stream/promises';
import { redactText } from '@nightcrier/redaction/redact-text';
import { type Dispatcher, errors, request as send } from 'undici';
import type { Sample } from '../doors/audit.ts';
import type { Caller } from '../doors/caller.ts';
import { documentTypes, jsonOnly } from './accept.ts';
import { PassedBytes, redactEvents, redactJson, sampleOf } from './bodies.ts';
import type { AllowedRequest } from './kube-request.ts';
import type { ReviewBody } from './review-body.ts';
import { statusBody } from './status.ts';
import type { Upstream } from './upstreams.ts';

/** Bytes of an answer with objects: they are read as a whole. */
const LONGEST_OBJECTS = 32 * 1024 * 1024;
/** Bytes of one that is read whatever else the run has asked for. */
const SMALL = 1024 * 1024;
const LONGEST_FAILURE = 1024 * 1024;
/** Bytes of a log, a watch or a document: they are passed on as they come. */
const LONGEST_STREAM = 512 * 1024 * 1024;
/** Milliseconds until an answer begins. */
const ANSWER_TIMEOUT = 60_000;
/** Milliseconds of a watch or a followed log; the client starts another. */
const LONGEST_STREAM_MS = 15 * 60_000;

const PASSED_HEADERS = ['etag', 'last-modified', 'retry-after', 'warning', 'vary', 'cache-control'];

export interface RelayOptions {
  allowed: AllowedRequest;
  /** Of a review. */
  body: ReviewBody | undefined;
  accept: string | undefined;
  etag: string | undefined;
  upstream: Upstream;
  allowSecrets: boolean;
  caller: Caller;
  response: ServerResponse;
}

/** An answer that came from the API server. */
export interface Relayed {
  status: number;
  bytes: number;
  /** Objects or a log, without their middle if they are long: what the agent can quote. */
  sample?: Sample;
}

/** The API server gave no answer that can be passed on. */
export class UpstreamFailure extends Error {
  override readonly name = 'UpstreamFailure';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Sends a request to the API server and its answer to the agent, redacted unless secrets are allowed. @throws UpstreamFailure */
export async function relay(options: RelayOptions): Promise<Relayed> {
  const { allowed, response, caller } = options;
  const ended = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) ended.abort();
  });
  const isOpenEnded = allowed.kind === 'watch' || allowed.follow === true;
  const deadline = AbortSignal.timeout(isOpenEnded ? LONGEST_STREAM_MS : ANSWER_TIMEOUT * 2);
  const signal = AbortSignal.any([ended.signal, caller.signal, deadline]);
  const answer = await ask(options, signal);
  // A body that is given up reports that as an error; who reads it gets the error as well.
  answer.body.on('error', () => undefined);
  const { statusCode: status } = answer;
  if (status >= 300 && status < 400 && status !== 304) {
    await answer.body.dump();
    throw new UpstreamFailure(502, `the API server answered with a redirect (${status}), which is not followed`);
  }
  if (answer.headers['content-encoding'] !== undefined) {
    answer.body.destroy();
    throw new UpstreamFailure(502, 'the API server answered with an encoding that was not asked for');
  }
  try {
    if (status >= 400) return await passFailure(answer, response);
    if (isOpenEnded || allowed.kind === 'log' || !hasObjects(allowed)) return await passStream(answer, options);
    return await passObjects(answer, { ...options, signal });
  } catch (error) {
    // The agent has closed the connection, or the stream has reached its longest time: an ordinary end.
    if (!caller.signal.aborted && (ended.signal.aborted || (isOpenEnded && deadline.aborted))) {
      response.destroy();
      return { status, bytes: 0 };
    }
    throw error;
  }
}

function hasObjects({ kind }: AllowedRequest): boolean {
  return kind === 'get' || kind === 'list' || kind === 'watch' || kind === 'review' || kind === 'version';
}

async function ask(options: RelayOptions, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
  const { allowed, body, upstream } = options;
  const { server, headers, dispatcher } = upstream;
  const url = `${server.origin}${server.pathname.replace(/\/$/, '')}${allowed.path}${allowed.query}`;
  try {
    return await send(url, {
      method: allowed.method,
      headers: {
        accept: hasObjects(allowed) ? jsonOnly(options.accept) : documentTypes(options.accept),
        'user-agent': 'nightcrier-gateway',
        ...(body !== undefined && { 'content-type': body.type }),
        ...(options.etag !== undefined && !hasObjects(allowed) && { 'if-none-match': options.etag }),
        ...headers,
      },
      body: body?.content,
      dispatcher,
      signal,
      headersTimeout: ANSWER_TIMEOUT,
      bodyTimeout: 0,
    });
  } catch (error) {
    if (signal.aborted && !(error instanceof errors.HeadersTimeoutError)) throw error;
    const late = error instanceof errors.HeadersTimeoutError;
    throw new UpstreamFailure(late ? 504 : 503, `the API server of the cluster does not answer: ${reasonOf(error)}`);
  }
}

/** The API server's own `Status` is passed on, such as a 404 or what its RBAC denies. */
async function passFailure(
  { statusCode, headers, body }: Dispatcher.ResponseData,
  response: ServerResponse,
): Promise<Relayed> {
  const text = (await getStreamAsBuffer(body, { maxBuffer: LONGEST_FAILURE })).toString('utf8');
  const isStatus = String(headers['content-type']).startsWith('application/json');
  const content = Buffer.from(
    isStatus ? await redactJson(text) : statusBody(statusCode, await redactText(text.trim().slice(0, 500))),
  );
  response.writeHead(statusCode, {
    ...(await passedHeaders(headers)),
    'content-type': 'application/json',
    'content-length': content.length,
  });
  response.end(content);
  return { status: statusCode, bytes: content.length };
}

async function passObjects(
  { statusCode, headers, body }: Dispatcher.ResponseData,
  { response, allowSecrets, caller, signal }: RelayOptions & { signal: AbortSignal },
): Promise<Relayed> {
  const type = String(headers['content-type']);
  if (!type.startsWith('application/json')) {
    body.destroy();
    throw new UpstreamFailure(502, `the API server answered with ${type.slice(0, 100)}, which cannot be redacted`);
  }
  const chunks = body[Symbol.asyncIterator]();
  const begin = await readObjects(chunks, SMALL, []);
  const pass = async (): Promise<Relayed> => {
    const all = begin.ended ? begin : await readObjects(chunks, LONGEST_OBJECTS, begin.read);
    if (!all.ended) {
      body.destroy();
      const limit = `${LONGEST_OBJECTS / 1024 / 1024} MiB`;
      throw new UpstreamFailure(413, `the answer is longer than ${limit}; name a namespace, a selector or a limit`);
    }
    let content = Buffer.concat(all.read);
    if (!allowSecrets) content = Buffer.from(await redactJson(content.toString('utf8')));
    response.writeHead(statusCode, {
      ...(await passedHeaders(headers)),
      'content-type': type,
      'content-length': content.length,
    });
    response.end(content);
    const sample = { content: sampleOf(content), redacted: !allowSecrets };
    // An agent that does not read it holds it in memory.
    await finished(response, { signal });
    return { status: statusCode, bytes: content.length, sample };
  };
  return begin.ended ? pass() : caller.large(pass);
}

/** Reads chunks, also those that were read before, until they end or are longer than a limit. */
async function readObjects(
  chunks: AsyncIterator<Buffer>,
  limit: number,
  before: Buffer[],
): Promise<{ read: Buffer[]; ended: boolean }> {
  const read = [...before];
  let bytes = read.reduce((sum, chunk) => sum + chunk.length, 0);
  while (bytes <= limit) {
    const next = await chunks.next();
    if (next.done) return { read, ended: true };
    read.push(next.value);
    bytes += next.value.length;
  }
  return { read, ended: false };
}

async function passStream(
  { statusCode, headers, body }: Dispatcher.ResponseData,
  { allowed, response, allowSecrets }: RelayOptions,
): Promise<Relayed> {
  const type = String(headers['content-type'] ?? 'application/octet-stream');
  if (allowed.kind === 'watch' && !type.startsWith('application/json')) {
    body.destroy();
    throw new UpstreamFailure(
      502,
      `the API server answered a watch with ${type.slice(0, 100)}, which cannot be redacted`,
    );
  }
  response.writeHead(statusCode, { ...(await passedHeaders(headers)), 'content-type': type });
  // A watch without events has its headers at once.
  response.flushHeaders();
  const passed = new PassedBytes(LONGEST_STREAM);
  if (allowed.kind === 'watch' && !allowSecrets) {
    await pipeline(body, (chunks: AsyncIterable<Buffer>) => redactEvents(chunks, passed), response);
  } else {
    // A listener beside the pipe: a transform between body and response would halve the throughput.
    body.on('data', (chunk: Buffer) => {
      const excess = passed.add(chunk);
      if (excess) body.destroy(excess);
    });
    await pipeline(body, response);
  }
  const sample = { content: passed.sample, redacted: false };
  return { status: statusCode, bytes: passed.bytes, ...(allowed.kind === 'log' && { sample }) };
}

async function passedHeaders({
  ...headers
}: Dispatcher.ResponseData['headers']): Promise<Record<string, string | string[]>> {
  const { warning } = headers;
  // Admission warns with parts of objects.
  if (warning !== undefined) headers.warning = await Promise.all([warning].flat().map(redactText));
  return Object.fromEntries(
    PASSED_HEADERS.flatMap((name): [string, string | string[]][] => {
      const value = headers[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
