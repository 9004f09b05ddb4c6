-- Moves an incident to another state, if it is open. Preceded by incident-rows.lua.
--
-- ARGV[1] transition (JSON, see TransitionRequest in incidents.ts)
-- Returns {'changed', attempts}, {'final', state} or {'missing'}.

local transition = cjson.decode(ARGV[1])
local id, now, row = transition.incident_id, transition.now, row_of(transition.incident_id)
local known = redis.call('HMGET', row, 'state', 'cluster_name', 'place', 'fingerprint', 'dedup_until')
local state, cluster = known[1], known[2]
if not state then return { 'missing' } end
if not OPEN[state] then return { 'final', state } end

if #transition.clear > 0 then redis.call('HDEL', row, unpack(transition.clear)) end
for field, value in pairs(transition.set) do redis.call('HSET', row, field, value) end
local attempts = redis.call('HINCRBY', row, 'attempts', transition.attempts)
change_state(id, state, transition.to, now)

if transition.to == 'queued' then
  remember_waiting(id, cluster, known[3])
else
  forget_waiting(id, cluster)
end
if not OPEN[transition.to] then
  -- The incident no longer stands for its fault by being open; what is left of the window remains.
  local fault, left = ours .. 'fault:' .. cluster .. ':' .. known[4], tonumber(known[5]) - now
  if redis.call('GET', fault) == id then
    if left > 0 then redis.call('PEXPIRE', fault, left) else redis.call('DEL', fault) end
  end
end
return { 'changed', attempts }
