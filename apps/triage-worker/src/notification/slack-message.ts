import type { KnownBlock, PlainTextElement } from '@slack/types';
import { type IncidentFacts, incidentFacts } from './incident-facts.ts';
import { type AgentsNotice, type IncidentNotice, isIncidentNotice, type Notice } from './notice.ts';
import { slackFallback, slackLine, slackText } from './slack-text.ts';

/** The fields of a message that the incoming webhook and `chat.postMessage` share. */
export interface SlackMessage {
  /** Shown where blocks are not, such as in push notifications. */
  text: string;
  blocks: KnownBlock[];
  unfurl_links: false;
  unfurl_media: false;
  link_names: false;
}

/** Slack's limits, in characters. */
const LONGEST = { fallback: 500, header: 150, section: 3_000 };
/** Of a field; Slack allows 2,000. */
const LONGEST_FACT = 300;
const LONGEST_RECOMMENDATIONS = 5;
/** Slack accepts 50 blocks, but refuses messages whose blocks are too long in total. */
const LONGEST_REPORT = 12_000;

const SEVERITY_SIGNS: Record<string, string> = { critical: '🔴', warning: '🟠', info: '🔵' };

const HEADLINES: Record<Notice['event'], string> = {
  incident_resolved: 'Investigated',
  incident_recurred: 'Investigated',
  incident_failed: 'Could not be investigated',
  incident_agent_failed: 'The agent wrote no report',
  agents_degraded: 'Agents are degraded',
  agents_recovered: 'Agents recovered',
};

/** Returns the message for Slack. Text of clusters and agents is in plain text objects, which format and link nothing. */
export function slackMessage(notice: Notice): SlackMessage {
  const { headline, blocks } = isIncidentNotice(notice) ? ofIncident(notice) : ofAgents(notice);
  return {
    text: slackFallback(headline, LONGEST.fallback),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: slackLine(headline, LONGEST.header), emoji: false } },
      ...blocks,
    ],
    unfurl_links: false,
    unfurl_media: false,
    link_names: false,
  };
}

/** Returns the report for the thread of its incident's message: plain text, cut to Slack's limits. */
export function slackReport(report: string, reportUrl: string | undefined): SlackMessage {
  const text = slackText(report, LONGEST_REPORT);
  return {
    text: 'Report',
    blocks: [...sections(text), ...linkBlock(reportUrl)],
    unfurl_links: false,
    unfurl_media: false,
    link_names: false,
  };
}

function ofIncident(notice: IncidentNotice): { headline: string; blocks: KnownBlock[] } {
  const facts = incidentFacts(notice);
  const event = headlineEvent(notice);
  const headline = `${SEVERITY_SIGNS[facts.severity] ?? ''} ${HEADLINES[event]}: ${facts.resource} in ${facts.cluster}`;
  const { reason, root_cause, recommendations, unsupported_quotes: unsupported } = facts;
  const steps = recommendations.slice(0, LONGEST_RECOMMENDATIONS);
  const texts = [
    root_cause && (facts.determined === false ? `Cause not determined: ${root_cause}` : `Root cause: ${root_cause}`),
    reason && `Note: ${reason}`,
    steps.length > 0 && `Recommended:\n${steps.map((step, at) => `${at + 1}. ${slackLineSource(step)}`).join('\n')}`,
    facts.unverified_resources &&
      `Caution: not known to exist: ${facts.unverified_resources.join(', ')}. Check before you act.`,
    facts.knowledge && `Knowledge:\n${facts.knowledge.map(articleLine).join('\n')}`,
    unsupported !== undefined &&
      `Caution: ${unsupported} of the report's quotes are not in the recorded evidence. Check them before you act.`,
  ];
  return {
    headline,
    blocks: [
      { type: 'section', fields: fieldsOf(facts) },
      ...texts.flatMap((text) => (text ? [sectionOf(text)] : [])),
      ...linkBlock(facts.report_url),
      {
        type: 'context',
        elements: [plain(slackLine(`Incident ${facts.incident_id}${previously(facts)}`, LONGEST_FACT))],
      },
    ],
  };
}

function articleLine({ title, file, links: [first] }: NonNullable<IncidentFacts['knowledge']>[number]): string {
  return `• ${slackLineSource(title)} (${file})${first ? `: ${first.url}` : ''}`;
}

