-- is_taken_over(request) returns whether another worker holds the lock on the incident's job. The slot belongs to the incident:
-- a worker that has lost the lock has lost the slot.
-- @include redis/keys
return function(request)
  local lock = redis.call('GET', keys.job(request.incident) .. ':lock')
  return lock and lock ~= request.token
end
