import { badRequest } from '../request/status-error.ts';

/**
 * The little of Kubernetes' protobuf encoding that clients insist on: kubectl and kubernetes-mcp-server send their
 * access reviews in it, and give up when it is refused. Only the fields of the reviews are known here; replies are
 * JSON, which the same clients accept.
 */

const MAGIC = 'k8s\0';

/** The length-delimited fields of a message by number; other wire types are skipped. Throws 400 on truncated input. */
function fieldsOf(message: Buffer): Map<number, Buffer> {
  const fields = new Map<number, Buffer>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++];
      if (byte === undefined) throw badRequest('truncated protobuf message');
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const wireType = tag % 8;
    if (wireType === 0) varint();
    else if (wireType === 2) {
      const length = varint();
      fields.set(Math.floor(tag / 8), message.subarray(at, at + length));
      at += length;
    } else throw badRequest(`unexpected protobuf wire type ${wireType}`);
  }
  return fields;
}

function message(fields: Map<number, Buffer>, number: number): Map<number, Buffer> {
  return fieldsOf(fields.get(number) ?? Buffer.alloc(0));
}

/** Reads the named text fields of a message; empty ones are left out, as JSON leaves them out. */
function texts(fields: Map<number, Buffer>, names: Record<number, string>): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [number, name] of Object.entries(names)) {
    const text = fields.get(Number(number))?.toString('utf8');
    if (text) result[name] = text;
  }
  return result;
}

/** Decodes a SelfSubjectAccessReview, SelfSubjectRulesReview or SelfSubjectReview into its JSON form. */
export function decodeReview(body: Buffer): { kind: string; spec: Record<string, unknown> } {
  if (body.subarray(0, 4).toString('latin1') !== MAGIC) throw badRequest('not a Kubernetes protobuf message');
  const envelope = fieldsOf(body.subarray(4));
  const kind = message(envelope, 1).get(2)?.toString('utf8') ?? '';
  const spec = message(message(envelope, 2), 2);
  if (kind !== 'SelfSubjectAccessReview') return { kind, spec: texts(spec, { 1: 'namespace' }) };
  return {
    kind,
    spec: {
      ...(spec.has(1) && {
        resourceAttributes: texts(message(spec, 1), {
          1: 'namespace',
          2: 'verb',
          3: 'group',
          4: 'version',
          5: 'resource',
          6: 'subresource',
          7: 'name',
        }),
      }),
      ...(spec.has(2) && { nonResourceAttributes: texts(message(spec, 2), { 1: 'path', 2: 'verb' }) }),
    },
  };
}
