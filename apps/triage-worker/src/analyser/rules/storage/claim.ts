import type { Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import type { Kinds } from '../../../evidence/kubernetes-object.ts';
import type { Wire } from '@nightcrier/cluster/kubernetes/wire';
import type { ClusterView } from '../../../evidence/view/cluster-view.ts';
import { selects } from '../../../evidence/view/service-links.ts';
import type { Workload } from '../../../evidence/view/workload.ts';
import { culpritOf, hypothesis, culpritObject } from '../../hypothesis.ts';
import type { PodCase } from '../../pod-case.ts';
import { quantityOf } from '@nightcrier/core/kubernetes/quantity';
import { quoteEvents, quoteField } from '../../quotes.ts';
import { code, plain, show } from '../../safe-text.ts';

type Claim = Wire<Kinds['PersistentVolumeClaim']>;
type Volume = Wire<Kinds['PersistentVolume']>;

/** Why a claim of a pod is missing or not bound. */
export function claimTrouble(podCase: PodCase, message: string): Hypothesis | undefined {
  const { view, pod, namespace, workload } = podCase;
  const names = (pod.spec?.volumes ?? []).flatMap(
    ({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? [],
  );
  const missing =
    /persistentvolumeclaim "([^"]+)" not found/.exec(message)?.[1] ??
    (view.isComplete('PersistentVolumeClaim', namespace)
      ? names.find((name) => !view.get('PersistentVolumeClaim', name, namespace))
      : undefined);
  if (missing !== undefined) return missingClaim(podCase, missing);
  const claims = names.flatMap((name) => view.get('PersistentVolumeClaim', name, namespace) ?? []);
  const unbound = claims.find(({ status }) => status?.phase !== 'Bound');
  return unbound && unboundClaim(view, unbound, workload);
}

function missingClaim({ view, workload, namespace, pod }: PodCase, name: string): Hypothesis {
  const refused = view
    .eventsAbout('StatefulSet', workload.name, namespace)
    .find(({ message }) => /exceeded quota/.test(message));
  const quota = view
    .all('ResourceQuota', namespace)
    .find(({ spec }) =>
      Object.keys(spec?.hard ?? {}).some((key) => /requests\.storage|persistentvolumeclaims/.test(key)),
    );
  const evidence = [
    quoteField(pod, 'spec.volumes', `claimName: ${name}`),
    ...(quota ? [quoteField(quota, 'status', quota.status ?? quota.spec ?? {})] : []),
  ];
  if (quota) {
    const quotaName = quota.metadata?.name ?? '';
    return hypothesis({
      cause: 'quota_storage',
      culprit: { kind: 'Namespace', name: namespace, field: `ResourceQuota/${quotaName}` },
      confidence: refused ? 92 : 66,
      title: `PersistentVolumeClaim ${plain(name)} is missing, and a quota limits storage`,
      statement: `The claim ${code(name)} does not exist, so no node takes the pod. The ResourceQuota ${code(quotaName)} limits the storage of the namespace (${code(limits(quota.spec?.hard, quota.status?.used))}), so that a larger claim is refused when it is created.`,
      evidence: [...evidence, ...quoteEvents(refused ? [refused] : [])],
      actions: [
        `Compare the manifest of the claim with the quota: ${show`kubectl describe resourcequota -n ${namespace} ${quotaName}`}`,
      ],
      ruledOut: [{ what: 'the storage class or volume', because: 'the claim itself does not exist' }],
    });
  }
  return hypothesis({
    cause: 'pvc_not_found',
    culprit: { kind: 'PersistentVolumeClaim', namespace, name },
    confidence: 94,
    title: `PersistentVolumeClaim ${plain(name)} does not exist`,
    statement: `${code(workload.name)} mounts the claim ${code(name)}, which does not exist in the namespace ${code(namespace)}.`,
    evidence,
    actions: [`See which claims there are: ${show`kubectl get pvc -n ${namespace}`}`],
  });
}

/** Why a claim is not bound: the provisioner's word, else the volume that fits but for one thing. */
export function unboundClaim(view: ClusterView, claim: Claim, workload?: Workload): Hypothesis {
  const { name = '', namespace = 'default' } = claim.metadata ?? {};
  const events = view.eventsAbout('PersistentVolumeClaim', name, namespace);
  const culprit = workload
    ? culpritOf(workload, undefined, `PersistentVolumeClaim/${name}`)
    : culpritObject({ ...claim, kind: 'PersistentVolumeClaim' });
  const base = {
    culprit,
    evidence: [quoteField(claim, 'spec', claim.spec ?? {}), ...quoteEvents(events, 2)],
    actions: [`See the claim and its events: ${show`kubectl describe pvc -n ${namespace} ${name}`}`],
  };
  const failed = events.find(({ reason }) => reason === 'ProvisioningFailed' || reason === 'FailedBinding');
  const className = claim.spec?.storageClassName;
  const classes = view.all('StorageClass');
  const isKnownClass =
    className === undefined || className === '' || classes.some(({ metadata }) => metadata?.name === className);
  const noClass = /storageclass(es)?[\w.]* "?([^" ]+)"? not found/i.exec(failed?.message ?? '')?.[2];
  const volumes = view.all('PersistentVolume');
  const nearest = volumes
    .map((volume) => ({ volume, faults: mismatches(claim, volume) }))
    .sort((a, b) => a.faults.length - b.faults.length);
  const isOfClass = nearest.some(({ faults }) => !faults.includes('class'));
  if (noClass !== undefined || (!isKnownClass && view.isComplete('StorageClass') && !isOfClass)) {
    return hypothesis({
      ...base,
      cause: 'pvc_storage_class',
      confidence: 93,
      title: `StorageClass ${plain(noClass ?? className ?? '')} of the claim ${plain(name)} does not exist`,
      statement: `The claim ${code(name)} asks for the StorageClass ${code(noClass ?? className ?? '')}, which does not exist${classes.length > 0 ? `; there are ${code(classes.map(({ metadata }) => metadata?.name ?? '').join(', '))}` : ''}.`,
    });
  }
  const byProvisioner = failed && failed.reason === 'ProvisioningFailed';
  if (byProvisioner) {
    return hypothesis({
      ...base,
      cause: /access ?mode/i.test(failed.message) ? 'pvc_access_mode' : 'pvc_provisioning_failed',
      confidence: 88,
      title: `The volume for the claim ${plain(name)} cannot be created`,
      statement: `The provisioner cannot create the volume of the claim ${code(name)}: ${code(failed.message, 400)}.`,
    });
  }
  const lost = claim.status?.phase === 'Lost' || events.some(({ reason }) => reason === 'ClaimLost');
  const mismatch = events.find(({ reason }) => reason === 'VolumeMismatch' || reason === 'FailedBinding');
  const named = lost ? 'pv_missing' : mismatch && namedMismatch(mismatch.message);
  if (named) {
    return hypothesis({
      ...base,
      cause: named,
      confidence: 90,
      title: lost
        ? `The claim ${plain(name)} has lost its PersistentVolume`
        : `The claim ${plain(name)} does not fit the volume that it names: ${plain(mismatch?.message ?? '')}`,
      statement: `The claim ${code(name)} ${lost ? `is bound to the PersistentVolume ${code(claim.spec?.volumeName ?? '')}, which no longer exists` : 'names a PersistentVolume that it cannot be bound to'}. The controller says: ${code((mismatch ?? events[0])?.message ?? 'phase Lost')}.`,
    });
  }
  const best = nearest[0];
  const found =
    best &&
    closest(
      claim,
      nearest.filter(({ faults }) => faults.length === best.faults.length),
    );
  if (found)
    return hypothesis({
      ...base,
      ...found,
      evidence: [...base.evidence, quoteField(found.volume, 'spec', found.volume.spec ?? {})],
    });
  const isNoDefault =
    /no storage class is set/.test(failed?.message ?? '') ||
    ((className ?? '') === '' && !classes.some(isDefaultClass));
  if (isNoDefault) {
    return hypothesis({
      ...base,
      cause: 'pvc_no_default_class',
      confidence: failed ? 90 : 70,
      title: `The claim ${plain(name)} names no StorageClass, and there is no default`,
      statement: `The claim ${code(name)} names no StorageClass, ${classes.some(isDefaultClass) ? 'asks for none' : 'the cluster has no default one'}, and no PersistentVolume fits it.${failed ? ` The controller says: ${code(failed.message)}.` : ''}`,
    });
  }
  const waits = events.find(({ message }) =>
    /^Waiting for a volume to be created|waiting for a volume to be created/.test(message),
  );
  const provisioner = /external provisioner ['"]?([\w./-]{1,200})/.exec(waits?.message ?? '')?.[1];
  if (waits && view.now - createdAt(claim) > PROVISIONED_WITHIN_MS) {
    return hypothesis({
      ...base,
      cause: 'pvc_provisioner_down',
      confidence: 84,
      title: `The provisioner ${plain(provisioner ?? '')} does not create the volume of the claim ${plain(name)}`,
      statement: `The claim ${code(name)} waits for the external provisioner ${code(provisioner ?? '?')}, which neither created a volume nor reported an error: it does not run, or goes by another name. The controller says: ${code(waits.message, 300)}.`,
      actions: [
        `See whether the controller of the driver runs: ${show`kubectl get pods -A`} | grep csi; compare its name with the StorageClass: ${show`kubectl get storageclass ${className ?? ''} -o yaml`}`,
      ],
    });
  }
  return hypothesis({
    ...base,
    cause: 'pvc_pending',
    confidence: 55,
    title: `The claim ${plain(name)} is not bound`,
    statement: `The claim ${code(name)} is ${code(claim.status?.phase ?? 'not bound')}${events[0] ? `: ${code(events[0].message)}` : ''}.`,
  });
}

