import type { Cause } from '@nightcrier/core/diagnosis/cause';

/** A sort of pull error. */
export interface PullError {
  cause: Cause;
  pattern: RegExp;
  /** Continues "image X cannot be pulled: …". */
  words: string;
}

/** The messages of containerd, CRI-O, docker and the registries. The platform comes before "not found", which it holds too. */
export const PULL_ERRORS: readonly PullError[] = [
  {
    cause: 'image_platform_mismatch',
    pattern:
      /no match(ing manifest)? for (platform|\S+\/\S+)|no matching manifest|no image found in (manifest list|image index) for architecture|image operating system|does not match the (detected|specified) (host )?platform/i,
    words: 'it has no variant for the platform of the node',
  },
  {
    cause: 'image_signature_invalid',
    pattern:
      /SignatureValidationFailed|signature was required|rejected by policy|invalid signature|no signature exists/i,
    words: 'the policy of the node refuses its signature',
  },
  {
    cause: 'image_corrupt',
    pattern:
      /unexpected commit digest|unexpected media type|failed size validation|digest mismatch|did not match expected digest|manifest\.v1\+prettyjws|schema ?1 .{0,60}(unsupported|no longer|deprecated)|unsupported (manifest )?media type|invalid tar header|gzip: invalid|unexpected EOF while (reading|extract)/i,
    words: 'what the registry gives is no valid image',
  },
  {
    cause: 'image_rate_limit',
    pattern: /toomanyrequests|too many requests|429 Too Many|rate limit/i,
    words: 'the registry refuses more pulls (rate limit)',
  },
  {
    cause: 'image_name_invalid',
    pattern:
      /couldn't parse image|invalid reference format|InvalidImageName|must be lowercase|short-name .{1,200} did not resolve|returns ambiguous list/i,
    words: 'its name is not a valid image reference',
  },
  {
    cause: 'image_registry_unknown',
    pattern:
      /no such host|lookup \S{1,253}( on \S{1,60})?: |server misbehaving|name resolution|Name or service not known/i,
    words: 'the name of its registry cannot be resolved',
  },
  {
    cause: 'image_registry_tls',
    pattern: /x509: |server gave HTTP response to HTTPS client|tls: |certificate signed by unknown authority/i,
    words: 'the TLS connection to its registry fails',
  },
  {
    cause: 'image_pull_denied',
    pattern:
      /\b401\b|\b403\b|unauthorized|denied|forbidden|authentication required|no basic auth credentials|insufficient_scope|authorization failed|failed to authorize/i,
    words: 'its registry denies access',
  },
  {
    cause: 'image_not_found',
    pattern:
      /not found|manifest unknown|manifest for .{1,300} not found|repository .{1,300} does not exist|NAME_UNKNOWN|name unknown|\b404\b/i,
    words: 'the image or its tag does not exist',
  },
  {
    cause: 'image_registry_unreachable',
    pattern:
      /i\/o timeout|connection refused|connection reset|context deadline exceeded|no route to host|network is unreachable|\b50[0234]\b|EOF$|TLS handshake timeout/i,
    words: 'its registry does not answer',
  },
  { cause: 'disk_full', pattern: /no space left on device/i, words: 'the disk of the node is full' },
  {
    cause: 'image_never_present',
    pattern: /ErrImageNeverPull|is not present with pull policy of Never/i,
    words: 'it is not on the node, and imagePullPolicy is Never',
  },
];
