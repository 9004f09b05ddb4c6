-- Start-time fair queueing within each severity: a cluster's next incident is tagged one later than its last, and no
-- earlier than the one that started last. So a cluster that floods the queue waits behind those that come now and then,
-- and gets its fair share of the starts.

-- Tags that fit between two severities; at the last one the order is that of arrival.
local LAST_TAG = 2 ^ 19 - 2
local NEXT_TAGS, STARTED_TAGS = ours .. 'fair:next', ours .. 'fair:started'

-- What the script has read of the tags, or changed: `write_tags` ends every script that takes one.
local next_tags, started_tags, taken = {}, {}, {}

local function forget_tags()
  redis.call('DEL', NEXT_TAGS, STARTED_TAGS)
  next_tags, started_tags, taken = {}, {}, {}
end

local function take_tag(severity, cluster)
  local field = severity .. ':' .. cluster
  if not next_tags[field] then next_tags[field] = tonumber(redis.call('HGET', NEXT_TAGS, field) or 0) end
  if not started_tags[severity] then
    started_tags[severity] = tonumber(redis.call('HGET', STARTED_TAGS, severity) or 0)
  end
  local tag = math.min(math.max(next_tags[field], started_tags[severity]), LAST_TAG)
  next_tags[field], taken[field] = tag + 1, true
  return tag
end

local function write_tags()
  local written = {}
  for field in pairs(taken) do
    written[#written + 1], written[#written + 2] = field, next_tags[field]
  end
  if #written > 0 then write_fields(NEXT_TAGS, written) end
end

local function start_tag(severity, tag)
  if tag >= tonumber(redis.call('HGET', STARTED_TAGS, severity) or 0) then
    redis.call('HSET', STARTED_TAGS, severity, tag)
  end
end
