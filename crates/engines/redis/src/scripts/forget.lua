-- ARGV: now, holder, and for a rescue the count of beats it must still have. Answers with how many tasks went back.
local beats = call('HGET', base .. 'holders', ARGV[2])
if not beats or (ARGV[3] and ARGV[3] ~= beats) then return 0 end
local count = forget(ARGV[2], ARGV[3] and 1 or 0)
wake()
return count
