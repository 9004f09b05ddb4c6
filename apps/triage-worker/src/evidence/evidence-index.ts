import { z } from 'zod';

const FieldOwner = z.object({
  manager: z.string(),
  operation: z.string(),
  time: z.string(),
  fields: z.array(z.string()),
});

/** What a piece of evidence is, beside the content of its file. */
export const PieceMetadata = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('object'),
    role: z.enum(['resource', 'owner', 'replicaSet', 'pod', 'node', 'volumeClaim', 'dependency']),
  }),
  z.object({
    type: z.literal('events'),
    about: z.object({ kind: z.string(), name: z.string(), namespace: z.string().optional() }),
  }),
  z.object({
    type: z.literal('list'),
    kind: z.string(),
    namespace: z.string().optional(),
    truncated: z.boolean(),
  }),
  z.object({
    type: z.literal('log'),
    namespace: z.string(),
    pod: z.string(),
    container: z.string(),
    previous: z.boolean(),
  }),
  z.object({
    type: z.literal('existence'),
    kind: z.literal('ConfigMap'),
    namespace: z.string(),
    name: z.string(),
    keys: z.array(z.string()).optional(),
    changed_by: z.array(FieldOwner).optional(),
  }),
  z.object({ type: z.literal('alerts') }),
  z.object({ type: z.literal('metrics'), name: z.string() }),
  z.object({
    type: z.literal('gap'),
    code: z.enum(['kubeconfig', 'credentials', 'unreachable', 'timeout', 'forbidden', 'not_found', 'http']),
  }),
]);
export type PieceMetadata = z.infer<typeof PieceMetadata>;

/** A line of `index.json`: what a file holds and where it comes from, or what could not be read. */
export const EvidenceIndexEntry = z.object({
  /** Missing when nothing could be read. A name without a path. */
  file: z
    .string()
    .regex(/^\d{2,}-[a-z0-9._-]+$/, 'must be the name of a file of the evidence')
    .optional(),
  command: z.string(),
  at: z.string(),
  /** Why nothing could be read. */
  error: z.string().optional(),
  /** When the collection began, RFC 3339; the same in all entries. */
  collected_at: z.string(),
  piece: PieceMetadata,
});
export type EvidenceIndexEntry = z.infer<typeof EvidenceIndexEntry>;
