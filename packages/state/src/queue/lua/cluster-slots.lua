-- Bounds how many incidents of a cluster are investigated at once. A slot is a lease; that of a dead worker expires. An incident
-- without a slot is parked among BullMQ's delayed jobs and promoted when a slot becomes free.
--
-- KEYS: none; the names are in redis/keys.lua
-- ARGV[1]: operation: take, renew, give or refill
-- ARGV[2]: cluster
-- ARGV[3]: maximum of slots, 0: no bound
-- ARGV[4]: incident id
-- ARGV[5]: lease (ms)
-- ARGV[6]: BullMQ's token of the job
-- Returns: take → 1 (holds a slot, or has ended and needs none), 0 (parked) or BullMQ's negative code (another worker holds the job); renew → 1 or 0;
-- give and refill → ids that were promoted
--
-- @include redis/keys
-- @include redis/redis-time
-- @include queue/slots/free-expired
-- @include queue/slots/free-slots
-- @include queue/slots/is-taken-over
-- @include queue/slots/park
-- @include queue/slots/promote-parked
local operation = ARGV[1]
local request = {
  cluster = ARGV[2],
  most = tonumber(ARGV[3]),
  incident = ARGV[4],
  lease = tonumber(ARGV[5]),
  token = ARGV[6],
  now = redis_time(),
}
local slots = keys.slots(request.cluster)
free_expired(request)

if operation == 'take' or operation == 'renew' then
  if operation == 'renew' and is_taken_over(request) then return 0 end
  if not redis.call('ZSCORE', slots, request.incident) and free_slots(request) < 1 then
    return operation == 'take' and park(request) or 0
  end
  redis.call('ZADD', slots, request.now + request.lease, request.incident)
  redis.call('ZREM', keys.parked(request.cluster), request.incident)
  return 1
end

if operation == 'give' then
  if is_taken_over(request) then return {} end
  redis.call('ZREM', slots, request.incident)
  return promote_parked(request.cluster, math.min(free_slots(request), 1))
end

-- refill
return promote_parked(request.cluster, free_slots(request))
