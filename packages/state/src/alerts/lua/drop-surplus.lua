-- drop_surplus(alerts, ends, cluster, now, touched) forgets alerts of a cluster beyond the latest 1,000: those that end, or are
-- forgotten, first. Marks their problems as touched.
-- @include alerts/leave-symptom
local MOST = 1000

return function(alerts, ends, cluster, now, touched)
  local surplus = redis.call('HLEN', alerts) - MOST
  if surplus <= 0 then return end
  for _, fingerprint in ipairs(redis.call('ZRANGE', ends, 0, surplus - 1)) do
    local json = redis.call('HGET', alerts, fingerprint)
    if json then
      local alert = cjson.decode(json)
      leave_symptom(cluster, alert.problem, alert.symptom, fingerprint, now)
      touched[alert.problem] = true
    end
    redis.call('HDEL', alerts, fingerprint)
    redis.call('ZREM', ends, fingerprint)
  end
end
