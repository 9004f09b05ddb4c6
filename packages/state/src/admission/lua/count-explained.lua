-- count_explained(fault, batch) counts a fault as a recurrence of the incident whose report explains its problem, and returns the
-- reply; nil where no report explains the problem, or it is not firing any more.
-- @include redis/keys
-- @include incidents/state/kept-ms
-- @include notifications/note-due
-- @include problems/explaining-incident
-- @include admission/batch/set-owner
-- @include admission/batch/count-answer
return function(fault, batch)
  local incident = explaining_incident(fault.cluster, fault.problem, batch.header.now)
  if not incident then return nil end
  local row_key = keys.incident(incident)
  local recurrences = redis.call('HINCRBY', row_key, 'recurrences', 1)
  redis.call('HSET', row_key, 'last_seen', fault.received_at)
  set_owner(fault.fault_key, incident, batch, 'PX', kept_ms)
  note_due(incident .. ':recurred', { event = 'incident_recurred', incident_id = incident, recurrences = recurrences })
  return count_answer(fault, { 'deduplicated', incident, recurrences }, batch)
end
