-- read_faults(args) returns the faults of a call as tables:
--   id of its incident, if it gets one; cluster; fingerprint; group, nil without one; problem, nil if the group is not one; score: eviction score, as text; severity, 0
--   is the lowest; received_at; job_data (JSON); cluster_event (JSON); member: see member_json; signature: see causeSignature of the core package (JSON); about: see ProblemPlace there (JSON); traits: see stormTraits there (JSON); operation and source_id: what an
--   operator requests, `requeue` or `split`, and of which incident; row_key, fault_key, group_key: names of Redis keys; owns_group: see
--   add_newcomer.
-- @include redis/keys
-- @include queue/waiting/severity-band
local FIRST, FIELDS = 4, 13
-- See admissionGroup of the core package.
local PROBLEM_GROUP = 'problem:'

return function(args)
  local faults = {}
  for at = FIRST, #args, FIELDS do
    local id, cluster, fingerprint, group, score, received_at, job_data, cluster_event, member, request, signature, about, traits =
      unpack(args, at, at + FIELDS - 1)
    -- The fields that most faults get are listed, so that the table has room for them from the start.
    local fault = {
      id = id,
      cluster = cluster,
      fingerprint = fingerprint,
      score = score,
      severity = math.floor(score / severity_band),
      received_at = received_at,
      job_data = job_data,
      cluster_event = cluster_event,
      member = member,
      signature = signature,
      about = about,
      traits = traits,
      row_key = keys.incident(id),
      fault_key = keys.fault(cluster, fingerprint),
      group = nil,
      group_key = nil,
      problem = nil,
      owns_group = nil,
    }
    if group ~= '' then
      fault.group, fault.group_key = group, keys.group(cluster, group)
      if string.sub(group, 1, #PROBLEM_GROUP) == PROBLEM_GROUP then fault.problem = string.sub(group, #PROBLEM_GROUP + 1) end
    end
    if request ~= '' then fault.operation, fault.source_id = string.match(request, '^(%a+) (.*)') end
    faults[#faults + 1] = fault
  end
  return faults
end
