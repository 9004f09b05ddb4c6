-- Releases leases that the ingester still holds.
--
-- KEYS[1]: leases
-- ARGV[1]: id of the ingester
-- ARGV[2…]: cluster and token of each lease
-- Returns: nothing
--
-- @include leases/lease-of
-- @include leases/is-held
for at = 2, #ARGV, 2 do
  if is_held(lease_of(KEYS[1], ARGV[at]), ARGV[1], ARGV[at + 1]) then redis.call('HDEL', KEYS[1], ARGV[at]) end
end
