-- Writes what the detector found of problems, for clusters whose lease the ingester still holds.
--
-- KEYS[1]: leases
-- ARGV[1]: id of the ingester
-- ARGV[2]: now (ms)
-- ARGV[3]: firing_until (ms) of what is firing
-- ARGV[4…]: cluster, token and JSON of each problem: {problem, symptoms: [{name, json}]}; without symptoms it is firing as before
-- Returns: for each problem 1, or 0 if it was refused
--
-- @include redis/keys
-- @include incidents/state/kept-ms
-- @include leases/lease-of
-- @include leases/is-held
-- @include problems/settle-problem
-- @include problems/trim-problems
local id, now, firing_until = ARGV[1], ARGV[2], ARGV[3]

local written, trimmed = {}, {}
for at = 4, #ARGV, 3 do
  local cluster = ARGV[at]
  if is_held(lease_of(KEYS[1], cluster), id, ARGV[at + 1]) then
    local change = cjson.decode(ARGV[at + 2])
    local key = keys.problem(cluster, change.problem)
    for _, symptom in ipairs(change.symptoms) do redis.call('HSET', key, 'symptom:' .. symptom.name, symptom.json) end
    settle_problem(cluster, change.problem, now, firing_until)
    redis.call('PEXPIRE', key, kept_ms)
    redis.call('ZADD', keys.problems(cluster), now, change.problem)
    if not trimmed[cluster] then trim_problems(cluster) end
    trimmed[cluster] = true
    written[#written + 1] = 1
  else
    written[#written + 1] = 0
  end
end
return written
