-- note_due(name, notification) writes a notification to the outbox, in the same step as the event that it reports; see
-- notification-outbox.ts. It replaces one of the same name.
-- @include redis/keys
return function(name, notification)
  redis.call('HSET', keys.due_notifications, name, cjson.encode(notification))
end
