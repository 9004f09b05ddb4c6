-- leave_symptom(cluster, problem, name, fingerprint, now) takes an alert that has ended out of its symptom, and clears the symptom
-- when no other alert of it fires. Returns whether the symptom was cleared.
-- @include redis/keys
return function(cluster, problem, name, fingerprint, now)
  local key, prefix = keys.problem(cluster, problem), 'alert:' .. name .. '|'
  redis.call('HDEL', key, prefix .. fingerprint)
  local fields = redis.call('HGETALL', key)
  for at = 1, #fields, 2 do
    if string.sub(fields[at], 1, #prefix) == prefix then return false end
  end
  local json = redis.call('HGET', key, 'symptom:' .. name)
  if not json then return false end
  local symptom = cjson.decode(json)
  if symptom.state ~= 'firing' then return false end
  symptom.state, symptom.cleared_at = 'cleared', tonumber(now)
  redis.call('HSET', key, 'symptom:' .. name, cjson.encode(symptom))
  return true
end
