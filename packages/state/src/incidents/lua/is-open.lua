-- is_open(id) returns whether an incident is open according to its row and still has a job.
-- @include redis/keys
-- @include incidents/state/open-states
-- @include incidents/has-job
return function(id)
  return open_states[redis.call('HGET', keys.incident(id), 'state')] and has_job(id)
end
