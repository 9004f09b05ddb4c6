import type { Principal } from '@nightcrier/core/access/principal';
import type { Problem } from '@nightcrier/core/problems/problem';
import { redactText } from '@nightcrier/redaction/redact-text';
import type { ApiContext } from '../api-context.ts';
import { ApiError } from '../errors/api-error.ts';
import { requeuedAs } from './requeued-as.ts';

/** Who makes a change, see `authorOf`. */
export type Author = Pick<Principal, 'name' | 'kind'>;

export interface ProblemName {
  cluster: string;
  key: string;
}

/** Notes who has taken a problem over. @throws ApiError problem_not_found */
export async function acknowledgeProblem(
  { problems, audit, logger }: ApiContext,
  { cluster, key }: ProblemName,
  author: Author,
  given: string | undefined,
): Promise<Problem> {
  const comment = given === undefined ? undefined : await redactText(given);
  const at = new Date().toISOString();
  const acknowledgement = { by: author.name, at, ...(comment !== undefined && { comment }) };
  if (!(await problems.acknowledge(cluster, key, acknowledgement))) throw noProblem(cluster, key);
  await audit.record(author, { action: 'problem_acknowledged', subject: `${cluster}/${key}`, details: { comment } });
  logger.info({ by: author.name, cluster, problem: key }, 'problem acknowledged');
  return (await problems.get(cluster, key)) ?? gone(cluster, key);
}

/** Removes the acknowledgement of a problem. @throws ApiError problem_not_found */
export async function unacknowledgeProblem(
  { problems, audit, logger }: ApiContext,
  { cluster, key }: ProblemName,
  author: Author,
): Promise<Problem> {
  if (!(await problems.unacknowledge(cluster, key))) throw noProblem(cluster, key);
  await audit.record(author, { action: 'problem_unacknowledged', subject: `${cluster}/${key}` });
  logger.info({ by: author.name, cluster, problem: key }, 'problem acknowledgement removed');
  return (await problems.get(cluster, key)) ?? gone(cluster, key);
}

/**
 * Has a problem investigated again.
 * @returns the id of the new incident
 * @throws ApiError problem_not_found, incident_open or queue_full
 */
export async function investigateProblem(
  { admission, audit, logger }: ApiContext,
  { cluster, key }: ProblemName,
  author: Author,
): Promise<string> {
  const outcome = await admission.investigateAgain(cluster, key);
  if (!outcome) throw noProblem(cluster, key);
  const incident_id = requeuedAs(outcome, logger);
  const details = { incident: incident_id };
  await audit.record(author, { action: 'investigation_requested', subject: `${cluster}/${key}`, details });
  logger.info({ by: author.name, cluster, problem: key, incident_id }, 'investigation requested');
  return incident_id;
}

/** Returns the error for a problem that does not exist. */
export function noProblem(cluster: string, key: string): ApiError {
  return new ApiError(
    'problem_not_found',
    `cluster ${JSON.stringify(cluster)} has no problem ${JSON.stringify(key)} that is firing or has recovered lately`,
  );
}

function gone(cluster: string, key: string): never {
  throw noProblem(cluster, key);
}
