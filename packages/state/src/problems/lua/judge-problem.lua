-- judge_problem(fault, batch) decides whether a fault's problem needs an investigation. Returns {reason} if it does: it is `new`; its
-- predecessor is `closed`, or `outdated` and to be closed first; its
-- incident was `shed` before it was investigated, or has `lost` its job; it comes `again` long after the latest investigation; its
-- severity is higher (`severity`), or its cause another one (`signature`) than that was about. Otherwise returns {incident, open}:
-- the one that covers the fault.
-- @include redis/keys
-- @include redis/decode
-- @include redis/number-of
-- @include incidents/state/open-states
-- @include incidents/state/shed-states
-- @include incidents/has-job
-- @include problems/state/state-of
-- Returns whether a fact, `<kind>=<value>`, has another value than all those of its kind.
local function is_other(known, fact)
  local kind, of_kind = string.match(fact, '^[^=]*='), false
  for _, other in ipairs(known) do
    if other == fact then return false end
    if type(other) == 'string' and string.sub(other, 1, #kind) == kind then of_kind = true end
  end
  return of_kind
end

return function(fault, batch)
  local now = batch.header.now
  local row = redis.call('HMGET', keys.problem(fault.cluster, fault.problem), 'state', 'recovered_at', 'cleared_at', 'incident',
    'investigated_at', 'investigated_severity', 'signatures')
  local state, recovered_at, incident = state_of(row[1]), number_of(row[2] or row[3], 0), row[4]
  if state == 'closed' then return { reason = 'closed' } end
  if state == 'recovered' and now - recovered_at >= batch.header.reopen_window then return { reason = 'closed', outdated = true } end
  if not state or not incident then return { reason = 'new' } end
  local incident_state = redis.call('HGET', keys.incident(incident), 'state')
  if not incident_state or shed_states[incident_state] or incident_state == 'skipped' then return { reason = 'shed' } end
  if open_states[incident_state] then
    if not has_job(incident) then return { reason = 'lost' } end
    return { incident = incident, open = true }
  end
  local investigated_at = number_of(row[5] or redis.call('ZSCORE', keys.incidents, incident), now)
  if now - investigated_at >= batch.header.reinvestigate_after then return { reason = 'again' } end
  if fault.severity > number_of(row[6], fault.severity) then return { reason = 'severity' } end
  local known = decode(row[7]) or {}
  for _, fact in ipairs(decode(fault.signature) or {}) do
    if is_other(known, fact) then return { reason = 'signature' } end
  end
  return { incident = incident }
end
