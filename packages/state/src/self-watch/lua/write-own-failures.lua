-- Writes which parts of Nightcrier fail, as problems. Those that were written before and are not listed have recovered. One process
-- at a time does it.
--
-- KEYS: none; the names are in redis/keys.lua
-- ARGV[1]: id of the process
-- ARGV[2]: now (ms)
-- ARGV[3]: how long (ms) no other process may do it
-- ARGV[4]: the failures (JSON list of OwnFailure, each with `about`, see ProblemPlace, and `silenced`, see note_silence)
-- Returns: 1, or 0 when another process does it
--
-- @include redis/keys
-- @include incidents/state/kept-ms
-- @include problems/note-silence
-- @include problems/state/change-problem
-- @include problems/state/notify-problem
local id, now, lease = ARGV[1], ARGV[2], ARGV[3]
if not redis.call('SET', keys.self_watch, id, 'NX', 'PX', lease) then
  if redis.call('GET', keys.self_watch) ~= id then return 0 end
  redis.call('PEXPIRE', keys.self_watch, lease)
end

local failing = {}
for _, failure in ipairs(cjson.decode(ARGV[4])) do
  local cluster, problem = failure.cluster, failure.key
  local member, key = cluster .. '|' .. problem, keys.problem(cluster, problem)
  failing[member] = true
  redis.call('HSET', keys.own_failures, member, now)
  redis.call('HSET', key, 'component', failure.component, 'message', failure.message, 'severity', failure.severity,
    'fault_type', failure.fault_type, 'about', failure.about)
  note_silence(cluster, problem, failure.silenced, now)
  if change_problem(cluster, problem, 'firing', now) then redis.call('ZADD', keys.problems(cluster), now, problem) end
  redis.call('PEXPIRE', key, kept_ms)
  -- Also one that an earlier version wrote without announcing it.
  if redis.call('HSETNX', key, 'announced', '1') == 1 then notify_problem(cluster, problem, 'firing', now) end
end
local known = redis.call('HGETALL', keys.own_failures)
for at = 1, #known, 2 do
  local member = known[at]
  if not failing[member] then
    local cluster, problem = string.match(member, '^([^|]*)|(.*)$')
    if cluster then change_problem(cluster, problem, 'recovered', now) end
    redis.call('HDEL', keys.own_failures, member)
  end
end
return 1
