-- Gives back to the queue what workers had whose lease has run out. Redis runs a script as one step: nobody comes between.
-- KEYS[1]: the name of the queue. ARGV[1]: how often a job may be given back.
-- A simplification: with several Redis servers in a cluster, a script must name all of its keys.
local queue = KEYS[1]
local given_back = {}
for _, worker in ipairs(redis.call('ZRANGE', queue .. ':workers', 0, -1)) do
  if redis.call('EXISTS', queue .. ':lease:' .. worker) == 0 then
    local taken = queue .. ':taken:' .. worker
    local job = redis.call('RPOP', taken)
    while job do
      local times = redis.call('HINCRBY', queue .. ':times', job, 1)
      if times > tonumber(ARGV[1]) then
        redis.call('RPUSH', queue .. ':aside', job .. ': ' .. times .. ' workers died with it')
      else
        redis.call('LPUSH', queue .. ':waiting', job)
      end
      redis.call('RPUSH', queue .. ':given_back', job)
      table.insert(given_back, job)
      job = redis.call('RPOP', taken)
    end
  end
end
-- The lists are empty now; names of workers that were not heard of for a day are forgotten.
redis.call('ZREMRANGEBYSCORE', queue .. ':workers', '-inf', redis.call('TIME')[1] - 86400)
-- The log of what was given back does not grow without end.
redis.call('LTRIM', queue .. ':given_back', -1000, -1)
return given_back
