import { Notification } from '@nightcrier/core/incidents/notification';
import type { StateContext } from '../redis/state-context.ts';
import { Outbox } from './outbox.ts';

/** The notifications about ends of incidents, in no order (`lua/note-due.lua`). */
export class NotificationOutbox extends Outbox<Notification> {
  constructor(context: StateContext) {
    super(context, context.keys.dueNotifications, (json) => Notification.parse(json));
  }
}
