-- ARGV: now, holder, queue, want, the number of this claim, and that of the first one, this or an earlier one, whose
-- answer nobody has heard.
-- Answers with when to come back, whether to come back at once, the limit of each process, and six words for each task.
local _, holder, queue, want, number, unheard = unpack(ARGV)
local STEPS, MOVES = 2000, 2000
local settings = call('HMGET', of(queue, 'settings'), 'paused', 'at_most', 'rate', 'period_us', 'per_process')
local per_process = settings[5] or ''
local state = of(queue, 'state')
local room, limited, next_start = tonumber(want), false, nil

if call('HEXISTS', base .. 'holders', holder) == 0 then return { '', 0, per_process } end

-- A claim that was overtaken by a later one, because a connection broke, would hold tasks that nobody knows of.
local last = tonumber(call('HGET', base .. 'claims:' .. holder, queue) or '0')
if last > tonumber(number) then return { '', 1, per_process } end
if last >= tonumber(unheard) then
    for _, id in ipairs(call('SMEMBERS', base .. 'held:' .. holder)) do
        local task = read(id)
        if task and task.q == queue and tonumber(task.c) >= tonumber(unheard) then
            give_back(task, task.d, task.a - 1)
        end
    end
end
-- A client sent it twice. Which of the two came first, and whether the other is still heard, nobody knows: this one
-- takes nothing either.
if last == tonumber(number) then
    wake()
    return { '', 1, per_process }
end
call('HSET', base .. 'claims:' .. holder, queue, number)

if settings[1] == '1' then
    wake()
    return { '', 0, per_process }
end

local function limit(most)
    if most < room then room, limited = math.max(most, 0), true end
end

if settings[2] then limit(settings[2] - (call('HGET', state, 'running') or 0)) end
-- What is claimed and not ended counts for its process, whether or not it has begun.
if settings[5] then
    local mine = 0
    for _, id in ipairs(call('SMEMBERS', base .. 'held:' .. holder)) do
        if call('HGET', base .. 't:' .. id, 'q') == queue then mine = mine + 1 end
    end
    limit(settings[5] - mine)
end
if settings[3] then
    local since, started = unpack(call('HMGET', state, 'period_from', 'period_count'))
    if not since or tonumber(since) + settings[4] <= now then
        since, started = ARGV[1], 0
        call('HSET', state, 'period_from', since, 'period_count', 0)
    end
    limit(settings[3] - started)
    if settings[3] - started <= room then next_start = tonumber(since) + settings[4] end
end

local answer, steps, taken = { '', 0, per_process }, 0, 0

local function move_due(priority)
    local later = of(queue, 'later:' .. priority)
    local due = call('ZRANGEBYSCORE', later, '-inf', ARGV[1], 'LIMIT', 0, MOVES)
    for _, id in ipairs(due) do
        call('ZREM', later, id)
        local task = read(id)
        if task then make_ready(task) end
    end
end

local function start(task)
    local attempt, token = task.a + 1, task.k + 1
    call('HSET', base .. 't:' .. task.id, 'r', holder, 'c', number, 'a', attempt, 'k', token, 'x', '')
    if task.h == '1' then
        let_key_go(task)
        call('HSET', base .. 't:' .. task.id, 'h', '0')
    end
    call('SADD', base .. 'held:' .. holder, task.id)
    call('HINCRBY', state, 'running', 1)
    if task.l ~= '' and task.o ~= '1' then call('HINCRBY', of(queue, 'lanes'), task.l, 1) end
    local body, checkpoint = unpack(call('HMGET', base .. 't:' .. task.id, 'b', 'w'))
    for _, word in ipairs({ task.id, task.d, tostring(attempt), tostring(token), body, checkpoint or '' }) do
        answer[#answer + 1] = word
    end
    taken, room = taken + 1, room - 1
end

-- The first task of the tenant whose turn it is.
local function pop(priority)
    local turns = of(queue, 'turns:' .. priority)
    local tenant, turn = unpack(call('ZRANGE', turns, 0, 0, 'WITHSCORES'))
    if not tenant then return nil end
    local ready = of(queue, 'ready:' .. priority .. ':' .. tenant)
    local id = call('ZPOPMIN', ready)[1]
    local served = tonumber(turn)
    if call('EXISTS', ready) == 0 then
        -- Whoever comes back at once comes after those who waited meanwhile.
        call('ZREM', turns, tenant)
        served = served + 1
    else
        call('ZINCRBY', turns, 1, tenant)
    end
    local field = 'turn:' .. priority
    if served > tonumber(call('HGET', state, field) or '0') then call('HSET', state, field, served) end
    return id or ''
end

local function consider(task)
    if task.x ~= '' and tonumber(task.x) <= now then
        take_out(task)
        -- It stood in front until a moment ago, which `take_out` cannot see any more.
        if task.l ~= '' then call_next(queue, task.l, task.o) end
        finish(task, 0)
    elseif task.l ~= '' and task.o ~= '1'
        and tonumber(call('HGET', of(queue, 'lanes'), task.l) or '0') >= tonumber(task.n) then
        call('ZADD', of(queue, 'lane:' .. task.l), 0, lane_member(task))
    else
        start(task)
    end
end

for priority = 0, 3 do
    if room > 0 then move_due(priority) end
    while room > 0 and steps < STEPS do
        local id = pop(priority)
        if not id then break end
        local task = read(id)
        if task then consider(task) end
        steps = steps + 1
    end
end

if settings[3] then call('HINCRBY', state, 'period_count', taken) end

local waiting, next_due = false, nil
for priority = 0, 3 do
    if call('EXISTS', of(queue, 'turns:' .. priority)) == 1 then waiting = true end
    local due = tonumber(call('ZRANGE', of(queue, 'later:' .. priority), 0, 0, 'WITHSCORES')[2])
    if due and due <= now then waiting = true end
    if due and (not next_due or due < next_due) then next_due = due end
end
local full = limited and room == 0
if waiting then
    -- When the limit is on what runs, whoever ends something asks again; when it is on what starts, time must pass.
    next_due = full and next_start or nil
end
answer[1] = next_due and string.format('%.0f', next_due) or ''
answer[2] = (waiting and not full) and 1 or 0
wake()
return answer
