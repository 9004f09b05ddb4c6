-- The names of the keys that scripts use, as in redis/keys.ts. redis/lua-script.ts defines PREFIX, the prefix of our keys, and
-- QUEUE, the prefix of the triage queue's keys, in front of every script.
local keys = {
  incidents = PREFIX .. 'incidents',
  intake = PREFIX .. 'intake',
  triage_runs = PREFIX .. 'triage-runs',
  malformed = PREFIX .. 'malformed',
  waiting = PREFIX .. 'waiting',
  clusters_indexed = PREFIX .. 'clusters-indexed',
  counted_calls = PREFIX .. 'counted-calls',
  counted_answers = PREFIX .. 'counted-answers',
  fair_next = PREFIX .. 'fair:next',
  fair_started = PREFIX .. 'fair:started',
  due_notifications = PREFIX .. 'due-notifications',
  agent_breaker = PREFIX .. 'agent-breaker',
  parked_clusters = PREFIX .. 'parked-clusters',
}

function keys.incident(id) return PREFIX .. 'incident:' .. id end
function keys.report(id) return PREFIX .. 'report:' .. id end
function keys.incidents_in(state) return PREFIX .. 'incidents:' .. state end
function keys.fault(cluster, fingerprint) return PREFIX .. 'fault:' .. cluster .. ':' .. fingerprint end
function keys.group(cluster, group) return PREFIX .. 'group:' .. cluster .. ':' .. group end
function keys.waiting_of(cluster) return PREFIX .. 'waiting:' .. cluster end
function keys.slots(cluster) return PREFIX .. 'slots:' .. cluster end
function keys.parked(cluster) return PREFIX .. 'parked:' .. cluster end
function keys.counted_batch(source) return PREFIX .. 'counted-batch:' .. source end
-- BullMQ's hash of a job.
function keys.job(id) return QUEUE .. id end

return keys
