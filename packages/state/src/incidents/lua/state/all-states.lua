-- The states of an incident, as INCIDENT_STATES of the core package. `resolved` is the stored name of `reported`, see stored-name.ts
-- there; a later version may write the other one.
return {
  queued = true, investigating = true, resolved = true, reported = true, agent_failed = true, failed = true, skipped = true, dropped = true,
  rejected = true, expired = true, cancelled = true,
}
