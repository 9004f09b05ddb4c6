-- has_job(id) returns whether BullMQ holds an unfinished job for an incident.
-- @include redis/keys
return function(id)
  return redis.call('EXISTS', keys.job(id)) == 1 and redis.call('HEXISTS', keys.job(id), 'finishedOn') == 0
end
