-- In front of every script, ours and BullMQ's: `redis.call` that goes on where a value has the wrong type. Such a value is moved aside and noted, and
-- the command is repeated as if there had been none. A command that succeeds costs nothing more. `redis.aside` moves a field of
-- a hash aside whose content a script cannot use.
local server = redis
local DAMAGED, KEPT_MS, MOST_NOTED = PREFIX .. 'damaged', '2592000000', 1000

local function note(name, reason, more)
  local time = server.call('TIME')
  local record = { name = name, reason = reason, at = tonumber(time[1]) * 1000, moved_to = more.moved_to, value = more.value }
  -- Where the notes themselves are damaged, they start again.
  local noted = server.pcall('HINCRBY', DAMAGED, 'count', 1)
  if type(noted) == 'table' then
    server.call('DEL', DAMAGED)
    noted = server.call('HINCRBY', DAMAGED, 'count', 1)
  end
  if server.call('HLEN', DAMAGED) <= MOST_NOTED then server.call('HSET', DAMAGED, string.format('%d', noted), cjson.encode(record)) end
  server.call('PEXPIRE', DAMAGED, KEPT_MS)
end

local function move_key_aside(key, reason)
  local to = PREFIX .. 'damaged:' .. string.sub(key, #PREFIX + 1)
  server.call('RENAME', key, to)
  server.call('PEXPIRE', to, KEPT_MS)
  note(key, reason, { moved_to = to })
end

local function move_field_aside(hash, field, reason)
  local value = server.call('HGET', hash, field)
  if not value then return end
  server.call('HDEL', hash, field)
  note(hash .. ' ' .. field, reason, { value = string.sub(value, 1, 1000) })
end

-- Returns whether an obstacle was removed, and the command can be repeated.
local function removed(command, message, key, field)
  if string.find(message, 'WRONGTYPE', 1, true) then
    move_key_aside(key, 'it has another type than ' .. command .. ' needs')
  elseif string.find(message, 'hash value is not', 1, true) then
    move_field_aside(key, field, 'it is no number')
  elseif command == 'INCR' and (string.find(message, 'not an integer', 1, true) or string.find(message, 'overflow', 1, true)) then
    move_key_aside(key, 'it is no number')
  elseif string.find(command, '^HINCRBY') and (string.find(message, 'overflow', 1, true) or string.find(message, 'NaN or Inf', 1, true)) then
    move_field_aside(key, field, 'it is too large a number')
  else
    return false
  end
  return true
end

-- What BullMQ computes with of the settings of a queue. One that is no number would fail each of its scripts halfway.
local SETTINGS = { ['opts.maxLenEvents'] = true, concurrency = true, max = true, duration = true }

-- Returns what was read of the settings of a queue, without those that are no numbers.
local function whole_settings(meta, reply, ...)
  for at, field in ipairs({ ... }) do
    local value = reply
    if type(reply) == 'table' then value = reply[at] end
    if value and SETTINGS[field] and not (string.match(value, '^[1-9]%d*$') and #value < 16) then
      move_field_aside(meta, field, 'it is no number')
      if type(reply) ~= 'table' then return false end
      reply[at] = false
    end
  end
  return reply
end

local redis = {
  pcall = server.pcall,
  status_reply = server.status_reply,
  error_reply = server.error_reply,
  aside = move_field_aside,
  key_aside = move_key_aside,
  call = function(command, key, ...)
    local reply
    if key == nil then reply = server.pcall(command) else reply = server.pcall(command, key, ...) end
    if type(reply) ~= 'table' or not reply.err then
      local reads = command == 'HGET' or command == 'HMGET'
      if reads and string.sub(key, -5) == ':meta' then return whole_settings(key, reply, ...) end
      return reply
    end
    removed(command, reply.err, key, ...)
    -- Raises the error again if nothing was removed.
    return server.call(command, key, ...)
  end,
}
