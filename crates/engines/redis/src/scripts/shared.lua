-- What every script begins with. KEYS[1] is the module's hash tag, and every key begins with it, so that all of a
-- module's keys are in one slot of a cluster. ARGV[1] is now, in microseconds since 1970.
--
--   t:ID              hash: one task. q queue, p priority, d due, t tenant, l lane, n the lane's limit, o in order,
--                     x expires, u unique key, h until when the key is held (1 start, 2 end), b body, a attempts,
--                     k token, r holder, c the claim that brought it, w checkpoint, f front (see below)
--   u:KIND\0KEY       the task that holds the unique key, and until when (0: until it lets go)
--   e:ID              hash: how a task ended, for a while
--   holders           hash: beats of each holder;  beats: the last beat anybody made
--   held:HOLDER       set: the tasks it holds;  stop:HOLDER  set: those of them that were asked to stop
--   claims:HOLDER     hash: its last claim on each queue
--   wake              stream of at most one entry, new when something was enqueued
--   queues            set of queues, each with
--     settings, state, lanes         hashes: what operators set; running, turns, rate; running by lane
--     later:PRIORITY                 by due time, tasks not due yet
--     ready:PRIORITY:TENANT          by due time, tasks that are due
--     turns:PRIORITY                 by turn, tenants with tasks that are due
--     lane:LANE, order:LANE          tasks that wait for a lane; all tasks of an ordered lane, by age
--
-- A task that does not run either stands in front, in `later` or `ready`, or waits for its lane.
local base, now = KEYS[1], tonumber(ARGV[1])
local call = redis.call
-- How long is known how a task ended, in seconds. One that is done without a result leaves nothing.
local KEPT_S = { done = 3600, cancelled = 3600, dead = 604800 }
local FIELDS = { 'q', 'p', 'd', 't', 'l', 'n', 'o', 'x', 'u', 'h', 'a', 'k', 'r', 'c' }
local woken = false

local function of(queue, rest)
    return base .. 'q:' .. #queue .. ':' .. queue .. ':' .. rest
end

local function read(id)
    local values = call('HMGET', base .. 't:' .. id, unpack(FIELDS))
    if not values[1] then return nil end
    local task = { id = id }
    for nth, field in ipairs(FIELDS) do task[field] = values[nth] or '' end
    return task
end

-- A tenant that had nothing to do enters at the turn that is being served, so that idling earns no credit.
local function make_ready(task)
    call('ZADD', of(task.q, 'ready:' .. task.p .. ':' .. task.t), task.d, task.id)
    local turn = call('HGET', of(task.q, 'state'), 'turn:' .. task.p) or '0'
    call('ZADD', of(task.q, 'turns:' .. task.p), 'NX', turn, task.t)
end

local function put_in_front(task)
    woken = true
    if tonumber(task.d) <= now then
        make_ready(task)
    else
        call('ZADD', of(task.q, 'later:' .. task.p), task.d, task.id)
    end
end

-- Members of equal score sort by their bytes: by priority, then by due time.
local function lane_member(task)
    return string.format('%s%016.0f%s', task.p, tonumber(task.d), task.id)
end

-- The lane has a place, or another first one: whoever is next comes to the front.
local function call_next(queue, lane, ordered)
    local id
    if ordered == '1' then
        id = call('ZRANGE', of(queue, 'order:' .. lane), 0, 0)[1]
    else
        local popped = call('ZPOPMIN', of(queue, 'lane:' .. lane))[1]
        id = popped and string.sub(popped, -36)
    end
    local task = id and read(id)
    if task and task.r == '' then put_in_front(task) end
end

local function is_first(task)
    return call('ZRANGE', of(task.q, 'order:' .. task.l), 0, 0)[1] == task.id
end

-- A task that may wait takes its place: in front, or behind the first of its ordered lane.
local function place(task)
    if task.o ~= '1' or is_first(task) then put_in_front(task) end
end

-- Takes a task away from wherever it waits.
local function take_out(task)
    local ready = of(task.q, 'ready:' .. task.p .. ':' .. task.t)
    local front = call('ZREM', ready, task.id) + call('ZREM', of(task.q, 'later:' .. task.p), task.id) > 0
    if call('EXISTS', ready) == 0 then call('ZREM', of(task.q, 'turns:' .. task.p), task.t) end
    if task.l == '' then return end
    if task.o == '1' then
        call('ZREM', of(task.q, 'order:' .. task.l), task.id)
    elseif not front then
        call('ZREM', of(task.q, 'lane:' .. task.l), lane_member(task))
    end
    if front then call_next(task.q, task.l, task.o) end
end

local function let_key_go(task)
    if task.u == '' then return end
    local holder = call('GET', base .. 'u:' .. task.u)
    if holder and string.sub(holder, 1, 36) == task.id then call('DEL', base .. 'u:' .. task.u) end
end

-- The task is over. What is worth knowing of it is kept for so many seconds.
local function finish(task, kept_s, ...)
    if task.h == '1' or task.h == '2' then let_key_go(task) end
    if kept_s > 0 then
        local ended = base .. 'e:' .. task.id
        call('HSET', ended, 'at', ARGV[1], ...)
        call('EXPIRE', ended, kept_s)
    end
    call('DEL', base .. 't:' .. task.id)
end

-- A task that ran does not run any more.
local function stop(task)
    call('SREM', base .. 'held:' .. task.r, task.id)
    call('SREM', base .. 'stop:' .. task.r, task.id)
    call('HINCRBY', of(task.q, 'state'), 'running', -1)
    -- The place may be another process's chance.
    if call('HEXISTS', of(task.q, 'settings'), 'at_most') == 1 then woken = true end
    if task.l ~= '' and task.o ~= '1' and call('HINCRBY', of(task.q, 'lanes'), task.l, -1) <= 0 then
        call('HDEL', of(task.q, 'lanes'), task.l)
    end
end

-- A task that ran is over, and its lane goes on.
local function finish_running(task, outcome, word)
    stop(task)
    if task.o == '1' then call('ZREM', of(task.q, 'order:' .. task.l), task.id) end
    local kept_s = (outcome == 'done' and word == '') and 0 or KEPT_S[outcome]
    finish(task, kept_s, 'outcome', outcome, 'word', word)
    if task.l ~= '' then call_next(task.q, task.l, task.o) end
end

-- A task that ran waits again, unless somebody asked it to stop: then it is over, even where its holder had not heard of
-- it yet. The place it had in a lane without order is another one's chance.
local function give_back(task, due, attempts)
    if call('SISMEMBER', base .. 'stop:' .. task.r, task.id) == 1 then
        finish_running(task, 'cancelled', '')
        return
    end
    stop(task)
    task.r, task.d = '', due
    call('HSET', base .. 't:' .. task.id, 'r', '', 'd', due, 'a', attempts)
    place(task)
    if task.l ~= '' and task.o ~= '1' then call_next(task.q, task.l, task.o) end
end

-- Everything a holder holds goes back, and the holder is forgotten. `lost` is 1 when that was an attempt.
local function forget(holder, lost)
    local count = 0
    for _, id in ipairs(call('SMEMBERS', base .. 'held:' .. holder)) do
        local task = read(id)
        if task then
            give_back(task, task.d, task.a - 1 + lost)
            count = count + 1
        end
    end
    call('DEL', base .. 'held:' .. holder, base .. 'stop:' .. holder, base .. 'claims:' .. holder)
    call('HDEL', base .. 'holders', holder)
    return count
end

local function wake()
    if woken then call('XADD', base .. 'wake', 'MAXLEN', 1, '*', 'n', 1) end
end
