import { describe, expect, test } from 'vitest';
import { actionsOf, type PermissionRule } from './rule-actions.ts';

const READ = ['get', 'list', 'watch'];

/** `permission: action` of everything that is found. */
function found(rule: PermissionRule): string[] {
  return actionsOf(rule).map(({ permission, action }) => `${permission}: ${action}`);
}

describe('a rule that changes or escalates is found', () => {
  test.each<[string, PermissionRule, string[]]>([
    ['creation of pods', { verbs: ['create'], apiGroups: [''], resources: ['pods'] }, ['can_write: create pods']],
    [
      'a custom resource, such as an aggregated role adds',
      { verbs: ['get', 'patch'], apiGroups: ['argoproj.io'], resources: ['applications'] },
      ['can_write: patch applications.argoproj.io'],
    ],
    [
      'one named object',
      { verbs: ['update'], apiGroups: [''], resources: ['configmaps'] },
      ['can_write: update configmaps'],
    ],
    [
      'the status of nodes',
      { verbs: ['patch'], apiGroups: [''], resources: ['nodes/status'] },
      ['can_write: patch nodes/status'],
    ],
    [
      'the scale of a Deployment',
      { verbs: ['update'], apiGroups: ['apps'], resources: ['deployments/scale'] },
      ['can_write: update deployments.apps/scale'],
    ],
    [
      'consoles of virtual machines',
      { verbs: ['get'], apiGroups: ['subresources.kubevirt.io'], resources: ['virtualmachineinstances/console'] },
      ['can_exec: get virtualmachineinstances.subresources.kubevirt.io/console'],
    ],
    [
      'everything in a group of subresources',
      { verbs: READ, apiGroups: ['subresources.kubevirt.io'], resources: ['*'] },
      ['can_exec: get *.subresources.kubevirt.io'],
    ],
    [
      'clusters behind a cluster',
      { verbs: ['get'], apiGroups: ['cluster.karmada.io'], resources: ['clusters/proxy'] },
      ['can_exec: get clusters.cluster.karmada.io/proxy'],
    ],
    [
      'the scale of everything',
      { verbs: ['patch'], apiGroups: ['*'], resources: ['*/scale'] },
      ['can_write: patch *.*/scale'],
    ],
    [
      'evictions',
      { verbs: ['create'], apiGroups: [''], resources: ['pods/eviction'] },
      ['can_write: create pods/eviction'],
    ],
    [
      'ephemeral containers',
      { verbs: ['patch'], apiGroups: [''], resources: ['pods/ephemeralcontainers'] },
      ['can_write: patch pods/ephemeralcontainers'],
    ],
    [
      'tokens of service accounts',
      { verbs: ['create'], apiGroups: [''], resources: ['serviceaccounts/token'] },
      ['can_write: create serviceaccounts/token'],
    ],
    [
      'approval of certificates',
      { verbs: ['update'], apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests/approval'] },
      ['can_write: update certificatesigningrequests.certificates.k8s.io/approval'],
    ],
    [
      'signers',
      { verbs: ['approve'], apiGroups: ['certificates.k8s.io'], resources: ['signers'] },
      ['can_write: approve signers.certificates.k8s.io'],
    ],
    [
      'escalate and bind',
      { verbs: ['bind', 'escalate'], apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles'] },
      [
        'can_write: bind clusterroles.rbac.authorization.k8s.io',
        'can_write: escalate clusterroles.rbac.authorization.k8s.io',
      ],
    ],
    [
      'webhook configurations',
      {
        verbs: ['update'],
        apiGroups: ['admissionregistration.k8s.io'],
        resources: ['mutatingwebhookconfigurations'],
      },
      ['can_write: update mutatingwebhookconfigurations.admissionregistration.k8s.io'],
    ],
    [
      'APIServices and CRDs',
      {
        verbs: ['create'],
        apiGroups: ['apiregistration.k8s.io', 'apiextensions.k8s.io'],
        resources: ['apiservices'],
      },
      ['can_write: create apiservices.apiregistration.k8s.io', 'can_write: create apiservices.apiextensions.k8s.io'],
    ],
    [
      'a group of any name',
      { verbs: ['deletecollection'], apiGroups: ['*'], resources: ['jobs'] },
      ['can_write: deletecollection jobs.*'],
    ],
    [
      'a namespace that is requested as a project',
      { verbs: ['create'], apiGroups: ['project.openshift.io'], resources: ['projectrequests'] },
      ['can_write: create projectrequests.project.openshift.io'],
    ],
    ['requests to URLs', { verbs: ['put'], nonResourceURLs: ['/debug/flags/v'] }, ['can_write: put /debug/flags/v']],
    [
      'a verb that a new version has',
      { verbs: ['attest'], apiGroups: ['certificates.k8s.io'], resources: ['signers'] },
      ['can_write: attest signers.certificates.k8s.io'],
    ],
    ['exec by GET', { verbs: ['get'], apiGroups: [''], resources: ['pods/exec'] }, ['can_exec: get pods/exec']],
    [
      'proxies of everything',
      { verbs: ['get'], apiGroups: [''], resources: ['*/proxy'] },
      ['can_exec: get pods/proxy', 'can_exec: get services/proxy', 'can_exec: get nodes/proxy'],
    ],
    [
      'attach and port-forward',
      { verbs: ['create'], apiGroups: [''], resources: ['pods/attach', 'pods/portforward'] },
      ['can_exec: create pods/attach', 'can_exec: create pods/portforward'],
    ],
    [
      'impersonation of an extra field',
      { verbs: ['impersonate'], apiGroups: ['authentication.k8s.io'], resources: ['userextras/team'] },
      ['can_impersonate: impersonate userextras.authentication.k8s.io/team'],
    ],
    [
      'constrained impersonation',
      { verbs: ['impersonate:user-info'], apiGroups: ['authentication.k8s.io'], resources: ['users'] },
      ['can_impersonate: impersonate:user-info users.authentication.k8s.io'],
    ],
    ['watching Secrets', { verbs: ['watch'], apiGroups: ['*'], resources: ['secrets'] }, ['secrets: watch secrets']],
  ])('%s', (_, rule, expected) => {
    expect(found(rule)).toEqual(expected);
  });

  test('all at once in the rule of an administrator', () => {
    const permissions = new Set(
      actionsOf({ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }).map(({ permission }) => permission),
    );
    expect(permissions).toEqual(new Set(['secrets', 'can_exec', 'can_impersonate', 'can_write']));
  });

  test('reading everything includes exec by GET, proxies and Secrets, but no write', () => {
    const permissions = actionsOf({ verbs: READ, apiGroups: ['*'], resources: ['*'] }).map(
      ({ permission }) => permission,
    );
    expect(new Set(permissions)).toEqual(new Set(['secrets', 'can_exec']));
  });
});

test.each<[string, PermissionRule]>([
  [
    'reads of workloads, their logs and scale',
    { verbs: READ, apiGroups: ['', 'apps'], resources: ['pods', 'pods/log', 'deployments/scale'] },
  ],
  [
    'reviews',
    {
      verbs: ['create'],
      apiGroups: ['authorization.k8s.io'],
      resources: ['selfsubjectaccessreviews', 'subjectaccessreviews'],
    },
  ],
  ['reviews of tokens', { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'] }],
  [
    'the use of a PodSecurityPolicy, which EKS grants to everybody',
    { verbs: ['use'], apiGroups: ['policy'], resources: ['podsecuritypolicies'] },
  ],
  [
    'what OpenShift grants to everybody',
    { verbs: ['create'], apiGroups: ['', 'build.openshift.io'], resources: ['builds/docker', 'builds/source'] },
  ],
  [
    'scopes of the own login',
    {
      verbs: ['impersonate'],
      apiGroups: ['authentication.k8s.io'],
      resources: ['userextras/scopes.authorization.openshift.io'],
    },
  ],
  ['discovery', { verbs: ['get', 'head'], nonResourceURLs: ['/healthz', '/metrics', '/api/*'] }],
  ['custom resources', { verbs: READ, apiGroups: ['argoproj.io', 'secrets-store.csi.x-k8s.io'], resources: ['*'] }],
  [
    'a kind of another group that is called secrets',
    { verbs: READ, apiGroups: ['vault.example.com'], resources: ['secrets'] },
  ],
])('no finding: %s', (_, rule) => {
  expect(actionsOf(rule)).toEqual([]);
});
