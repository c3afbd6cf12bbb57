-- ARGV: now, task. Answers 1 when there is such a task: one that waits is over, one that runs will hear of it.
local task = read(ARGV[2])
if not task then return 0 end
if task.r == '' then
    take_out(task)
    finish(task, 0)
    wake()
else
    call('SADD', base .. 'stop:' .. task.r, task.id)
end
return 1
