-- settle_expired(now) charges, in full, requests whose gateway died before it settled them. At most 100 at a time.
-- @include redis/keys
return function(now)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', keys.budget_reservations, '-inf', now, 'LIMIT', 0, 100)) do
    local row = redis.call('HMGET', keys.budget_reservation(id), 'tokens', 'micro_usd', 'scopes')
    if row[3] then
      for _, scope in ipairs(cjson.decode(row[3])) do
        -- `0 - x`, because Redis takes no `-0`.
        local hash = keys.budget(scope)
        redis.call('HINCRBY', hash, 'reserved_tokens', 0 - row[1])
        redis.call('HINCRBY', hash, 'reserved_micro_usd', 0 - row[2])
        redis.call('HINCRBY', hash, 'tokens', row[1])
        redis.call('HINCRBY', hash, 'micro_usd', row[2])
      end
    end
    redis.call('DEL', keys.budget_reservation(id))
    redis.call('ZREM', keys.budget_reservations, id)
  end
end
