import type { Cause } from '@nightcrier/core/diagnosis/cause';

/** A sort of refusal by the API server. */
export interface Refusal {
  cause: Cause;
  pattern: RegExp;
  /** A heading: "Pods of X cannot be created: …". */
  words: string;
}

/** The messages of the admission plug-ins and of validation. */
const REFUSALS: readonly Refusal[] = [
  {
    cause: 'quota_requires_resources',
    pattern: /failed quota: .{0,200}must specify|must specify (limits|requests)/,
    words: 'a quota demands requests or limits that they do not have',
  },
  {
    cause: 'limit_range',
    pattern: /(maximum|minimum) .{1,60}(usage|ratio) per|max limit to request ratio per|maximum cpu|maximum memory/,
    words: 'their requests or limits are outside of the LimitRange',
  },
  {
    cause: 'pod_security',
    pattern: /violates PodSecurity|unable to validate against any security context constraint/,
    words: 'they violate the Pod Security level of the namespace',
  },
  {
    cause: 'service_account_missing',
    pattern: /error looking up service account|serviceaccounts? "[^"]{1,253}" not found/i,
    words: 'their service account does not exist',
  },
  {
    cause: 'priority_class_missing',
    pattern: /no PriorityClass with name/,
    words: 'their PriorityClass does not exist',
  },
  {
    cause: 'runtime_class_missing',
    pattern: /RuntimeClass "[^"]{1,253}" not found/,
    words: 'their RuntimeClass does not exist',
  },
  {
    cause: 'namespace_terminating',
    pattern: /because it is being terminated|namespace .{1,253} is being (terminated|deleted)/,
    words: 'their namespace is being deleted',
  },
  { cause: 'webhook_unreachable', pattern: /failed calling webhook/, words: 'an admission webhook cannot be called' },
  {
    cause: 'webhook_denied',
    pattern: /admission webhook "[^"]{1,253}" denied|denied the request|ValidatingAdmissionPolicy/,
    words: 'an admission webhook or policy refuses them',
  },
  {
    cause: 'pod_spec_invalid',
    pattern: /\bis invalid: |Invalid value|Unsupported value|strict decoding error|Required value/,
    words: 'their template is not valid',
  },
];

/** `exceeded quota: compute, requested: requests.cpu=1, used: requests.cpu=10, limited: requests.cpu=10` */
export interface ExceededQuota {
  name: string;
  requested: string;
  used: string;
  limited: string;
  cause: Cause;
}

export function exceededQuota(message: string): ExceededQuota | undefined {
  const match = /exceeded quota: ([\w.-]{1,253}), requested: (.{1,300}?), used: (.{1,300}?), limited: (\S{1,300})/.exec(
    message,
  );
  if (!match) return undefined;
  const [, name = '', requested = '', used = '', limited = ''] = match;
  return { name, requested, used, limited, cause: quotaCause(limited) };
}

/** The cause for the resource of a quota, such as `requests.cpu` or `count/services`. */
export function quotaCause(resource: string): Cause {
  if (/(^|[,.])cpu|(requests|limits)\.cpu/.test(resource)) return 'quota_cpu';
  if (/(^|[,.])memory|(requests|limits)\.memory/.test(resource)) return 'quota_memory';
  if (/(^|[,/])pods/.test(resource)) return 'quota_pods';
  if (/(^|[,/])services/.test(resource)) return 'quota_services';
  if (/storage|persistentvolumeclaims/.test(resource)) return 'quota_storage';
  return 'quota_objects';
}

export function refusalIn(message: string): Refusal | undefined {
  return REFUSALS.find(({ pattern }) => pattern.test(message));
}

/** What of a refusal belongs into a heading: the webhook or policy with its words, the profile, the limit. */
export function refusalDetail(message: string): string | undefined {
  const [, webhook, words = ''] =
    /admission webhook "([^"]{1,253})" denied the request:?\s*([\s\S]{0,300})/.exec(message) ?? [];
  if (webhook !== undefined)
    return `the webhook ${webhook} refuses them${words.trim() === '' ? '' : `: ${words.trim().replaceAll(/\s+/g, ' ')}`}`;
  const [policy] = /ValidatingAdmissionPolicy '[^']{1,253}'.{0,300}/.exec(message) ?? [];
  if (policy !== undefined) return policy;
  const [, called, why = ''] =
    /failed calling webhook "([^"]{1,253})"[\s\S]{0,400}?: ([^:]{1,160})$/.exec(message) ?? [];
  if (called !== undefined) return `the webhook ${called} cannot be called: ${why}`;
  const [, level, violations = ''] = /violates PodSecurity "([^"]{1,100})": ([\s\S]{1,300})/.exec(message) ?? [];
  if (level !== undefined) return `they violate PodSecurity ${level}: ${violations}`;
  return /(?:maximum|minimum) \w{1,40} usage per [^,\]]{1,160}|no PriorityClass with name \S{1,253}|RuntimeClass "[^"]{1,253}" not found/.exec(
    message,
  )?.[0];
}
