-- park(request) delays the job of an incident that gets no slot. Job and row change in one step, so that no crash between them
-- leaves the incident to its delay. Returns 0, 1 for an incident that has ended, which needs no slot, or BullMQ's negative code
-- when another worker holds the job.
-- @include bullmq/move-to-delayed
-- @include redis/keys
-- @include redis/number-of
-- @include incidents/state/open-states
-- @include incidents/state/change-phase
-- @include incidents/state/change-state
-- @include incidents/note-lost-worker
-- @include queue/slots/promotion-score
-- @include queue/slots/queue-keys
-- @include admission/books/write-counts

-- A parked incident starts again after this time if nothing promotes it, ms.
local PARKED_FOR = 300000

return function(request)
  local id, cluster = request.incident, request.cluster
  local row = redis.call('HMGET', keys.incident(id), 'state', 'place', 'phase')
  local state, score, phase = row[1], row[2], row[3]
  -- It ended while its job waited. The worker finds that when it reads the row, and ends the job.
  if not open_states[state] then return 1 end
  local delayed = move_to_delayed(
    queue_keys('marker', 'active', 'prioritized', 'delayed', id, 'events', 'meta', 'stalled', 'wait', 'limiter', 'pc'),
    { QUEUE, request.now, id, request.token, PARKED_FOR, '1', '', '0', '' }
  )
  if delayed ~= 0 then return delayed end
  redis.call('ZADD', keys.parked(cluster), 'NX', promotion_score(number_of(score, 0)), id)
  redis.call('SADD', keys.parked_clusters, cluster)
  local counts = {}
  if state == 'investigating' then
    -- Its previous worker died.
    note_lost_worker(id)
    change_state(id, 'queued', 'delayed', request.now, counts)
  elseif phase == 'waiting' then
    change_phase(id, cluster, 'waiting', 'delayed', counts)
  end
  write_counts(counts)
  return 0
end
