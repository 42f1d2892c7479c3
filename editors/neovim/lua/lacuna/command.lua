-- :Lacuna ACTION. Without an action it tells the status.
local M = {}

local function tell(answer) vim.notify(answer.message) end

local function tell_and_set(paused)
  return function(answer, client)
    require('lacuna.status').set_paused(client, paused)
    tell(answer)
  end
end

local actions = {
  status = function() require('lacuna.status').ask('lacuna.status', {}, tell) end,
  why = function() require('lacuna.status').ask('lacuna.whyNoSuggestion', {}, tell) end,
  pause = function(minutes)
    require('lacuna.status').ask('lacuna.pause', tonumber(minutes) and { math.floor(tonumber(minutes)) } or {}, tell_and_set(true))
  end,
  resume = function() require('lacuna.status').ask('lacuna.resume', {}, tell_and_set(false)) end,
  restart = function() require('lacuna.restart').restart() end,
  stop = function()
    require('lacuna.restart').expect_end(vim.lsp.get_clients({ name = 'lacuna' }))
    vim.lsp.enable('lacuna', false)
  end,
  fix = function()
    if not require('lacuna.fix').all(vim.api.nvim_get_current_buf()) then vim.notify('Lacuna: nothing to mend') end
  end,
  messages = function()
    local kept = require('lacuna.notice').kept
    vim.notify(#kept > 0 and table.concat(kept, '\n') or 'Lacuna: no messages')
  end,
  log = function() vim.cmd.tabedit(vim.lsp.log.get_filename()) end,
  health = function() vim.cmd.checkhealth('lacuna') end,
}

function M.run(arguments)
  local name = arguments[1] or 'status'
  local action = actions[name]
  if not action then
    return vim.notify(("Lacuna: there is no action '%s'; there are: %s"):format(name, table.concat(M.complete('', ''), ', ')), vim.log.levels.ERROR)
  end
  action(unpack(arguments, 2))
end

function M.complete(lead, _)
  local names = vim.tbl_filter(function(name) return vim.startswith(name, lead) end, vim.tbl_keys(actions))
  table.sort(names)
  return names
end

return M
