import { describe, expect, it } from 'vitest';
import { changesBefore } from '../../src/analyser/changes/changes-before.ts';
import { fieldOwners } from '../../src/evidence/field-owners.ts';
import type { EvidencePiece } from '../../src/evidence/evidence.ts';
import type { KubernetesObject } from '../../src/evidence/kubernetes-object.ts';
import { ClusterView } from '../../src/evidence/view/cluster-view.ts';
import { workloadsOf } from '../../src/evidence/view/subject.ts';
import { deployment, evidenceOf, NOW } from './evidence-of.ts';
import { faultOf } from './fault-of.ts';

const FAULT_AT = '2026-03-01T08:10:00Z';

function changes(kind: string, name: string, objects: KubernetesObject[], others: EvidencePiece[] = []): string[] {
  const view = new ClusterView(evidenceOf(objects, others));
  const fault = { ...faultOf('CrashLoop', { kind, name, apiVersion: 'apps/v1' }), timestamp: FAULT_AT };
  return changesBefore(view, fault, workloadsOf(view, fault.resource)).map(({ what }) => what);
}

const owner = (manager: string, fields: string[], time = '2026-03-01T07:58:00Z') => ({
  manager,
  operation: 'Update',
  time,
  fields,
});

describe('what changed', () => {
  it('compares the last two ControllerRevisions of a StatefulSet and says who changed what', () => {
    const template = (image: string, value: string) => ({
      spec: { containers: [{ name: 'db', image, env: [{ name: 'MODE', value }] }] },
    });
    const revision = (
      number: number,
      created: string,
      image: string,
      value: string,
    ): KubernetesObject & { revision: number; data: object } => ({
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: {
        name: `db-${number}`,
        namespace: 'shop',
        creationTimestamp: created,
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'db', controller: true }],
      },
      revision: number,
      data: { spec: { template: template(image, value) } },
    });
    const set: KubernetesObject = {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: {
        name: 'db',
        namespace: 'shop',
        labels: { 'argocd.argoproj.io/instance': 'shop' },
      },
      spec: { replicas: 1, template: template('db:2', 'fast') },
      changedBy: [owner('argocd-controller', ['spec.template.spec.containers[db].image'])],
    };
    const application: EvidencePiece = {
      type: 'object',
      role: 'dependency',
      command: 'kubectl get application',
      at: NOW,
      object: {
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'Application',
        metadata: { name: 'shop', namespace: 'argocd' },
        status: { sync: { revision: '4f2c1d' }, operationState: { finishedAt: '2026-03-01T07:57:50Z' } },
      },
    };
    const found = changes(
      'StatefulSet',
      'db',
      [set, revision(1, '2026-02-01T00:00:00Z', 'db:1', 'safe'), revision(2, '2026-03-01T07:58:00Z', 'db:2', 'fast')],
      [application],
    );
    expect(found).toEqual([
      'A new revision of `db` was rolled out 12 min before the fault (delivered by Argo CD, Application `shop`, revision `4f2c1d` at `2026-03-01T07:57:50Z`).',
      'image of `db`: `db:1` → `db:2` (set by `argocd-controller`)',
      'environment variable `MODE` of `db`: `safe` → `fast`',
    ]);
  });

  it('names who scaled a workload, and what applies to its pods since', () => {
    const [cart, ...rest] = deployment('cart');
    const quota: KubernetesObject = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'compute', namespace: 'shop', creationTimestamp: '2026-02-01T00:00:00Z' },
      changedBy: [owner('kubectl-edit', ['spec.hard.pods'])],
    };
    const scaled = { ...cart, changedBy: [owner('kubectl', ['spec.replicas'])] };
    expect(changes('Deployment', 'cart', [scaled, ...rest, quota])).toEqual([
      'Deployment `cart` was scaled to `1` replicas by `kubectl` 12 min before the fault.',
      'ResourceQuota `compute` was changed by `kubectl-edit` 12 min before the fault.',
    ]);
    const old = { ...cart, changedBy: [owner('kubectl', ['spec.replicas'], '2026-02-20T00:00:00Z')] };
    expect(changes('Deployment', 'cart', [old, ...rest])).toEqual([]);
  });

  it('compares the time of a ConfigMap with the start of the pods', () => {
    const [cart, ...rest] = deployment('cart');
    const spec = {
      replicas: 1,
      template: {
        metadata: { labels: { app: 'cart' } },
        spec: { containers: [{ name: 'app', envFrom: [{ configMapRef: { name: 'rules' } }] }] },
      },
    };
    const map = (time: string): EvidencePiece => ({
      type: 'existence',
      command: 'kubectl get configmap -n shop rules',
      at: NOW,
      kind: 'ConfigMap',
      namespace: 'shop',
      name: 'rules',
      exists: true,
      changedBy: [owner('helm', ['data.timeout'], time)],
    });
    const with_ = (time: string) => changes('Deployment', 'cart', [{ ...cart, spec }, ...rest], [map(time)]);
    expect(with_('2026-03-01T07:58:00Z')).toEqual(['ConfigMap `rules` was changed by `helm` 12 min before the fault.']);
    expect(with_('2026-03-01T08:05:00Z')).toEqual([
      'ConfigMap `rules` was changed by `helm` 5 min before the fault, after the pods had started.',
    ]);
  });
});

it('reads managedFields as paths, without the status and with a bound', () => {
  const entries = [
    {
      manager: 'kubectl-edit',
      operation: 'Update',
      time: new Date('2026-03-01T08:00:00Z'),
      fieldsV1: {
        'f:spec': {
          'f:replicas': {},
          'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"app"}': { '.': {}, 'f:image': {} } } } },
        },
        'f:status': { 'f:replicas': {} },
      },
    },
    {
      manager: 'kube-controller-manager',
      operation: 'Update',
      time: new Date(0),
      subresource: 'status',
      fieldsV1: { 'f:status': {} },
    },
    {
      manager: 'flood',
      operation: 'Apply',
      time: new Date(1),
      fieldsV1: Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`f:x${at}`, {}])),
    },
  ];
  const found = fieldOwners(JSON.parse(JSON.stringify(entries)));
  expect(found.map(({ manager }) => manager)).toEqual(['kubectl-edit', 'flood']);
  expect(found[0]?.fields).toEqual(['spec.replicas', 'spec.template.spec.containers[app].image']);
  expect(found[1]?.fields).toHaveLength(40);
});
