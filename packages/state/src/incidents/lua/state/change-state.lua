-- change_state(id, to, phase, now, counts) moves an open incident to another state: its row, its indexes, and the books in
-- `counts`. The books count an open incident by its phase, and an ended one by how it ended. `now` is in ms.
-- @include redis/keys
-- @include redis/number-of
-- @include incidents/cluster-of
-- @include incidents/state/open-states
-- @include incidents/state/change-phase
-- @include incidents/state/phase-of
-- @include incidents/state/enter-state
-- @include queue/waiting/remember-waiting
-- @include queue/waiting/forget-waiting
-- @include admission/books/count
-- @include events/note-event
local ENDED_AS = { dropped = 'dropped', expired = 'expired' }

return function(id, to, phase, now, counts)
  local row_key = keys.incident(id)
  local row = redis.call('HMGET', row_key, 'state', 'cluster_name', 'phase', 'place', 'group')
  local cluster, group = cluster_of(id, row[2]), row[5]
  local created = redis.call('ZSCORE', keys.incidents, id) or now
  if row[1] then redis.call('ZREM', keys.incidents_in(row[1]), id) end
  redis.call('HSET', row_key, 'state', to)
  if open_states[to] then
    change_phase(id, cluster, row[3], phase, counts)
  else
    count(counts, phase_of(id, row[3]), cluster, -1)
    count(counts, ENDED_AS[to] or 'finished', cluster, 1)
    redis.call('HDEL', row_key, 'phase')
    if group and redis.call('GET', keys.group(cluster, group)) == id then
      redis.call('DEL', keys.group(cluster, group))
    end
  end
  if to == 'queued' then remember_waiting(id, cluster, number_of(row[4], 0)) else forget_waiting(id, cluster) end
  enter_state(id, to, created, now)
  if to ~= row[1] then note_event('incident', { incident_id = id, cluster = cluster, state = to }) end
end
