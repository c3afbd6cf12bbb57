-- ARGV: now, holder, task, token, and the checkpoint, which may be empty. Answers 1 when the task was held.
local task = read(ARGV[3])
if not task or task.r ~= ARGV[2] or task.k ~= ARGV[4] then return 0 end
if ARGV[5] ~= '' then call('HSET', base .. 't:' .. task.id, 'w', ARGV[5]) end
return 1
