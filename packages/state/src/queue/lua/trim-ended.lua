-- Deletes ended incidents of a state that are beyond the retention, also where no other incident enters the state.
--
-- KEYS: none; the names are in redis/keys.lua
-- ARGV[1]: state
-- ARGV[2]: now (ms)
-- ARGV[3]: maximum of incidents to delete
-- Returns: number of deleted incidents
--
-- @include incidents/state/trim-state
return trim_state(ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]))
