-- Messages that the server sends by itself. One that is longer than the command line would stop the user with "Press ENTER" in the
-- middle of typing, so it is cut there; `:Lacuna messages` shows all of them in full.
local M = {}

local KEPT = 50
M.kept = {} ---@type string[]

local levels = { vim.log.levels.ERROR, vim.log.levels.WARN, vim.log.levels.INFO, vim.log.levels.INFO }

--- Handler of window/showMessage.
function M.show(_, params)
  local text = 'Lacuna: ' .. params.message:gsub('^Lacuna[:%s]*', ''):gsub('%s*\n%s*', ' ')
  table.insert(M.kept, text)
  if #M.kept > KEPT then table.remove(M.kept, 1) end
  local hint = '… :Lacuna messages'
  if vim.fn.strdisplaywidth(text) > vim.v.echospace then
    text = vim.fn.strcharpart(text, 0, math.max(10, vim.v.echospace - vim.fn.strdisplaywidth(hint))) .. hint
  end
  vim.notify(text, levels[params.type] or vim.log.levels.INFO)
end

return M
