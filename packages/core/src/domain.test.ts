import { expect, test } from 'vitest';
import { type ClusterHealth, summarizeHealth } from './clusters/cluster-health.ts';
import {
  type ClusterPermissions,
  describeExcess,
  helmAccessAvailable,
  isReadOnly,
  minimumPermissionsMet,
} from './permissions/cluster-permissions.ts';
import { INCIDENT_STATES, isFinal } from './incidents/incident.ts';

const all: ClusterPermissions = {
  cluster_name: 'prod',
  validated_at: '2026-01-01T00:00:00Z',
  can_get_pods: true,
  can_get_logs: true,
  can_get_events: true,
  can_get_deployments: true,
  can_get_services: true,
  secrets_access_allowed: true,
  can_get_secrets: true,
  can_get_configmaps: true,
  can_get_nodes: true,
};

test('minimumPermissionsMet requires pods, logs and events only', () => {
  const minimal = {
    ...all,
    can_get_deployments: false,
    can_get_services: false,
    can_get_nodes: false,
    can_get_secrets: false,
  };
  expect(minimumPermissionsMet(minimal)).toBe(true);
});

test.each(['can_get_pods', 'can_get_logs', 'can_get_events'])('minimumPermissionsMet requires %s', (key) => {
  expect(minimumPermissionsMet({ ...all, [key]: false })).toBe(false);
});

test('helmAccessAvailable requires both the configuration and RBAC', () => {
  expect(helmAccessAvailable(all)).toBe(true);
  expect(helmAccessAvailable({ ...all, secrets_access_allowed: false })).toBe(false);
  expect(helmAccessAvailable({ ...all, can_get_secrets: false })).toBe(false);
});

test('isReadOnly is false when one check is allowed, and unknown while one is missing', () => {
  const none = { can_write: false, can_exec: false, can_impersonate: false };
  expect(isReadOnly({ ...all, ...none })).toBe(true);
  expect(isReadOnly(all)).toBeUndefined();
  expect(isReadOnly({ ...all, ...none, can_exec: undefined })).toBeUndefined();
  expect(isReadOnly({ ...all, can_impersonate: true })).toBe(false);
});

test('isReadOnly counts readable Secrets unless the configuration allows them', () => {
  const none = { can_write: false, can_exec: false, can_impersonate: false, secrets_access_allowed: false };
  expect(isReadOnly({ ...all, ...none, secrets_readable: true })).toBe(false);
  expect(isReadOnly({ ...all, ...none, secrets_readable: false })).toBe(true);
  expect(isReadOnly({ ...all, ...none })).toBeUndefined();
  expect(describeExcess({ ...all, ...none, secrets_readable: true })).toEqual([
    'the kubeconfig can read Secrets, which allow_secrets_access forbids',
  ]);
});

test('summarizeHealth counts every cluster that is not active as unhealthy', () => {
  const cluster = (status: ClusterHealth['status'], triage_enabled: boolean): ClusterHealth => ({
    name: status,
    status,
    event_count: 0,
    triage_enabled,
  });
  const { summary } = summarizeHealth([cluster('active', true), cluster('failed', true), cluster('connecting', false)]);
  expect(summary).toEqual({ total: 3, active: 1, unhealthy: 2, degraded: 0, triage_enabled: 2 });
});

test('summarizeHealth counts degraded clusters, which may be active', () => {
  const cluster = { name: 'alpha', status: 'active', event_count: 0, triage_enabled: true } as const;
  const { summary } = summarizeHealth([cluster, { ...cluster, degraded: 'push is silent' }]);
  expect(summary).toMatchObject({ active: 2, unhealthy: 0, degraded: 1 });
});

test('isFinal: only queued and investigating incidents are open', () => {
  expect(INCIDENT_STATES.filter((state) => !isFinal(state))).toEqual(['queued', 'investigating']);
});
