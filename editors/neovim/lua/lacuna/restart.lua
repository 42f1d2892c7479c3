-- Starts a server again that died, a few times; then says so and leaves it.
local config = require('lacuna.config')

local M = {}

local WINDOW_MS = 3 * 60 * 1000
local deaths = {} ---@type integer[]  times of the last ones
local stopping = {} ---@type table<integer, boolean>  clients that the user stops

local function recent()
  local since = vim.uv.now() - WINDOW_MS
  deaths = vim.tbl_filter(function(time) return time > since end, deaths)
  return #deaths
end

--- From now on the end of these clients is what the user wants.
function M.expect_end(clients)
  for _, client in ipairs(clients) do stopping[client.id] = true end
end

function M.start()
  vim.lsp.enable('lacuna')
end

--- `on_exit` of the client. Not called on the main loop's terms: everything is scheduled.
function M.ended(code, signal, client_id)
  if stopping[client_id] or vim.v.exiting ~= vim.NIL or (code == 0 and signal == 0) then
    stopping[client_id] = nil
    return
  end
  vim.schedule(function()
    if recent() >= config.current.restarts then
      return vim.notify(('Lacuna: the server ended %d times within three minutes and is not started again. :Lacuna log may tell why; :Lacuna restart tries once more'):format(#deaths + 1),
        vim.log.levels.ERROR)
    end
    table.insert(deaths, vim.uv.now())
    vim.notify(('Lacuna: the server ended (code %d, signal %d) and is started again'):format(code, signal), vim.log.levels.WARN)
    M.start()
  end)
end

--- By hand: a clean slate.
function M.restart()
  deaths = {}
  local clients = vim.lsp.get_clients({ name = 'lacuna' })
  M.expect_end(clients)
  for _, client in ipairs(clients) do client:stop() end
  local waits = 0
  local timer = assert(vim.uv.new_timer())
  timer:start(50, 50, vim.schedule_wrap(function()
    waits = waits + 1
    if #vim.lsp.get_clients({ name = 'lacuna' }) > 0 and waits < 60 then return end
    if timer:is_closing() then return end
    timer:close()
    M.start()
  end))
end

return M
