-- enter_breaker(breaker, incident, lease, interval) decides whether an incident is given to the agent. `lease` and `interval`
-- (that of probes) are in ms. An interval that was shortened applies to the probe that is scheduled already.
return function(breaker, incident, lease, interval)
  if not breaker.since then return { 'agent' } end
  if breaker.next_probe > breaker.now + interval then
    breaker.next_probe = breaker.now + interval
    redis.call('HSET', breaker.key, 'next_probe', breaker.next_probe)
  end
  local probing = breaker.probe and breaker.probe_until > breaker.now
  -- The next attempt at the probe's incident, after its worker died, stays the probe.
  if breaker.is_probe or (not probing and breaker.now >= breaker.next_probe) then
    redis.call('HSET', breaker.key, 'probe', incident, 'probe_until', breaker.now + lease)
    return { 'probe' }
  end
  redis.call('HINCRBY', breaker.key, 'passed_over', 1)
  return { 'degraded', redis.call('HGET', breaker.key, 'failures') or '0',
    redis.call('HGET', breaker.key, 'reason') or 'unknown' }
end
