-- Removes ended incidents that are beyond the retention, also where no other one ends. Preceded by incident-rows.lua.
--
-- ARGV: state, now (ms), most to remove
-- Returns how many are gone.

return trim(ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]))
