-- write_fields(hash, names_and_values) writes to a hash from which many fields are read at once. Redis stores up to 512 fields
-- as a list and scans it for every field, unless one value is longer than 64 bytes. So the field '', which nothing reads,
-- holds a longer one.
local LONG_VALUE = string.rep('-', 65)

return function(hash, names_and_values)
  redis.call('HSET', hash, '', LONG_VALUE, unpack(names_and_values))
end
