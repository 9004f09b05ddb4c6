-- note_lost_worker(id) writes to the row why the last attempt did not finish.
-- @include redis/keys
return function(id)
  local attempt = redis.call('HGET', keys.incident(id), 'attempts') or '?'
  redis.call('HSET', keys.incident(id), 'last_failure', 'attempt ' .. attempt .. ': its worker died or hung')
end