/** A recurrence updates the message and keeps its headline. */
function headlineEvent({ event, incident }: IncidentNotice): Notice['event'] {
  if (event !== 'incident_recurred' || incident.report) return event;
  return incident.state === 'agent_failed' ? 'incident_agent_failed' : 'incident_failed';
}

function ofAgents({ notification }: AgentsNotice): { headline: string; blocks: KnownBlock[] } {
  const headline = HEADLINES[notification.event];
  if (notification.event === 'agents_degraded') {
    const { agent, failures, reason } = notification;
    const facts = `Agent: ${agent}. Failures in a row: ${failures}. The last one: ${reason}`;
    const what = 'Until it recovers, the agents of agent_fallback report, and the built-in analyser last.';
    return { headline, blocks: [sectionOf(facts), sectionOf(what)] };
  }
  const { agent, since, at, failures, passed_over } = notification;
  const lasted = duration((at - since) / 1000);
  const facts = `Agent: ${agent}. Degraded for ${lasted}. Failures in a row: ${failures}. Incidents given to fallback agents: ${passed_over}.`;
  return { headline, blocks: [sectionOf(facts)] };
}

function fieldsOf(facts: IncidentFacts): PlainTextElement[] {
  const { tokens, cost_usd: cost } = facts;
  const used = [tokens !== undefined && `${tokens} tokens`, cost !== undefined && `$${cost.toFixed(cost < 1 ? 3 : 2)}`];
  const entries: [name: string, value: string | undefined][] = [
    ['Cluster', facts.cluster],
    ['Environment', facts.environment],
    ['Resource', facts.resource],
    ['Fault', facts.fault],
    ['Severity', facts.severity],
    [
      'Confidence',
      facts.confidence === undefined
        ? undefined
        : `${facts.confidence} %${facts.determined === false ? ' (not determined)' : ''}`,
    ],
    ['Seen', seen(facts)],
    ['Took', facts.duration_seconds === undefined ? undefined : duration(facts.duration_seconds)],
    ['Agent', facts.agent],
    ['Used', used.filter((part) => part !== false).join(', ') || undefined],
  ];
  return entries
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([name, value]) => plain(`${name}\n${slackLine(value, LONGEST_FACT)}`));
}

function seen({ recurrences, members }: IncidentFacts): string {
  const times = recurrences === 0 ? 'once' : `${recurrences + 1} times`;
  return members > 1 ? `${times}, ${members} resources` : times;
}

function previously({ previous_incident_id: previous }: IncidentFacts): string {
  return previous === undefined ? '' : `, after ${previous}`;
}

/** Returns the text in one line; it is escaped with the whole message. */
function slackLineSource(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}

function sectionOf(text: string): KnownBlock {
  return { type: 'section', text: plain(slackText(text, LONGEST.section)) };
}

/** Splits an escaped text into sections, at line ends if there are any. */
function sections(text: string): KnownBlock[] {
  const parts: string[] = [];
  let rest = text;
  while (rest.length > LONGEST.section) {
    const head = rest.slice(0, LONGEST.section);
    const lineEnd = head.lastIndexOf('\n');
    const end = lineEnd > 0 ? lineEnd : head.search(/(?:&[a-z]{0,4}|[\uD800-\uDBFF])?$/);
    parts.push(rest.slice(0, end));
    rest = rest.slice(end).replace(/^\n/, '');
  }
  parts.push(rest);
  return parts.filter((part) => part.trim() !== '').map((part) => ({ type: 'section', text: plain(part) }));
}

/** Returns the only link: the configured `public_url` and the incident's id. */
function linkBlock(url: string | undefined): KnownBlock[] {
  if (url === undefined) return [];
  const address = url.replaceAll(/[<>|]/g, encodeURIComponent).replaceAll('&', '&amp;');
  return [{ type: 'context', elements: [{ type: 'mrkdwn', text: `<${address}|The whole report>`, verbatim: true }] }];
}

function plain(text: string): PlainTextElement {
  return { type: 'plain_text', text, emoji: false };
}

/** `42 s`, `3 min 5 s`, `2 h 10 min` */
function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
