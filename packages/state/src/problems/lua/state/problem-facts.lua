-- problem_facts(cluster, problem, row, now) returns a problem as a notification shows it, see NotifiedProblem in core. `row` is its hash as a
-- table. An empty list is an empty table.
-- @include redis/decode
-- @include redis/number-of
-- @include redis/time-text
local SYMPTOM = 'symptom:'

local function decode_part(text)
  return (string.gsub(text, '%%(%x%x)', function(digits) return string.char(tonumber(digits, 16)) end))
end

-- Returns namespace, nil for none, and name of the workload that a key is about, see problemKey.
local function workload_of(problem)
  local namespace, name = string.match((string.gsub(problem, '#.*$', '')), '^([^/]*)/(.*)$')
  if not name then return nil, problem end
  return namespace ~= '' and decode_part(namespace) or nil, decode_part(name)
end

-- Returns the names of the symptoms and the types of their faults, those that are firing first, then the latest.
local function symptoms_of(row)
  local found, names, types, known = {}, {}, {}, {}
  for field, json in pairs(row) do
    local symptom = string.sub(field, 1, #SYMPTOM) == SYMPTOM and decode(json)
    if symptom then
      local rank = number_of(symptom.fired_at, 0) + (symptom.state == 'firing' and 1e14 or 0)
      found[#found + 1] = { name = string.sub(field, #SYMPTOM + 1), type = symptom.fault_type, rank = rank }
    end
  end
  table.sort(found, function(one, other) return one.rank > other.rank end)
  for at, symptom in ipairs(found) do
    names[at] = symptom.name
    if type(symptom.type) == 'string' and not known[symptom.type] then types[#types + 1] = symptom.type end
    known[symptom.type or ''] = true
  end
  return names, types
end

return function(cluster, problem, row, now)
  local about = decode(row.about) or {}
  local namespace, workload = workload_of(problem)
  local symptoms, types = symptoms_of(row)
  if #types == 0 and row.fault_type then types[1] = row.fault_type end
  return {
    cluster = cluster,
    key = problem,
    state = row.state,
    severity = row.severity or 'warning',
    since = time_text(number_of(row.since, tonumber(now))),
    recovered_at = row.recovered_at and time_text(number_of(row.recovered_at, tonumber(now))) or nil,
    environment = about.environment,
    labels = about.labels or {},
    namespace = namespace,
    workload = workload,
    node = string.match(workload, '^Node/(.*)$') or about.node,
    fault_types = types,
    symptoms = symptoms,
    recurrences = number_of(row.recurrences, 0),
    flapping = row.flapping == '1',
    component = row.component,
    message = row.message,
    acknowledged = decode(row.acknowledged),
    silenced = decode(row.silenced),
    members = decode(row.members),
  }
end
