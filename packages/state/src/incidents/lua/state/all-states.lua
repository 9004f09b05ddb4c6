-- The states of an incident, as INCIDENT_STATES of the core package.
return {
  queued = true, investigating = true, resolved = true, agent_failed = true, failed = true, skipped = true, dropped = true,
  rejected = true, expired = true, cancelled = true,
}
