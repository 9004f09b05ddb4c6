import type { CauseText } from './cause-text.ts';

/** Causes for which an image cannot be pulled or used. */
export const IMAGES = {
  image_not_found: {
    meaning: 'The image, its tag or its repository does not exist in the registry.',
    decided_by: '`not found`, `manifest unknown` or `repository does not exist` in the pull error.',
    remedy: 'Correct the image reference, or push the image.',
  },
  image_name_invalid: {
    meaning: 'The image reference is not valid.',
    decided_by: "InvalidImageName or `couldn't parse image`.",
    remedy: 'Correct the image reference.',
  },
  image_registry_unknown: {
    meaning: 'The name of the registry cannot be resolved.',
    decided_by: '`no such host`, or a failed lookup, in the pull error.',
    remedy: 'Correct the host in the image reference, or the DNS of the node.',
  },
  image_registry_unreachable: {
    meaning: 'The registry does not answer the node.',
    decided_by: 'A timeout, refused connection or 5xx in the pull error.',
    remedy: 'Check the registry, and the way from the node to it.',
  },
  image_registry_tls: {
    meaning: 'The node does not trust the certificate of the registry, or the registry speaks plain HTTP.',
    decided_by: '`x509` or `server gave HTTP response to HTTPS client` in the pull error.',
    remedy: 'Configure the certificate authority or the plain-HTTP registry in the container runtime.',
  },
  image_rate_limit: {
    meaning: 'The registry refuses the pull because of its rate limit.',
    decided_by: '`toomanyrequests` or HTTP 429 in the pull error.',
    remedy: 'Pull with credentials or through a mirror, or wait.',
  },
  image_pull_secret_missing: {
    meaning: 'The registry asks for credentials, and the pod has none: no imagePullSecret, or one that does not exist.',
    decided_by: '401 or 403 in the pull error, and imagePullSecrets of pod and service account.',
    remedy: 'Create the pull secret and name it in imagePullSecrets of the pod or its service account.',
  },
  image_pull_denied: {
    meaning: 'The registry refuses the credentials that the pod has.',
    decided_by: '401 or 403 in the pull error of a pod with imagePullSecrets.',
    remedy: 'Renew the credentials in the pull secret, or grant them access to the repository.',
  },
  image_platform_mismatch: {
    meaning: 'The image has no variant for the platform of the node.',
    decided_by: '`no match for platform in manifest`, or `exec format error` at the start.',
    remedy: 'Build the image for the platform, or choose nodes that fit it.',
  },
  image_never_present: {
    meaning: 'imagePullPolicy is Never, and the node does not have the image.',
    decided_by: 'ErrImageNeverPull.',
    remedy: 'Load the image onto the node, or change imagePullPolicy.',
  },
  image_pull_failed: {
    meaning: 'The image cannot be pulled for a reason that no rule knows.',
    decided_by: 'The pull error of the kubelet, quoted.',
    remedy: 'Correct what the message names.',
  },
  image_corrupt: {
    meaning:
      'The registry gave content that is no valid image: wrong digest or size, an error page, or a format that is no longer supported.',
    decided_by: '`unexpected commit digest`, `unexpected media type`, `failed size validation` in the pull error.',
    remedy: 'Push the image again; check the proxy or mirror between node and registry.',
  },
  image_signature_invalid: {
    meaning: 'The signature policy of the node refuses the image.',
    decided_by: 'SignatureValidationFailed or `A signature was required`.',
    remedy: 'Sign the image, or correct the policy of the node.',
  },
} as const satisfies Record<string, CauseText>;
