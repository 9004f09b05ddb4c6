-- Moves an incident to another state, if it is open.
--
-- KEYS: none; the names are in redis/keys.lua
-- ARGV[1]: the change (JSON, see TransitionRequest in incidents.ts)
-- Returns: {'changed', attempts}, {'final', state} or {'missing'}
--
-- @include redis/keys
-- @include redis/number-of
-- @include incidents/state/all-states
-- @include incidents/state/open-states
-- @include incidents/state/change-state
-- @include incidents/note-lost-worker
-- @include notifications/note-due
-- @include problems/state/notify-problem
-- @include queue/waiting/severity-band
-- @include queue/fair-tags/start-tag
-- @include admission/books/write-counts
local PHASES = { queued = 'delayed', investigating = 'active' }

local transition = cjson.decode(ARGV[1])
local id = transition.incident_id
local row_key = keys.incident(id)
local row = redis.call('HMGET', row_key, 'state', 'place', 'tag')
local state = row[1]
if state and not all_states[state] then
  redis.key_aside(row_key, 'its state is none')
  state = false
end
if not state then return { 'missing' } end
if not open_states[state] then return { 'final', state } end

if #transition.clear > 0 then redis.call('HDEL', row_key, unpack(transition.clear)) end
for field, value in pairs(transition.set) do redis.call('HSET', row_key, field, value) end
if transition.to == 'investigating' then
  start_tag(math.floor(number_of(row[2], 0) / severity_band), number_of(row[3], 0))
  if state == 'investigating' then note_lost_worker(id) end
end
local attempts = redis.call('HINCRBY', row_key, 'attempts', transition.attempts)
if attempts < 0 then
  -- The job was returned before the investigation began.
  attempts = 0
  redis.call('HSET', row_key, 'attempts', attempts)
end
local counts = {}
change_state(id, transition.to, PHASES[transition.to], transition.now, counts)
write_counts(counts)
local cluster, problem = unpack(redis.call('HMGET', row_key, 'cluster_name', 'problem'))
if transition.notify and cluster and problem then
  local event = transition.to == 'resolved' and 'reported' or 'investigation_failed'
  notify_problem(cluster, problem, event, string.format('%.0f', transition.now), id)
elseif transition.notify then
  note_due(id, { event = transition.notify, incident_id = id })
end
return { 'changed', attempts }
