-- Moves an incident to another state, if it is open. Preceded by incident-rows.lua and fair-order.lua.
--
-- ARGV[1] transition (JSON, see TransitionRequest in incidents.ts)
-- Returns {'changed', attempts}, {'final', state} or {'missing'}.

local PHASES = { queued = 'delayed', investigating = 'active' }
local transition = cjson.decode(ARGV[1])
local id, row = transition.incident_id, row_of(transition.incident_id)
local known = redis.call('HMGET', row, 'state', 'place', 'tag')
local state = known[1]
if not state then return { 'missing' } end
if not OPEN[state] then return { 'final', state } end

if #transition.clear > 0 then redis.call('HDEL', row, unpack(transition.clear)) end
for field, value in pairs(transition.set) do redis.call('HSET', row, field, value) end
if transition.to == 'investigating' then
  start_tag(math.floor(known[2] / SEVERITY_BAND), tonumber(known[3]))
  if state == 'investigating' then note_lost_worker(id) end
end
local attempts = redis.call('HINCRBY', row, 'attempts', transition.attempts)
if attempts < 0 then
  -- Handed back before it was begun.
  attempts = 0
  redis.call('HSET', row, 'attempts', attempts)
end
change_state(id, transition.to, PHASES[transition.to], transition.now)
if transition.notify then note_due(id, { event = transition.notify, incident_id = id }) end
return { 'changed', attempts }
