-- Repeats a command that failed because of a damaged value, which `redis.call` moves aside.
--
-- KEYS: none; those of the command
-- ARGV[1..]: the command, with its name first
-- Returns: the reply to the command
return redis.call(unpack(ARGV))
