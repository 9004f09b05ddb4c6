import { expect, test } from 'vitest';
import type { ClusterEvent } from '../clusters/cluster-event.ts';
import type { Cause } from '../diagnosis/cause.ts';
import { parseMatchers } from '../matching/parse-matchers.ts';
import { type Article, matchArticle, matchingArticles } from './article.ts';
import { incidentLabelSets } from './incident-labels.ts';

const event: ClusterEvent = {
  cluster_name: 'prod-west',
  environment: 'production',
  labels: { team: 'shop', cluster: 'not the name' },
  source: 'poll',
  received_at: '2026-01-02T03:04:05Z',
  event: {
    faultId: 'f1',
    faultType: 'CrashLoop',
    severity: 'critical',
    resource: { apiVersion: 'v1', kind: 'Pod', name: 'cart-7d4b9c8f6d-x2vbq', namespace: 'shop' },
    timestamp: '2026-01-02T03:04:00Z',
  },
};

const article = (matchers: string, causes: Cause[] = []): Article => ({
  file: `${matchers}.md`,
  title: 't',
  matchers: parseMatchers(matchers),
  causes,
  links: [],
  body: '',
});

test.each<[string, Cause[], boolean]>([
  ['cluster=~"prod-.*", environment=production', [], true],
  ['cluster="not the name"', [], false],
  ['labels.team=shop, labels.cluster=~"not.*"', [], true],
  ['namespace=shop, workload=cart, kind=Pod, name=~"cart-.*"', [], true],
  ['fault_type=CrashLoop, severity=critical', [], true],
  ['container=""', [], true],
  ['cause=~"db_.*"', [], true],
  ['cause=oom_limit', [], false],
  ['', ['db_port', 'oom_limit'], true],
  ['', ['oom_limit'], false],
  ['namespace=shop', ['oom_limit'], false],
])('%s with causes %j matches: %s', (matchers, causes, matches) => {
  const sets = incidentLabelSets({ cluster_event: event, members: [] }, ['unknown', 'db_port']);
  expect(matchingArticles([article(matchers, causes)], sets)).toHaveLength(matches ? 1 : 0);
});

test('a member of the incident suffices, and the most specific article comes first', () => {
  const member = { ...event.event, faultType: 'BackOff', received_at: '2026-01-02T03:04:05Z' };
  const sets = incidentLabelSets({ cluster_event: event, members: [{ ...event.event, received_at: '' }, member] }, []);
  expect(sets).toHaveLength(2);
  const found = matchingArticles([article('namespace=shop'), article('fault_type=BackOff, namespace=shop')], sets);
  expect(found.map(({ file }) => file)).toEqual(['fault_type=BackOff, namespace=shop.md', 'namespace=shop.md']);
});

test('explains each condition with the value that it was compared with', () => {
  const [labels = new Map<string, string>()] = incidentLabelSets({ cluster_event: event, members: [] }, ['db_port']);
  expect(matchArticle(article('namespace=shop, severity=info', ['oom_limit']), labels)).toMatchObject({
    matches: false,
    conditions: [
      { condition: 'namespace="shop"', holds: true, value: 'shop' },
      { condition: 'severity="info"', holds: false, value: 'critical' },
      { condition: 'cause in (oom_limit)', holds: false, value: 'db_port' },
    ],
  });
});
