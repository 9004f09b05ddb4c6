-- The names of the keys that scripts use, as in redis/keys.ts. redis/lua-script.ts defines PREFIX, the prefix of our keys, and
-- QUEUE, the prefix of the triage queue's keys, in front of every script.
local names = {
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
  worker_records = PREFIX .. 'worker-records',
  alerted_clusters = PREFIX .. 'alerted-clusters',
  due_problem_notifications = PREFIX .. 'due-problem-notifications',
  flapping_problems = PREFIX .. 'flapping-problems',
  storms = PREFIX .. 'storms',
  self_watch = PREFIX .. 'self-watch',
  own_failures = PREFIX .. 'own-failures',
  problem_sequence = PREFIX .. 'problem-sequence',
  exhausted_budgets = PREFIX .. 'exhausted-budgets',
  events = PREFIX .. 'events',
  cluster_states = PREFIX .. 'cluster-states',
  budget_reservations = PREFIX .. 'budget-reservations',
}

function names.incident(id) return PREFIX .. 'incident:' .. id end
function names.report(id) return PREFIX .. 'report:' .. id end
function names.incidents_in(state) return PREFIX .. 'incidents:' .. state end
function names.incidents_of(cluster) return PREFIX .. 'incidents-of:' .. cluster end
function names.fault(cluster, fingerprint) return PREFIX .. 'fault:' .. cluster .. ':' .. fingerprint end
function names.group(cluster, group) return PREFIX .. 'group:' .. cluster .. ':' .. group end
function names.waiting_of(cluster) return PREFIX .. 'waiting:' .. cluster end
function names.slots(cluster) return PREFIX .. 'slots:' .. cluster end
function names.parked(cluster) return PREFIX .. 'parked:' .. cluster end
function names.problem(cluster, problem) return PREFIX .. 'problem:' .. cluster .. ':' .. problem end
function names.problems(cluster) return PREFIX .. 'problems:' .. cluster end
function names.problems_in(state, cluster)
  return PREFIX .. 'problems-in:' .. state .. (cluster and ':' .. cluster or '')
end
function names.storm_starts(cluster, trait) return PREFIX .. 'storm-starts:' .. cluster .. ':' .. trait end
function names.storm_leader(cluster, trait) return PREFIX .. 'storm-leader:' .. cluster .. ':' .. trait end
function names.storm_members(cluster, problem) return PREFIX .. 'storm-members:' .. cluster .. ':' .. problem end
function names.counted_batch(source) return PREFIX .. 'counted-batch:' .. source end
function names.budget(scope) return PREFIX .. 'budget:' .. scope end
function names.budget_reservation(id) return PREFIX .. 'budget-reservation:' .. id end
-- BullMQ's hash of a job.
function names.job(id) return QUEUE .. id end

return names
