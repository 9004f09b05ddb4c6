-- Functions over problem rows, for the scripts that admit faults and that write what the detector found. Preceded by
-- incident-rows.lua. A problem row is a hash: state (firing or cleared), severity, since, changed_at, cleared_at, firing_until
-- (ms; who finds it past does not trust the state), incident and incidents (the latest, and a JSON list, the latest first),
-- and `symptom:<container>/<family>` for each symptom (JSON).

local PROBLEM_GROUP, KEPT_INCIDENTS, KEPT_PROBLEM_MS = 'problem:', 20, 30 * 24 * 3600 * 1000

-- The problem that a group stands for, if it does.
local function problem_of_group(group)
  if string.sub(group, 1, #PROBLEM_GROUP) == PROBLEM_GROUP then return string.sub(group, #PROBLEM_GROUP + 1) end
end

local function problem_key_of(cluster, problem) return ours .. 'problem:' .. cluster .. ':' .. problem end
local function problems_of(cluster) return ours .. 'problems:' .. cluster end

-- The incident whose report explains a problem that is still firing.
local function explaining_incident(cluster, problem, now)
  local row = redis.call('HMGET', problem_key_of(cluster, problem), 'state', 'firing_until', 'incident')
  if row[1] ~= 'firing' or not row[3] or tonumber(row[2] or 0) <= now then return nil end
  if redis.call('HGET', row_of(row[3]), 'state') ~= 'resolved' then return nil end
  return row[3]
end

-- Notes the incident of a problem, which is firing now.
local function link_problem(cluster, problem, incident, now, firing_until)
  local key = problem_key_of(cluster, problem)
  local row = redis.call('HMGET', key, 'incidents', 'firing_until', 'since')
  local incidents, kept = row[1] and cjson.decode(row[1]) or {}, { incident }
  for _, other in ipairs(incidents) do
    if other ~= incident and #kept < KEPT_INCIDENTS then kept[#kept + 1] = other end
  end
  if tonumber(row[2] or 0) > tonumber(firing_until) then firing_until = row[2] end
  redis.call('HSET', key, 'state', 'firing', 'incident', incident, 'incidents', cjson.encode(kept),
    'firing_until', firing_until, 'since', row[3] or now, 'changed_at', now)
  redis.call('PEXPIRE', key, KEPT_PROBLEM_MS)
  redis.call('ZADD', problems_of(cluster), now, problem)
end