/** A provisioner reports within minutes, even a failure. */
const PROVISIONED_WITHIN_MS = 3 * 60_000;

function createdAt({ metadata }: Claim): number {
  return Date.parse(metadata?.creationTimestamp ?? '') || 0;
}

/** The messages of the volume controller about a claim that names its volume. */
function namedMismatch(
  message: string,
): 'pvc_capacity' | 'pvc_access_mode' | 'pvc_storage_class' | 'pv_taken' | undefined {
  if (/PV is too small/.test(message)) return 'pvc_capacity';
  if (/incompatible accessMode|incompatible volumeMode/.test(message)) return 'pvc_access_mode';
  if (/storageClassName does not match/.test(message)) return 'pvc_storage_class';
  return /already bound to a different claim/.test(message) ? 'pv_taken' : undefined;
}

type Mismatch = 'taken' | 'class' | 'capacity' | 'mode' | 'selector';

function mismatches({ spec, metadata }: Claim, volume: Volume): Mismatch[] {
  const found: Mismatch[] = [];
  const ref = volume.spec?.claimRef;
  const isOurs = ref?.name === metadata?.name && ref?.namespace === metadata?.namespace;
  if (ref !== undefined && !isOurs) found.push('taken');
  if ((volume.spec?.storageClassName ?? '') !== (spec?.storageClassName ?? '')) found.push('class');
  const [want, have] = [
    quantityOf(spec?.resources?.requests?.['storage'] ?? '0') ?? 0,
    quantityOf(volume.spec?.capacity?.['storage'] ?? '0') ?? 0,
  ];
  if (want > have) found.push('capacity');
  if (!(spec?.accessModes ?? []).every((mode) => (volume.spec?.accessModes ?? []).includes(mode))) found.push('mode');
  const labels = spec?.selector?.matchLabels;
  if (labels && !selects(labels, volume.metadata?.labels)) found.push('selector');
  return found;
}

