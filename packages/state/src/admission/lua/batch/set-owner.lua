-- set_owner(key, id, batch, option…) makes an incident the owner of a fault, seen now. The options are those of SET.
return function(key, id, batch, ...)
  batch.owners[key] = id
  redis.call('SET', key, id .. ' ' .. batch.header.now_ms, ...)
end
