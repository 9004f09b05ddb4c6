-- write_counts(counts) adds the increments to the books, one hash, so that a reader sees one instant.
-- @include redis/keys
-- @include redis/write-fields
return function(counts)
  local names, fields = {}, {}
  for name in pairs(counts) do names[#names + 1] = name end
  if #names == 0 then return end
  for at, before in ipairs(redis.call('HMGET', keys.intake, unpack(names))) do
    fields[2 * at - 1], fields[2 * at] = names[at], (tonumber(before) or 0) + counts[names[at]]
  end
  write_fields(keys.intake, fields)
end
