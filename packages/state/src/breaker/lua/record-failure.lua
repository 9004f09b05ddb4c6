-- record_failure(breaker, failure) counts a failure of the agent and opens the breaker at the threshold. `failure` is
-- {threshold, interval (ms), agent, reason}.
-- @include notifications/note-due
return function(breaker, failure)
  local failures = redis.call('HINCRBY', breaker.key, 'failures', 1)
  redis.call('HSET', breaker.key, 'reason', failure.reason)
  if breaker.is_probe then
    redis.call('HDEL', breaker.key, 'probe', 'probe_until')
    redis.call('HSET', breaker.key, 'next_probe', breaker.now + failure.interval)
  elseif not breaker.since and failure.threshold > 0 and failures >= failure.threshold then
    local since = breaker.now
    redis.call('HSET', breaker.key, 'since', since, 'next_probe', since + failure.interval, 'passed_over', 0)
    note_due('agents_degraded:' .. since, {
      event = 'agents_degraded',
      since = since,
      agent = failure.agent,
      failures = failures,
      reason = failure.reason,
    })
    return 'opened'
  end
  return 'counted'
end
