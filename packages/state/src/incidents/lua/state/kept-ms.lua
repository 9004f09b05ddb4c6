-- How long ended incidents, and the owners of faults, are kept, ms: 30 days.
return 30 * 24 * 3600 * 1000
