import { z } from 'zod';
import { SubscriptionRequest, type Subscription } from './subscription.ts';
import type { Subscriptions } from './subscriptions.ts';
import { defineTool, type McpTool } from './tool.ts';

/** Returns the subscription tools of an event-emitting server, with the texts of the real server. */
export function eventTools(cluster: string, subscriptions: Subscriptions): McpTool[] {
  return [
    defineTool(
      'events_subscribe',
      'Subscribe to Kubernetes event notifications in real-time. Requires HTTP/SSE transport (start server with --port). Client must call logging/setLevel before receiving notifications.',
      SubscriptionRequest,
      (request, sessionId) => {
        const subscription = subscriptions.create(sessionId, request, new Date());
        const description = { ...describe(cluster, subscription), status: 'active' };
        return `# Event Subscription Created\n\n${json(description)}\n\nYou will receive event notifications via the logging/message protocol.`;
      },
    ),
    defineTool(
      'events_unsubscribe',
      'Unsubscribe from event notifications by subscription ID',
      z.object({ subscriptionId: z.string().describe('The subscription ID returned by events_subscribe') }),
      ({ subscriptionId }, sessionId) => {
        if (!subscriptions.cancel(sessionId, subscriptionId)) {
          throw new Error('failed to cancel subscription: subscription not found');
        }
        return `# Subscription Cancelled\n\n${json({ cancelled: true, status: 'success', subscriptionId })}`;
      },
    ),
    defineTool(
      'events_list_subscriptions',
      'List active event subscriptions for the current session',
      z.object({}),
      (_, sessionId) => {
        const own = subscriptions.ofSession(sessionId);
        const list = own.map((subscription) => ({
          ...describe(cluster, subscription),
          degraded: subscription.degraded,
        }));
        return `# Active Subscriptions\n\n${json({ subscriptions: list, total: own.length })}`;
      },
    ),
  ];
}

function describe(cluster: string, { id, mode, filters, createdAt }: Subscription): object {
  return { subscriptionId: id, cluster, mode, filters, createdAt: `${createdAt.toISOString().slice(0, 19)}Z` };
}

function json(value: object): string {
  return JSON.stringify(value, null, 2);
}
