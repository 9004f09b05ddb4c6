-- note_problem_due(id, notification) writes a notification about a problem to the outbox, in the same step as the change that it
-- reports; see problem-outbox.ts for its fields. It replaces one of the same id. An empty list may be an empty table.
-- @include redis/keys
return function(id, notification)
  redis.call('HSET', keys.due_problem_notifications, id, cjson.encode(notification))
end
