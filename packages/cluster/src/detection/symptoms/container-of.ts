/**
 * The container that a Kubernetes Event is about: `fieldPath` names it (`spec.containers{app}`); some servers leave
 * that out, and then the kubelet's wording does. Undefined when the Event is about the whole object.
 */
export function containerOf(fieldPath: string, message: string): string | undefined {
  const named =
    /^spec\.(?:initC|ephemeralC|c)ontainers\{([^}]+)\}$/.exec(fieldPath) ??
    /\b(?:failed|init) container ([a-z0-9](?:[-a-z0-9]*[a-z0-9])?) in pod /.exec(message) ??
    /^(?:Container|Init container) ([a-z0-9](?:[-a-z0-9]*[a-z0-9])?) (?:failed|was|definition)/.exec(message);
  return named?.[1];
}
