-- Records received alerts of one cluster, and what they mean for their problems. Needs no lease: an alert is recorded by whichever
-- ingester received it, the one that was received last counts, and no detector writes these symptoms.
--
-- KEYS[1]: alerts of the cluster
-- KEYS[2]: when each alert ends or is forgotten
-- ARGV[1]: cluster
-- ARGV[2]: now (ms)
-- ARGV[3]: firing_until (ms) of what is firing
-- ARGV[4…]: fingerprint, JSON of the alert (StoredAlert), name of its symptom and JSON of the symptom (RememberedSymptom) of each
-- Returns: for each alert 1, or 0 if a later one was recorded before
--
-- @include redis/keys
-- @include incidents/state/kept-ms
-- @include problems/settle-problem
-- @include problems/trim-problems
-- @include alerts/join-symptom
-- @include alerts/leave-symptom
-- @include alerts/drop-surplus
local cluster, now, firing_until = ARGV[1], ARGV[2], ARGV[3]

local recorded, touched = {}, {}
for at = 4, #ARGV, 4 do
  local fingerprint, json, name, symptom = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local alert, known = cjson.decode(json), redis.call('HGET', KEYS[1], fingerprint)
  if known and cjson.decode(known).received_at > alert.received_at then
    recorded[#recorded + 1] = 0
  else
    redis.call('HSET', KEYS[1], fingerprint, json)
    redis.call('ZADD', KEYS[2], alert['until'], fingerprint)
    if alert.state == 'firing' then join_symptom(cluster, alert, name, fingerprint, symptom)
    else leave_symptom(cluster, alert.problem, name, fingerprint, now) end
    touched[alert.problem] = true
    recorded[#recorded + 1] = 1
  end
end
drop_surplus(KEYS[1], KEYS[2], cluster, now, touched)
for problem in pairs(touched) do
  settle_problem(cluster, problem, now, firing_until)
  redis.call('PEXPIRE', keys.problem(cluster, problem), kept_ms)
  redis.call('ZADD', keys.problems(cluster), now, problem)
end
trim_problems(cluster)
redis.call('SADD', keys.alerted_clusters, cluster)
redis.call('PEXPIRE', KEYS[1], kept_ms)
redis.call('PEXPIRE', KEYS[2], kept_ms)
return recorded
