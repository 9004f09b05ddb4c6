-- dead_workers(worker, ended, now) records a heartbeat of a worker, {id, process, silence}, removes the records of workers that have
-- died, and returns their ids as a set. `ended`: those whose processes are known to have ended. Times are in ms. While Redis was
-- unreachable no worker could send a heartbeat, so silence counts from the first heartbeat after that.
-- @include redis/keys
-- @include redis/decode
-- @include redis/number-of
-- @include queue/heartbeat-gap

-- A worker that leaves sends no heartbeats; its record is deleted after a day at the latest.
local FORGOTTEN_MS = 24 * 3600 * 1000
-- The field with the times of the first heartbeat after such a gap, and of the last one.
local WATCH = ''

return function(worker, ended, now)
  local watch = decode(redis.call('HGET', keys.worker_records, WATCH)) or {}
  local since = number_of(watch.since, now)
  if now - number_of(watch.last, 0) > heartbeat_gap then since = now end
  redis.call('HSET', keys.worker_records, WATCH, cjson.encode({ since = since, last = now }),
    worker.id, cjson.encode({ at = now, process = decode(worker.process) }))

  local dead, records = {}, redis.call('HGETALL', keys.worker_records)
  for at = 1, #records, 2 do
    local id, record = records[at], decode(records[at + 1]) or {}
    local silent = now - math.max(number_of(record.at, 0), since)
    local allowed = record.leaving == true and FORGOTTEN_MS or worker.silence
    if id ~= WATCH and id ~= worker.id and (ended[id] or silent >= allowed) then
      dead[id] = true
      redis.call('HDEL', keys.worker_records, id)
    end
  end
  return dead
end
