-- record_failure(breaker, failure) counts a failure of the agent and opens the breaker at the threshold. `failure` is
-- {threshold, interval (ms), reason, cluster, clusters}. A cluster whose workloads make agents fail counts once towards the threshold,
-- however often, so that it cannot take the agent from all others; unless fewer clusters than the threshold exist, and all of them fail.
-- @include redis/number-of
return function(breaker, failure)
  local failures = redis.call('HINCRBY', breaker.key, 'failures', 1)
  redis.call('HSET', breaker.key, 'reason', failure.reason)
  if failure.cluster == '' then
    redis.call('HINCRBY', breaker.key, 'general', 1)
  elseif redis.call('HSETNX', breaker.key, 'cluster:' .. failure.cluster, 1) == 1 then
    redis.call('HINCRBY', breaker.key, 'clusters', 1)
  end
  local counts = redis.call('HMGET', breaker.key, 'general', 'clusters')
  local clusters = number_of(counts[2], 0)
  local independent = number_of(counts[1], 0) + clusters
  local widespread = independent >= failure.threshold or clusters >= failure.clusters
  if breaker.is_probe then
    redis.call('HDEL', breaker.key, 'probe', 'probe_until')
    redis.call('HSET', breaker.key, 'next_probe', breaker.now + failure.interval)
  elseif not breaker.since and failure.threshold > 0 and failures >= failure.threshold and widespread then
    redis.call('HSET', breaker.key, 'since', breaker.now, 'next_probe', breaker.now + failure.interval, 'passed_over', 0)
    return 'opened'
  end
  return 'counted'
end
