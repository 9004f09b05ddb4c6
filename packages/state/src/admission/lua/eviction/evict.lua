-- evict(fault, index, bound, batch) evicts one incident in favour of the fault and returns {id, cluster}; nil where the policy,
-- the severities or the limit of a call forbid it.
-- @include bullmq/remove-job
-- @include redis/keys
-- @include incidents/state/change-state
-- @include incidents/fault-owner
-- @include queue/waiting/severity-band
-- @include admission/batch/remember-answer
-- @include admission/batch/write-newcomers
-- @include admission/eviction/bound-text
-- @include admission/eviction/next-victim

-- Of an incident whose row is damaged.
local UNKNOWN_CLUSTER = 'unknown'

-- A resync must report the fault of an evicted incident again, so the time at which it was last seen becomes 0.
local function forget_sighting(key, id)
  if fault_owner(key) == id then redis.call('SET', key, id .. ' 0', 'KEEPTTL') end
end

return function(fault, index, bound, batch)
  local header = batch.header
  if header.policy ~= 'drop' or batch.evictions_left == 0 then return nil end
  write_newcomers(batch)
  local victim, score = next_victim(index, fault.cluster)
  if not victim or math.floor(score / severity_band) > fault.severity then return nil end
  local row = redis.call('HMGET', keys.incident(victim), 'cluster_name', 'fingerprint')
  local cluster = row[1] or UNKNOWN_CLUSTER
  if remove_job({ keys.job(victim), QUEUE .. 'repeat' }, { victim, '0', QUEUE }) ~= 1 then return nil end
  if row[2] then forget_sighting(keys.fault(cluster, row[2]), victim) end
  redis.call('HSET', keys.incident(victim), 'finished_at', header.now_text,
    'reason', 'evicted by incident ' .. fault.id .. ': the queue was full (' ..
      bound_text(bound, fault.cluster, header) .. ')')
  change_state(victim, 'dropped', nil, header.now, batch.counts)
  remember_answer(victim, { 'resent', victim }, batch)
  batch.waiting, batch.evictions_left = batch.waiting - 1, batch.evictions_left - 1
  return { victim, cluster }
end
