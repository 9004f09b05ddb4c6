-- join_symptom(cluster, alert, name, fingerprint, symptom) makes a firing alert one of those that a symptom consists of. The row of
-- the problem has a field `alert:<symptom>|<fingerprint>` for each: {fault_type, severity}. Beyond a bound, further alerts of a
-- problem are not listed there: the symptom clears with the others.
-- @include redis/keys
local MOST_FIELDS = 400

return function(cluster, alert, name, fingerprint, symptom)
  local key, field = keys.problem(cluster, alert.problem), 'alert:' .. name .. '|' .. fingerprint
  if redis.call('HLEN', key) < MOST_FIELDS or redis.call('HEXISTS', key, field) == 1 then
    redis.call('HSET', key, field, cjson.encode({ fault_type = alert.fault_type, severity = alert.severity }))
  end
  redis.call('HSET', key, 'symptom:' .. name, symptom)
end
