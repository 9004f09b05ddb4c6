import { getStreamAsBuffer, MaxBufferError } from 'get-stream';
import type { IncomingMessage } from 'node:http';
import type { Review } from './kube-request.ts';

const LONGEST = 64 * 1024;
/** First bytes of every object that kubectl sends as protobuf. */
const PROTOBUF_MAGIC = Buffer.from('k8s\0');

/** The checked body of a review. */
export interface ReviewBody {
  type: 'application/json' | 'application/vnd.kubernetes.protobuf';
  content: Buffer;
}

/**
 * Reads a review of oneself. The path makes it one, and the API server takes nothing else there; JSON is built anew of its kind and
 * specification. Returns why it is denied, if it is.
 */
export async function readReview(request: IncomingMessage, review: Review): Promise<ReviewBody | { problem: string }> {
  const [, type = ''] =
    /^(application\/(?:json|vnd\.kubernetes\.protobuf))\s*(?:;|$)/i.exec(request.headers['content-type'] ?? '') ?? [];
  try {
    const content = await getStreamAsBuffer(request, { maxBuffer: LONGEST });
    switch (type.toLowerCase()) {
      case 'application/json':
        return readJson(content, review);
      case 'application/vnd.kubernetes.protobuf':
        if (!content.subarray(0, 4).equals(PROTOBUF_MAGIC)) return { problem: 'the body is no protobuf of Kubernetes' };
        return { type: 'application/vnd.kubernetes.protobuf', content };
      default:
        return { problem: 'a review must be JSON or protobuf' };
    }
  } catch (error) {
    if (error instanceof MaxBufferError) return { problem: `the body has more than ${LONGEST} bytes` };
    if (error instanceof SyntaxError) return { problem: 'the body is not JSON' };
    throw error;
  }
}

function readJson(content: Buffer, { apiVersion, kind }: Review): ReviewBody | { problem: string } {
  const body: unknown = JSON.parse(content.toString('utf8'));
  if (typeof body !== 'object' || body === null || !('kind' in body) || body.kind !== kind) {
    return { problem: `the body is no ${kind}` };
  }
  const spec: unknown = 'spec' in body ? body.spec : undefined;
  const built = JSON.stringify({ apiVersion, kind, ...(spec !== undefined && { spec }) });
  return { type: 'application/json', content: Buffer.from(built) };
}
