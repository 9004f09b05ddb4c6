import { type FaultEvent, FaultEvent as FaultEventSchema, faultFingerprint } from '@nightcrier/core/faults/fault';
import { z } from 'zod';
import { containerOf } from '../detection/symptoms/container-of.ts';
import type { WarningEvent } from '../detection/objects/kinds.ts';
import { MALFORMED_REASONS, type MalformedReason } from '../mcp/malformed.ts';
import { cleanText } from '../mcp/wire-text.ts';

/** `logger` of the notifications of an event-emitting kubernetes-mcp-server. */
const FAULTS_LOGGER = 'kubernetes/faults';
const EVENTS_LOGGER = 'kubernetes/events';
const SUBSCRIPTION_ERROR_LOGGER = 'kubernetes/subscription_error';

/** `notes`: what was normalized. `claims`: the name that the server gives the cluster, if it is not the configured one. */
export interface FaultNotification {
  kind: 'fault';
  fault: FaultEvent;
  /** The Warning Event from which the fault was derived. */
  event?: WarningEvent;
  notes: string[];
  claims?: string;
}

type Content =
  | FaultNotification
  | { kind: 'subscription-error'; message: string; degraded: boolean }
  | { kind: 'ignored'; reason: 'normal_event' | 'other_logger' }
  | { kind: 'malformed'; reason: MalformedReason; detail: string };

/** A `notifications/message` of an event-emitting kubernetes-mcp-server. */
export type ParsedNotification = Content & {
  /** Missing when the server does not name the subscription. */
  subscriptionId?: string;
};

export interface NotificationContext {
  /** As configured; it wins over what the server calls the cluster. */
  clusterName: string;
  /** Time of receipt; used when the notification has no usable timestamp. */
  now: Date;
}

const Notification = z.object({ logger: z.string().optional(), data: z.unknown() });
const Data = z.record(z.string(), z.unknown());
const WireEvent = z.object({
  namespace: z.unknown(),
  timestamp: z.unknown(),
  type: z.string(),
  reason: z.unknown(),
  message: z.string().nullish(),
  involvedObject: z.record(z.string(), z.unknown()),
  count: z.unknown().optional(),
  firstTimestamp: z.unknown().optional(),
  lastTimestamp: z.unknown(),
});

const Timestamp = z.iso.datetime({ offset: true });

const RESOURCE_FIELDS = new Set(['apiVersion', 'kind', 'name', 'namespace', 'uid']);
const MAX_CONTEXT = 16_384;
const MAX_NAME = 513; // one more than any field may have, so that the schema still finds a long one too long

/** Parses `params` of a `notifications/message`. Never throws. */
export function parseNotification(params: unknown, context: NotificationContext): ParsedNotification {
  const notification = Notification.safeParse(params);
  if (!notification.success) return malformed('notification', 'not an object with logger and data');
  const { logger, data: rawData } = notification.data;
  const parse = PARSERS.get(logger ?? '');
  if (!parse) return { kind: 'ignored', reason: 'other_logger' };
  const data = Data.safeParse(rawData);
  if (!data.success) return malformed('data', 'not an object');
  const { subscriptionId } = data.data;
  return { ...parse(data.data, context), ...(typeof subscriptionId === 'string' && { subscriptionId }) };
}

type Parser = (data: Record<string, unknown>, context: NotificationContext) => Content;

const PARSERS: ReadonlyMap<string, Parser> = new Map([
  [FAULTS_LOGGER, parseFault],
  [EVENTS_LOGGER, parseEvent],
  [SUBSCRIPTION_ERROR_LOGGER, parseSubscriptionError],
]);

function parseSubscriptionError(data: Record<string, unknown>): Content {
  const message = cleanText(stringOf(data.error) || 'the server gave no reason', 500, { lines: false });
  return { kind: 'subscription-error', message, degraded: data.degraded === true };
}

function parseFault(data: Record<string, unknown>, context: NotificationContext): Content {
  return checkedFault(
    {
      faultId: data.faultId,
      faultType: data.faultType,
      severity: data.severity,
      resource: data.resource,
      container: data.container,
      context: data.context,
    },
    data.timestamp,
    otherCluster(data, context),
    context,
  );
}

