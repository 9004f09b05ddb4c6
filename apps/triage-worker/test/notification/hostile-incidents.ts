import { Incident } from '@nightcrier/core/incidents/incident';
import { randomUUID } from 'node:crypto';

/** Hostile texts for names, log lines and events. */
const HOSTILE = [
  '<!channel> <!here> <!everyone> @channel @here #general',
  '<@U024BE7LH> <#C024BE7LR> <!subteam^S1>',
  '<https://evil.example/login|Slack>',
  'https://evil.example/login evil.example',
  '*bold* _it_ ~no~ `code` ```block``` > quote',
  '&amp;lt;!channel&amp;gt; & && &lt',
  '\u202Egnp.exe\u202C \u2066hidden\u2069 \u200Bzero\uFEFF',
  '\u001B[31mred\u001B]8;;https://evil.example\u0007link\u001B\\ \u0000\u0008\u007F',
  '👩‍👩‍👧‍👦 😀 🏳️‍🌈 e\u0301\u0301\u0301',
  `Z${'\u0335\u0322\u0328'.repeat(400)}`,
  '\uD800 half \uDFFF',
  '   \n\n\t  ',
  '"}]},{"type":"actions"',
  'ｆｕｌｌ ＜！ｃｈａｎｎｅｌ＞',
  ':fire: :here:',
];

/** Returns an incident with hostile texts in all fields, from empty to far beyond every limit. */
export function hostileIncident(seed: number): Incident {
  const text = (salt: number, length = LENGTHS[(seed + salt) % LENGTHS.length] ?? 1): string => {
    let made = '';
    for (let at = seed + salt; made.length < length; at += 7) made += `${HOSTILE[at % HOSTILE.length]} `;
    return made.slice(0, length);
  };
  const received_at = '2026-03-01T12:00:00.000Z';
  const name = text(1).slice(0, 512) || 'x';
  const event = {
    faultId: text(2).slice(0, 256) || 'x',
    faultType: text(3).slice(0, 512) || 'x',
    severity: 'critical',
    resource: { kind: text(4).slice(0, 512) || 'x', name, namespace: text(5).slice(0, 512) },
    context: text(6),
    timestamp: received_at,
  };
  return Incident.parse({
    incident_id: randomUUID(),
    state: 'reported',
    reason: text(7),
    fingerprint: 'f',
    cluster_event: {
      cluster_name: text(8) || 'x',
      environment: text(9),
      labels: {},
      event,
      source: 'subscription',
      received_at,
    },
    recurrences: seed,
    first_seen: received_at,
    last_seen: received_at,
    members: [{ ...event, received_at }],
    member_count: 1 + (seed % 200),
    created_at: received_at,
    finished_at: '2026-03-01T13:02:03.000Z',
    attempts: 1,
    agent: text(10),
    report: {
      title: text(11),
      summary: text(12),
      root_cause: text(13),
      confidence: 90,
      recommendations: Array.from({ length: seed % 25 }, (_, at) => text(14 + at)),
      unsupported: { count: 2, quotes: [text(15)] },
    },
  });
}

/** Lengths around Slack's limits, and far beyond. */
const LENGTHS = [0, 1, 20, 149, 150, 151, 299, 301, 2_000, 2_999, 3_001, 45_000];
