-- ARGV: now, holder. Answers with whether it is known, its tasks that are to stop, and all holders with their beats.
if call('HEXISTS', base .. 'holders', ARGV[2]) == 0 then return { 0, {}, {} } end
call('HSET', base .. 'holders', ARGV[2], call('INCR', base .. 'beats'))
return { 1, call('SMEMBERS', base .. 'stop:' .. ARGV[2]), call('HGETALL', base .. 'holders') }