function parseEvent(data: Record<string, unknown>, context: NotificationContext): Content {
  const parsed = WireEvent.safeParse(data.event);
  if (!parsed.success) return malformed('event', describe(parsed.error));
  const event = parsed.data;
  if (event.type === 'Normal') return { kind: 'ignored', reason: 'normal_event' };
  if (event.type !== 'Warning') return malformed('event', `type is neither Normal nor Warning: ${event.type}`);
  const { fieldPath, ...involved } = event.involvedObject;
  const content = checkedFault(
    {
      faultId: undefined,
      faultType: event.reason,
      severity: 'warning',
      resource: { ...involved, namespace: involved.namespace ?? event.namespace },
      container: containerOf(stringOf(fieldPath), event.message ?? ''),
      context: event.message,
    },
    event.lastTimestamp ?? event.timestamp,
    otherCluster(data, context),
    context,
  );
  return content.kind === 'fault' ? { ...content, event: warningEventOf(content.fault, event) } : content;
}

/** The Event as the API would serve it, of fields that have been checked. */
function warningEventOf(fault: FaultEvent, event: z.infer<typeof WireEvent>): WarningEvent {
  const { faultType: reason, resource, context: message, timestamp, container } = fault;
  const first = timestampOf(event.firstTimestamp) ?? timestamp;
  return {
    metadata: {
      name: `${resource.name}.${reason}`,
      namespace: resource.namespace,
      uid: undefined,
      creationTimestamp: first,
      deletionTimestamp: undefined,
      ownerReferences: undefined,
    },
    involvedObject: {
      namespace: undefined,
      uid: undefined,
      ...resource,
      fieldPath: container === undefined ? undefined : `spec.containers{${container}}`,
    },
    type: 'Warning',
    reason,
    message,
    count: typeof event.count === 'number' ? event.count : undefined,
    firstTimestamp: first,
    lastTimestamp: timestamp,
    eventTime: undefined,
  };
}

/** Raw fields made safe, completed and checked. */
function checkedFault(
  raw: Record<'faultId' | 'faultType' | 'severity' | 'resource' | 'container' | 'context', unknown>,
  rawTimestamp: unknown,
  claims: string | undefined,
  { clusterName, now }: NotificationContext,
): Content {
  const notes: string[] = [];
  const timestamp = timestampOf(rawTimestamp);
  if (timestamp === undefined) notes.push('no usable timestamp; the time of receipt is used');
  const faultId = emptyToUndefined(cleaned(raw.faultId));
  const candidate = {
    // Replaced below, when the fields it is computed from are known to be good.
    faultId: faultId ?? 'unknown',
    faultType: cleaned(raw.faultType),
    severity: typeof raw.severity === 'string' ? raw.severity.trim().toLowerCase() : raw.severity,
    resource: cleanedFields(raw.resource),
    container: emptyToUndefined(cleaned(raw.container)),
    context: contextOf(raw.context),
    timestamp: timestamp ?? now.toISOString(),
  };
  const checked = FaultEventSchema.safeParse(candidate);
  if (!checked.success) return malformed(partOf(checked.error), describe(checked.error));
  const fault = checked.data;
  if (faultId === undefined) {
    fault.faultId = faultFingerprint(clusterName, fault.faultType, fault.resource, fault.container);
  }
  return { kind: 'fault', fault, notes, ...(claims !== undefined && { claims }) };
}

function otherCluster(data: Record<string, unknown>, { clusterName }: NotificationContext): string | undefined {
  const named = cleanText(stringOf(data.cluster), 100, { lines: false });
  return named === '' || named === clusterName ? undefined : named;
}

/** RFC 3339, or undefined for anything else and for Go's zero time. */
function timestampOf(value: unknown): string | undefined {
  const parsed = Timestamp.safeParse(value);
  return parsed.success && Date.parse(parsed.data) > 0 ? parsed.data : undefined;
}

function contextOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return emptyToUndefined(cleanText(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''), MAX_CONTEXT));
}

function cleanedFields(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => RESOURCE_FIELDS.has(key))
      .map(([key, field]) => [
        key,
        key === 'kind' || key === 'name' ? cleaned(field) : emptyToUndefined(cleaned(field)),
      ]),
  );
}

function cleaned(value: unknown): unknown {
  if (value === null) return undefined;
  return typeof value === 'string' ? cleanText(value, MAX_NAME, { lines: false }) : value;
}

function emptyToUndefined<T>(value: T): T | undefined {
  return value === '' ? undefined : value;
}

function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function partOf(error: z.ZodError): MalformedReason {
  const field = error.issues[0]?.path[0];
  return MALFORMED_REASONS.find((part) => part === field) ?? 'data';
}

function describe(error: z.ZodError): string {
  const issue = error.issues[0];
  return cleanText(`${issue?.path.join('.') || 'value'}: ${issue?.message ?? 'invalid'}`, 200, { lines: false });
}

function malformed(reason: MalformedReason, detail: string): Content {
  return { kind: 'malformed', reason, detail };
}
