-- record_success(breaker, agent) resets the count of failures, or closes the breaker after a probe.
-- @include notifications/note-due
return function(breaker, agent)
  if not breaker.since then
    redis.call('DEL', breaker.key)
  elseif breaker.is_probe then
    local counts = redis.call('HMGET', breaker.key, 'failures', 'passed_over')
    redis.call('DEL', breaker.key)
    note_due('agents_recovered:' .. breaker.since, {
      event = 'agents_recovered',
      since = tonumber(breaker.since),
      at = breaker.now,
      agent = agent,
      failures = tonumber(counts[1]) or 0,
      passed_over = tonumber(counts[2]) or 0,
    })
    return 'closed'
  end
  -- A run that started before agents were degraded does not prove that they work now.
  return 'counted'
end