/** The volume that lacks least, and what it lacks. What is easiest to see wrong by its author comes first. */
function closest(claim: Claim, nearest: { volume: Volume; faults: Mismatch[] }[]) {
  const [first] = nearest;
  if (!first || first.faults.length === 0 || first.faults.length > 2) return undefined;
  const order: Mismatch[] = ['capacity', 'mode', 'class', 'taken', 'selector'];
  const fault = order.find((it) => first.faults.includes(it)) ?? 'capacity';
  const name = claim.metadata?.name ?? '';
  const volume = first.volume.metadata?.name ?? '';
  const confidence = first.faults.length === 1 ? 90 : 72;
  const pick = (
    cause: 'pv_taken' | 'pvc_storage_class' | 'pvc_capacity' | 'pvc_access_mode' | 'pvc_selector',
    title: string,
    statement: string,
  ) => ({ cause, confidence, title, statement, volume: first.volume });
  switch (fault) {
    case 'taken': {
      const ref = first.volume.spec?.claimRef;
      return pick(
        'pv_taken',
        `PersistentVolume ${plain(volume)} is bound to another claim than ${plain(name)}`,
        `The PersistentVolume ${code(volume)}, which fits the claim ${code(name)}, is bound to the claim ${code(`${ref?.namespace}/${ref?.name}`)}.`,
      );
    }
    case 'class':
      return pick(
        'pvc_storage_class',
        `The claim ${plain(name)} asks for another StorageClass than its volume has`,
        `The claim ${code(name)} asks for the StorageClass ${code(claim.spec?.storageClassName ?? '')}; the PersistentVolume ${code(volume)}, which fits otherwise, has ${code(first.volume.spec?.storageClassName ?? '')}.`,
      );
    case 'capacity':
      return pick(
        'pvc_capacity',
        `The claim ${plain(name)} asks for more than the volume has`,
        `The claim ${code(name)} asks for ${code(claim.spec?.resources?.requests?.['storage'] ?? '')}; the PersistentVolume ${code(volume)} has ${code(first.volume.spec?.capacity?.['storage'] ?? '')}.`,
      );
    case 'mode':
      return pick(
        'pvc_access_mode',
        `The claim ${plain(name)} asks for an access mode that the volume does not offer`,
        `The claim ${code(name)} asks for ${code((claim.spec?.accessModes ?? []).join(', '))}; the PersistentVolume ${code(volume)} offers ${code((first.volume.spec?.accessModes ?? []).join(', '))}.`,
      );
    case 'selector':
      return pick(
        'pvc_selector',
        `The selector of the claim ${plain(name)} matches no volume`,
        `The claim ${code(name)} selects ${code(JSON.stringify(claim.spec?.selector?.matchLabels ?? {}))}; the PersistentVolume ${code(volume)}, which fits otherwise, has the labels ${code(JSON.stringify(first.volume.metadata?.labels ?? {}))}.`,
      );
    default:
      return fault satisfies never;
  }
}

function isDefaultClass({ metadata }: Wire<Kinds['StorageClass']>): boolean {
  return metadata?.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true';
}

function limits(
  hard: Record<string, string | undefined> | undefined,
  used: Record<string, string | undefined> | undefined,
): string {
  return Object.entries(hard ?? {})
    .map(([key, value]) => `${key}: ${used?.[key] ?? '?'} of ${value}`)
    .join(', ');
}
