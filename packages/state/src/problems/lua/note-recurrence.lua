-- note_recurrence(fault, quiet, batch) counts a fault that was received again on its problem, which is firing then. It is notified
-- unless `quiet`: an incident is open, whose end is notified.
-- @include redis/keys
-- @include redis/number-of
-- @include problems/state/change-problem
-- @include problems/state/notify-problem
return function(fault, quiet, batch)
  local now = batch.header.now_ms
  change_problem(fault.cluster, fault.problem, 'firing', now)
  redis.call('HINCRBY', keys.problem(fault.cluster, fault.problem), 'recurrences', 1)
  redis.call('ZADD', keys.problems(fault.cluster), now, fault.problem)
  local severity = redis.call('HGET', keys.problem(fault.cluster, fault.problem), 'investigated_severity')
  if severity and fault.severity > number_of(severity, fault.severity) then
    redis.call('HSET', keys.problem(fault.cluster, fault.problem), 'investigated_severity', fault.severity)
    notify_problem(fault.cluster, fault.problem, 'severity_raised', now)
  end
  if not quiet then notify_problem(fault.cluster, fault.problem, 'recurred', now) end
end
