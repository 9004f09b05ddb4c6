-- Repeats a command that failed because of a damaged value, which `redis.call` moves aside. ARGV: the command.
return redis.call(unpack(ARGV))
