import type { IncomingMessage, ServerResponse } from 'node:http';
import { ZodError, z } from 'zod';
import { StatusError, badRequest } from '../request/status-error.ts';

const MAX_BODY_BYTES = 1_000_000;

/** The body of a request. */
export interface RequestBody {
  contentType: string;
  bytes: Buffer;
}

/** Parses the JSON of a body. Throws 400 if it is invalid. */
export function parseJson({ bytes }: RequestBody): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw badRequest('the body of the request is not valid JSON');
  }
}

/** Reads the whole body of a request. Throws 413 if it is larger than clients need. */
export async function readBody(request: IncomingMessage): Promise<RequestBody> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new StatusError(413, 'RequestEntityTooLarge', 'Request entity too large');
    chunks.push(chunk);
  }
  return { contentType: request.headers['content-type'] ?? 'application/json', bytes: Buffer.concat(chunks) };
}

/** Whatever went wrong, as a Status. */
function statusErrorOf(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  if (error instanceof ZodError) return badRequest(z.prettifyError(error));
  return new StatusError(500, 'InternalError', error instanceof Error ? error.message : String(error));
}

/** Answers with a failure; only ends the response when it has begun already. */
export function sendFailure(response: ServerResponse, failure: unknown): void {
  const { status } = statusErrorOf(failure);
  if (response.headersSent) response.end();
  else sendJson(response, status.code, status);
}

/** Answers with text, or with an object as JSON. */
export function sendDocument(response: ServerResponse, document: object | string): void {
  if (typeof document === 'string') sendText(response, document);
  else sendJson(response, 200, document);
}

export function sendText(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'text/plain' }).end(text);
}

export function sendJson(response: ServerResponse, code: number, body: object): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
