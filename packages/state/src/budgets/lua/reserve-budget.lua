-- Reserves what a request to a model can cost at most, in every scope that bounds it, or in none. What is settled and what is
-- reserved never exceed a limit together.
--
-- A hash for each scope: tokens, micro_usd (settled), reserved_tokens, reserved_micro_usd. A hash for each reservation: tokens,
-- micro_usd, scopes (JSON). The sorted set of reservations has the time at which each is charged in full, ms. A hash has the scopes
-- that a request has exceeded since one was reserved: JSON of scope, limit, cluster, incident_id and at (ms).
--
-- KEYS: none; the names are in redis/keys.lua
-- ARGV[1]: id of the reservation
-- ARGV[2]: tokens
-- ARGV[3]: millionths of a USD
-- ARGV[4]: ms after which it is charged in full
-- ARGV[5]: scopes (JSON): a list of {name, keep (seconds), tokens and micro_usd (limits; -1: none), about}.
-- `about` is what the hash of exceeded scopes holds of it
-- Returns: {'reserved'} or {'exhausted', name of the scope, 'tokens' or 'usd'}
--
-- @include redis/keys
-- @include redis/redis-time
-- @include budgets/settle-expired
local id, tokens, micro_usd = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local now = redis_time()
settle_expired(now)
local scopes = cjson.decode(ARGV[5])

local function exhausted(scope, limit)
  local about = scope.about
  about.limit = limit
  redis.call('HSET', keys.exhausted_budgets, scope.name, cjson.encode(about))
  return { 'exhausted', scope.name, limit }
end

for _, scope in ipairs(scopes) do
  local used = redis.call('HMGET', keys.budget(scope.name), 'tokens', 'reserved_tokens', 'micro_usd', 'reserved_micro_usd')
  if scope.tokens >= 0 and (used[1] or 0) + (used[2] or 0) + tokens > scope.tokens then
    return exhausted(scope, 'tokens')
  end
  if scope.micro_usd >= 0 and (used[3] or 0) + (used[4] or 0) + micro_usd > scope.micro_usd then
    return exhausted(scope, 'usd')
  end
end
local names = {}
for index, scope in ipairs(scopes) do
  names[index] = scope.name
  redis.call('HINCRBY', keys.budget(scope.name), 'reserved_tokens', tokens)
  redis.call('HINCRBY', keys.budget(scope.name), 'reserved_micro_usd', micro_usd)
  redis.call('PEXPIRE', keys.budget(scope.name), scope.keep * 1000)
end
if #names > 0 then redis.call('HDEL', keys.exhausted_budgets, unpack(names)) end
local scopes_text = #names == 0 and '[]' or cjson.encode(names)
redis.call('HSET', keys.budget_reservation(id), 'tokens', tokens, 'micro_usd', micro_usd, 'scopes', scopes_text)
redis.call('ZADD', keys.budget_reservations, now + tonumber(ARGV[4]), id)
return { 'reserved' }
