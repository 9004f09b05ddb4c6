-- count_recurrence(fault, owner, batch) counts a recurrence on the fault's owner and returns the reply; nil where the owner does
-- not cover the fault any more: the dedup window since its admission has passed and it is not open, or has lost its job. A shed
-- incident covers no fault that is more severe.
-- @include redis/keys
-- @include redis/number-of
-- @include incidents/state/open-states
-- @include incidents/state/shed-states
-- @include incidents/has-job
-- @include notifications/note-due
-- @include problems/note-recurrence
-- @include queue/waiting/severity-band
-- @include admission/raise-severity
-- @include admission/batch/set-owner
-- @include admission/batch/count-answer

-- Where a storm has displaced the row of a shed incident, see keep_owner.
local function count_displaced(fault, owner, batch)
  local severity = string.match(redis.call('GET', fault.fault_key) or '', '^%S+ 0 (%d+)$')
  if not severity or fault.severity > tonumber(severity) then return nil end
  return count_answer(fault, { 'deduplicated', owner, 1 }, batch)
end

local function is_covered(fault, owner, row, batch)
  local state, dedup_until, place = row[1], number_of(row[2], 0), number_of(row[5], 0)
  local in_window = batch.header.now < dedup_until
  if shed_states[state] then return in_window and fault.severity <= math.floor(place / severity_band) end
  return in_window or (open_states[state] and has_job(owner))
end

return function(fault, owner, batch)
  local row_key = keys.incident(owner)
  local row = redis.call('HMGET', row_key, 'state', 'dedup_until', 'recurrences', 'last_seen', 'place')
  local state, last_seen = row[1], row[4]
  if not state then return count_displaced(fault, owner, batch) end
  if not is_covered(fault, owner, row, batch) then return nil end

  local recurrences = number_of(row[3], 0) + 1
  -- A fault from a spool may be older than a later one. Ingesters write all times alike, so they compare as text.
  if not last_seen or last_seen < fault.received_at then last_seen = fault.received_at end
  redis.call('HSET', row_key, 'last_seen', last_seen, 'recurrences', recurrences)
  local score = number_of(row[5], 0)
  if open_states[state] and math.floor(score / severity_band) < fault.severity then raise_severity(owner, score, fault, batch) end
  -- That of a shed incident stays unseen, for a resync.
  if not shed_states[state] then set_owner(fault.fault_key, owner, batch, 'KEEPTTL') end
  local quiet = open_states[state] or shed_states[state]
  if fault.problem then
    note_recurrence(fault, quiet, batch)
  elseif not quiet then
    note_due(owner .. ':recurred', { event = 'incident_recurred', incident_id = owner, recurrences = recurrences })
  end
  return count_answer(fault, { 'deduplicated', owner, recurrences }, batch)
end
