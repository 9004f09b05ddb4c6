-- count_explained(fault, incident, batch) counts a fault as a recurrence of the ended incident that covers its problem, and returns
-- the reply.
-- @include redis/keys
-- @include incidents/state/kept-ms
-- @include problems/note-recurrence
-- @include admission/batch/set-owner
-- @include admission/batch/count-answer
return function(fault, incident, batch)
  local row_key = keys.incident(incident)
  local recurrences = redis.call('HINCRBY', row_key, 'recurrences', 1)
  redis.call('HSET', row_key, 'last_seen', fault.received_at)
  set_owner(fault.fault_key, incident, batch, 'PX', kept_ms)
  note_recurrence(fault, false, batch)
  return count_answer(fault, { 'deduplicated', incident, recurrences }, batch)
end
