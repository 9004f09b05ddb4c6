-- read_members(id) returns the members of an incident as fields of its row, names and values alternately.
-- @include redis/keys
-- @include redis/append
return function(id)
  local row, members = redis.call('HGETALL', keys.incident(id)), {}
  for at = 1, #row, 2 do
    if row[at] == 'other_members' or string.find(row[at], '^member:') then append(members, row[at], row[at + 1]) end
  end
  return members
end
