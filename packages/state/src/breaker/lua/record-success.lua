-- record_success(breaker) resets the count of failures, or closes the breaker after a probe.
return function(breaker)
  if breaker.since and not breaker.is_probe then
    -- A run that started before agents were degraded does not prove that they work now.
    return 'counted'
  end
  redis.call('DEL', breaker.key)
  return breaker.since and 'closed' or 'counted'
end
