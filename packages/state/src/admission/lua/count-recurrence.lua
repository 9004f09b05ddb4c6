-- count_recurrence(fault, owner, batch) counts a recurrence on the fault's owner and returns the reply; nil where the owner does
-- not cover the fault any more: it was shed, or the dedup window since its admission has passed and it is not open, or has lost
-- its job.
-- @include redis/keys
-- @include redis/number-of
-- @include incidents/state/open-states
-- @include incidents/state/shed-states
-- @include incidents/has-job
-- @include notifications/note-due
-- @include queue/waiting/severity-band
-- @include admission/raise-severity
-- @include admission/batch/set-owner
-- @include admission/batch/count-answer
return function(fault, owner, batch)
  local row_key = keys.incident(owner)
  local row = redis.call('HMGET', row_key, 'state', 'dedup_until', 'recurrences', 'last_seen', 'place')
  local state, dedup_until, last_seen = row[1], row[2], row[4]
  if not state or shed_states[state] then return nil end
  local open = open_states[state]
  if batch.header.now >= number_of(dedup_until, 0) and not (open and has_job(owner)) then return nil end

  local recurrences = number_of(row[3], 0) + 1
  set_owner(fault.fault_key, owner, batch, 'KEEPTTL')
  -- A fault from a spool may be older than a later one. Ingesters write all times alike, so they compare as text.
  if not last_seen or last_seen < fault.received_at then last_seen = fault.received_at end
  redis.call('HSET', row_key, 'last_seen', last_seen, 'recurrences', recurrences)
  local score = number_of(row[5], 0)
  if open and math.floor(score / severity_band) < fault.severity then raise_severity(owner, score, fault, batch) end
  if not open then
    note_due(owner .. ':recurred', { event = 'incident_recurred', incident_id = owner, recurrences = recurrences })
  end
  return count_answer(fault, { 'deduplicated', owner, recurrences }, batch)
end
