-- The states of an incident that has not ended.
return { queued = true, investigating = true }
