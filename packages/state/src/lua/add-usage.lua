-- Adds what a run of an agent has used to the agent's books and to the incident's row, if that is still there.
-- Preceded by incident-rows.lua.
--
-- ARGV[1] incident id, [2] agent, [3] figures (JSON, see UsageFigures of the core package), [4] source of the cost or ''

local row, agent, source = row_of(ARGV[1]), ARGV[2], ARGV[4]
local has_row = redis.call('EXISTS', row) == 1
for figure, value in pairs(cjson.decode(ARGV[3])) do
  redis.call('HINCRBYFLOAT', ours .. 'triage-runs', 'usage:' .. figure .. ':' .. agent, value)
  if has_row then redis.call('HINCRBYFLOAT', row, 'usage:' .. figure, value) end
end
-- One estimate makes the whole sum an estimate.
if has_row and source == 'price table' then redis.call('HSET', row, 'usage:cost_source', source) end
if has_row and source == 'cli' then redis.call('HSETNX', row, 'usage:cost_source', source) end
