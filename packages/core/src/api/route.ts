import { z } from 'zod';
import type { Role } from '../access/role.ts';

/** What one route of the API takes and answers: the API validates by it, clients are typed by it, and the documentation is generated from it. */
export interface ApiRoute {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** From the root of the API; parameters as `:name`. */
  path: string;
  /** One line. */
  summary: string;
  /** Further text, as Markdown. */
  description?: string;
  /** Heading of the documentation that it is listed under. */
  tag: ApiTag;
  /** Needed of the client; `open`: none. */
  role: Role | 'open';
  params?: z.ZodObject;
  query?: z.ZodObject;
  /** Of an object; where all of it is optional, the client may send nothing. */
  body?: z.ZodType;
  /** The body of each answer that is no error, by status. */
  answers: Partial<Record<200 | 201 | 202, z.ZodType>>;
  /** Of the answers. Default: JSON. */
  contentTypes?: readonly string[];
}

export const API_TAGS = {
  health: 'Whether Nightcrier works, and what it watches',
  problems: 'What is wrong with a workload or node until it is not',
  incidents: 'Investigations of problems, and their reports',
  queue: 'The queue and the books',
  silences: 'What is counted and listed, and neither investigated nor notified',
  events: 'What happens, as it happens',
  access: 'API keys, users, sessions, and who changed what; for administrators',
} as const;
export type ApiTag = keyof typeof API_TAGS;

type Output<T> = T extends z.ZodType ? z.output<T> : undefined;
type Input<T> = T extends z.ZodType ? z.input<T> : undefined;

export type ParamsOf<R extends ApiRoute> = Output<R['params']>;
export type QueryOf<R extends ApiRoute> = Output<R['query']>;
/** The body as the handler gets it. */
export type BodyOf<R extends ApiRoute> = Output<R['body']>;
/** The query and the body as clients send them. */
export type SentQueryOf<R extends ApiRoute> = Input<R['query']>;
export type SentBodyOf<R extends ApiRoute> = Input<R['body']>;
/** The answer as clients read it. */
export type AnswerOf<R extends ApiRoute> = z.output<Extract<R['answers'][keyof R['answers']], z.ZodType>>;
/** The answer as handlers return it. */
export type ReturnedBy<R extends ApiRoute> = z.input<Extract<R['answers'][keyof R['answers']], z.ZodType>>;

/** A name of a cluster, as a filter or a part of a path. */
export const ClusterName = z.string().min(1).max(100);

/** How many entries a page has. */
export const Limit = z.coerce.number<string | number>().int().min(1).max(500).default(50);

/** `next` of the page before. */
export const Cursor = z.string().min(1).max(2000);

/** A value of the query that lists several, separated by commas. */
export function listOf<const T extends readonly [string, ...string[]]>(values: T): z.ZodType<T[number][], string> {
  return z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(values)).min(1));
}
