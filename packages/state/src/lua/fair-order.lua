-- Start-time fair queueing within each severity: a cluster's next incident is tagged one later than its last, and no
-- earlier than the one that started last. So a cluster that floods the queue waits behind those that come now and then,
-- and gets its fair share of the starts.

-- Tags that fit between two severities; at the last one the order is that of arrival.
local LAST_TAG = 2 ^ 19 - 2
local NEXT_TAGS, STARTED_TAGS = ours .. 'fair:next', ours .. 'fair:started'

local function forget_tags() redis.call('DEL', NEXT_TAGS, STARTED_TAGS) end

local function take_tag(severity, cluster)
  local field = severity .. ':' .. cluster
  local next_tag = tonumber(redis.call('HGET', NEXT_TAGS, field) or 0)
  local started = tonumber(redis.call('HGET', STARTED_TAGS, severity) or 0)
  local tag = math.min(math.max(next_tag, started), LAST_TAG)
  redis.call('HSET', NEXT_TAGS, field, tag + 1)
  return tag
end

local function start_tag(severity, tag)
  if tag >= tonumber(redis.call('HGET', STARTED_TAGS, severity) or 0) then
    redis.call('HSET', STARTED_TAGS, severity, tag)
  end
end
