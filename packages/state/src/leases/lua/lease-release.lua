-- Releases leases that the ingester still holds.
--
-- KEYS[1]: leases
-- KEYS[2]: the last fencing token
-- KEYS[3]: the log of changes
-- ARGV[1]: id of the ingester
-- ARGV[2…]: cluster and token of each lease
-- Returns: nothing
--
-- @include leases/lease-of
-- @include leases/is-held
-- @include leases/log-change
-- @include leases/trim-log
for at = 2, #ARGV, 2 do
  if is_held(lease_of(KEYS[1], ARGV[at]), ARGV[1], ARGV[at + 1]) then
    redis.call('HDEL', KEYS[1], ARGV[at])
    log_change(KEYS[3], KEYS[2], ARGV[at])
  end
end
trim_log(KEYS[3], KEYS[2], KEYS[1])
