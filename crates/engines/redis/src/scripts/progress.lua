-- ARGV: now, holder, task, token, percent and note as one word, and the checkpoint. Answers 1 when the task was held.
local task = read(ARGV[3])
if not task or task.r ~= ARGV[2] or task.k ~= ARGV[4] then return 0 end
call('HSET', base .. 't:' .. task.id, 'progress', ARGV[5])
if ARGV[6] ~= '' then call('HSET', base .. 't:' .. task.id, 'w', ARGV[6]) end
return 1
