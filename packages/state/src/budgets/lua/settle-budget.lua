-- Replaces a reservation by what the request has cost. A reservation that was charged in full stays so.
--
-- KEYS: none; the names are in redis/keys.lua
-- ARGV[1]: id of the reservation
-- ARGV[2]: tokens
-- ARGV[3]: millionths of a USD
-- Returns: 1; 0 if there is no such reservation
--
-- @include redis/keys
local id = ARGV[1]
-- `0 - x`, because Redis takes no `-0`.
local row = redis.call('HMGET', keys.budget_reservation(id), 'tokens', 'micro_usd', 'scopes')
if not row[3] then return 0 end
for _, scope in ipairs(cjson.decode(row[3])) do
  local hash = keys.budget(scope)
  redis.call('HINCRBY', hash, 'reserved_tokens', 0 - row[1])
  redis.call('HINCRBY', hash, 'reserved_micro_usd', 0 - row[2])
  redis.call('HINCRBY', hash, 'tokens', ARGV[2])
  redis.call('HINCRBY', hash, 'micro_usd', ARGV[3])
end
redis.call('DEL', keys.budget_reservation(id))
redis.call('ZREM', keys.budget_reservations, id)
return 1
