-- The states of an incident that ended because of overload, without an investigation.
return { dropped = true, rejected = true, expired = true }
